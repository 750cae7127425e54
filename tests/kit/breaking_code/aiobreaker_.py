"""aiobreaker: calls, sync and async, decorators and subclasses."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import aiobreaker

from tests.kit.breaking_code import Broken, asked, work, work_async


class OurBreaker(aiobreaker.CircuitBreaker):  # type: ignore[misc,unused-ignore]
    """A subclass with an `__init__` of its own."""

    def __init__(self, failures: int = 10, seconds: float = 60) -> None:
        super().__init__(fail_max=failures, timeout_duration=timedelta(seconds=seconds))


def make(failures: int = 10, seconds: float = 60) -> Any:
    return aiobreaker.CircuitBreaker(fail_max=failures, timeout_duration=timedelta(seconds=seconds))


held = make()


@held
async def at_import(fails: bool) -> None:
    work(fails)


def _call(breaker: Any, fails: bool) -> str:
    return asked(lambda: breaker.call(work, fails), aiobreaker.CircuitBreakerError)


def _call_async(breaker: Any, fails: bool) -> str:
    return asked(lambda: asyncio.run(breaker.call_async(work_async, fails)), aiobreaker.CircuitBreakerError)


def _decorated(breaker: Any, fails: bool) -> str:
    function = at_import if breaker is held else breaker(work_async)
    return asked(lambda: asyncio.run(function(fails)), aiobreaker.CircuitBreakerError)


def _way(way: str, breaker: Any, make: Any, call: Any) -> Broken:
    return Broken(
        "aiobreaker", way, breaker, make, call, ("fail_max", "timeout_duration"), lambda it: it._state_storage.opened_at
    )


WAYS = [
    _way("call", make(), make, _call),
    _way("async", make(), make, _call_async),
    _way("decorator", held, make, _decorated),
    _way("subclass", OurBreaker(), OurBreaker, _call_async),
]
