from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import stamina

from tests.kit.retrying_code import Failing, Retried

FOUR: dict[str, Any] = {"attempts": 4, "timeout": None, "wait_initial": 2.0, "wait_max": 5.0, "wait_jitter": 0.0}
BACKOFF = (2.0, 4.0, 5.0)


@stamina.retry(on=ConnectionError, **FOUR)
def decorated(call: Failing) -> str:
    return call()


@stamina.retry(on=ConnectionError, **FOUR)
async def decorated_async(call: Failing) -> str:
    return await call.wait()


@stamina.retry(on=ConnectionError, attempts=3)
def at_random(call: Failing) -> str:
    return call()


@stamina.retry(on=ConnectionError, **FOUR | {"attempts": None, "timeout": 10})
def until_a_deadline(call: Failing) -> str:
    return call()


def in_a_context(call: Failing) -> str | None:
    for attempt in stamina.retry_context(on=ConnectionError, **FOUR):
        with attempt:
            return call()
    return None


async def in_a_context_async(call: Failing) -> str | None:
    async for attempt in stamina.retry_context(on=ConnectionError, **FOUR):
        with attempt:
            return await call.wait()
    return None


def inactive(call: Failing) -> str:
    stamina.set_active(False)
    try:
        return decorated(call)
    finally:
        stamina.set_active(True)


def in_test_mode(call: Failing) -> str:
    stamina.set_testing(True, attempts=3)
    try:
        return decorated(call)
    finally:
        stamina.set_testing(False)


def way(
    name: str, run: Callable[[Failing], Any], attempts: int = 4, waits: tuple[float, ...] | None = BACKOFF
) -> Retried:
    return Retried("stamina", name, lambda failures: Failing(failures).outcome(run), attempts, waits)


WAYS = [
    way("decorator", decorated),
    way("decorator-async", lambda call: asyncio.run(decorated_async(call))),
    way("random", at_random, 3, None),
    way("deadline", until_a_deadline, 4, BACKOFF),
    way("context", in_a_context),
    way("context-async", lambda call: asyncio.run(in_a_context_async(call))),
    way("inactive", inactive, 1, ()),
]

if hasattr(stamina, "set_testing"):  # 24.3
    WAYS += [way("set_testing", in_test_mode, 3, None)]

if hasattr(stamina, "RetryingCaller"):  # 24.2
    caller = stamina.RetryingCaller(**FOUR)
    caller_async = stamina.AsyncRetryingCaller(**FOUR)
    WAYS += [
        way("caller", lambda call: caller(ConnectionError, call)),
        way("caller-async", lambda call: asyncio.run(caller_async.on(ConnectionError)(call.wait))),
    ]

if hasattr(stamina, "is_testing") and "Generators are restarted" in (stamina.retry.__doc__ or ""):  # 25.2

    @stamina.retry(on=lambda error: 7.0, **FOUR)
    def generated(call: Failing) -> Iterator[str]:
        yield call()

    @stamina.retry(on=ConnectionError, **FOUR)
    async def generated_async(call: Failing) -> AsyncIterator[str]:
        yield call()

    async def collected(call: Failing) -> list[str]:
        return [one async for one in generated_async(call)]

    WAYS += [
        way("generator", lambda call: list(generated(call)), 4, (7, 7, 7)),
        way("generator-async", lambda call: asyncio.run(collected(call))),
    ]


@stamina.retry(on=ConnectionError, attempts=None, timeout=None)
def endless(call: Failing) -> str:
    return call()


ENDLESS = [way("no-limits", endless, 0)]
