from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import tenacity
from tenacity import (
    AsyncRetrying,
    Retrying,
    TryAgain,
    retry,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    stop_never,
    wait_exponential,
    wait_fixed,
    wait_random,
)
from tornado import gen

from tests.kit.retrying_code import Failing, Retried

FOUR: dict[str, Any] = {"stop": stop_after_attempt(4), "wait": wait_exponential(multiplier=3)}
BACKOFF = (3.0, 6.0, 12.0)


@retry(**FOUR)
def decorated(call: Failing) -> str:
    return call()


@retry(**FOUR, reraise=True)
def reraising(call: Failing) -> str:
    return call()


@retry(**FOUR, retry_error_callback=lambda state: None)
def with_a_callback(call: Failing) -> str:
    return call()


@retry(**FOUR, retry=retry_if_result(lambda given: given is None))
def by_result(call: Failing) -> str | None:
    return call.result()


@retry(**FOUR)
def trying_again(call: Failing) -> str:
    given = call.result()
    if given is None:
        raise TryAgain
    return given


@retry(stop=stop_after_attempt(3), wait=wait_random(min=2, max=5))
def at_random(call: Failing) -> str:
    return call()


@retry(stop=stop_after_delay(10), wait=wait_fixed(4))
def until_a_deadline(call: Failing) -> str:
    return call()


@retry(**FOUR)
async def decorated_async(call: Failing) -> str:
    return await call.wait()


@retry(stop=stop_after_delay(10), wait=wait_fixed(4))
async def until_a_deadline_async(call: Failing) -> str:
    return await call.wait()


@retry(**FOUR)
@gen.coroutine
def decorated_tornado(call: Failing) -> Any:
    given = yield call.wait()
    return given


@retry(stop=stop_after_delay(10), wait=wait_fixed(4))
@gen.coroutine
def until_a_deadline_tornado(call: Failing) -> Any:
    given = yield call.wait()
    return given


async def awaited(call: Failing, function: Callable[[Failing], Any]) -> Any:
    return await function(call)


class Service:
    @retry(**FOUR)
    def method(self, call: Failing) -> str:
        return call()


class Own(Retrying):
    """A subclass whose __init__ takes something else, so that it cannot be copied as tenacity copies."""

    def __init__(self, attempts: int) -> None:
        super().__init__(stop=stop_after_attempt(attempts), wait=wait_fixed(2))


def custom_sleep(seconds: float) -> None:
    time.sleep(seconds)


async def custom_sleep_async(seconds: float) -> None:
    await asyncio.sleep(seconds)


shared, shared_async, own = Retrying(**FOUR), AsyncRetrying(**FOUR), Own(4)
sleeping = Retrying(**FOUR, sleep=custom_sleep)
until_an_event = Retrying(**FOUR, sleep=tenacity.sleep_using_event(threading.Event()))
sleeping_async = AsyncRetrying(**FOUR, sleep=custom_sleep_async)
explicit = decorated.retry_with(stop=stop_after_attempt(2))


def iterated(call: Failing) -> str | None:
    for attempt in Retrying(**FOUR):
        with attempt:
            return call()
    return None


async def iterated_async(call: Failing) -> str | None:
    async for attempt in AsyncRetrying(**FOUR):
        with attempt:
            return await call.wait()
    return None


def generating(call: Failing) -> str:
    def attempts() -> Any:
        for attempt in Retrying(**FOUR):
            with attempt:
                yield call()
                return

    return str(next(attempts()))


def way(
    name: str, run: Callable[[Failing], Any], attempts: int = 4, waits: tuple[float, ...] | None = BACKOFF
) -> Retried:
    return Retried("tenacity", name, lambda failures: Failing(failures).outcome(run), attempts, waits)


WAYS = [
    way("decorator", decorated),
    way("reraise", reraising),
    way("callback", with_a_callback),
    way("result", by_result),
    way("TryAgain", trying_again),
    way("random", at_random, 3, None),
    way("deadline", until_a_deadline, 4, (4, 4, 4)),
    way("decorator-async", lambda call: asyncio.run(decorated_async(call))),
    way("deadline-async", lambda call: asyncio.run(until_a_deadline_async(call)), 4, (4, 4, 4)),
    way("tornado", lambda call: asyncio.run(awaited(call, decorated_tornado))),
    way("deadline-tornado", lambda call: asyncio.run(awaited(call, until_a_deadline_tornado)), 4, (4, 4, 4)),
    way("method", Service().method),
    way("retry_with", explicit, 2, (3,)),
    way("called", shared),
    way("called-async", lambda call: asyncio.run(shared_async(call.wait))),
    way("subclass", own, 4, (2, 2, 2)),
    way("for", iterated),
    way("async-for", lambda call: asyncio.run(iterated_async(call))),
    way("generator", generating),
    way("sleep", sleeping),
    way("sleep-event", until_an_event),
    way("sleep-async", lambda call: asyncio.run(sleeping_async(call.wait))),
]


@retry(stop=stop_never, wait=wait_fixed(5))
def endless(call: Failing) -> str:
    return call()


@retry
def endless_without_waiting(call: Failing) -> str:
    return call()


ENDLESS = [way("stop_never", endless, 0), way("bare", endless_without_waiting, 0)]
