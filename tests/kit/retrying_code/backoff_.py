from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import backoff

from tests.kit.retrying_code import Failing, Retried

EXPO = (1.0, 2.0, 4.0)


@backoff.on_exception(backoff.expo, ConnectionError, max_tries=4, jitter=None)
def on_exception(call: Failing) -> str:
    return call()


@backoff.on_exception(backoff.expo, ConnectionError, max_tries=lambda: 4, jitter=None)
def max_tries_called(call: Failing) -> str:
    return call()


@backoff.on_exception(backoff.constant, ConnectionError, interval=5, max_tries=3)
def at_random(call: Failing) -> str:
    return call()


@backoff.on_exception(backoff.constant, ConnectionError, interval=4, max_time=lambda: 10, jitter=None)
def until_a_deadline(call: Failing) -> str:
    return call()


@backoff.on_exception(backoff.constant, ConnectionError, interval=4, max_time=10, jitter=None)
async def until_a_deadline_async(call: Failing) -> str:
    return await call.wait()


@backoff.on_exception(backoff.expo, ConnectionError, max_tries=4, jitter=None)
async def on_exception_async(call: Failing) -> str:
    return await call.wait()


@backoff.on_predicate(backoff.fibo, max_tries=4, jitter=None)
def on_predicate(call: Failing) -> str | None:
    return call.result()


@backoff.on_predicate(backoff.expo, max_tries=4, jitter=None)
async def on_predicate_async(call: Failing) -> str | None:
    return call.result()


def few_waits() -> Iterator[float | None]:
    yield None  # backoff 1.11 on primes it
    yield 3.0
    yield 6.0


@backoff.on_exception(few_waits, ConnectionError, jitter=None)
def own_generator(call: Failing) -> str:
    return call()


class Service:
    @backoff.on_exception(backoff.expo, ConnectionError, max_tries=4, jitter=None)
    def method(self, call: Failing) -> str:
        return call()


@backoff.on_exception(backoff.expo, ConnectionError, max_tries=4, jitter=None)
@backoff.on_exception(backoff.expo, KeyError, max_tries=2, jitter=None)
def stacked(call: Failing) -> str:
    return call()


def way(name: str, run: Callable[[Failing], Any], attempts: int = 4, waits: tuple[float, ...] | None = EXPO) -> Retried:
    return Retried("backoff", name, lambda failures: Failing(failures).outcome(run), attempts, waits)


WAYS = [
    way("on_exception", on_exception),
    way("max_tries-called", max_tries_called),
    way("random", at_random, 3, None),
    way("deadline", until_a_deadline, 4, (4, 4, 2)),
    way("deadline-async", lambda call: asyncio.run(until_a_deadline_async(call)), 4, (4, 4, 2)),
    way("on_exception-async", lambda call: asyncio.run(on_exception_async(call))),
    way("on_predicate", on_predicate, 4, (1, 1, 2)),
    way("on_predicate-async", lambda call: asyncio.run(on_predicate_async(call))),
    way("method", lambda call: Service().method(call)),
    way("stacked", stacked),
]

if hasattr(backoff, "runtime"):  # 2.0

    @backoff.on_exception(backoff.runtime, ConnectionError, value=lambda _: 9, max_tries=4, jitter=None)
    def runtime(call: Failing) -> str:
        return call()

    @backoff.on_exception(backoff.expo, ConnectionError, max_tries=4, jitter=None, raise_on_giveup=False)
    def not_raising(call: Failing) -> str:
        return call()

    WAYS += [
        way("runtime", runtime, 4, (9, 9, 9)),
        way("raise_on_giveup", not_raising),
        way("own-generator", own_generator, 3, (3, 6)),
    ]


@backoff.on_exception(backoff.expo, ConnectionError, max_value=60)
def endless(call: Failing) -> str:
    return call()


@backoff.on_predicate(backoff.constant, interval=1)
async def endless_async(call: Failing) -> str | None:
    return call.result()


ENDLESS = [way("no-limits", endless, 0), way("no-limits-async", lambda call: asyncio.run(endless_async(call)), 0)]
