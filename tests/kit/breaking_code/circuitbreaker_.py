"""circuitbreaker: decorators of functions, coroutines and generators, `with`, and subclasses."""

from __future__ import annotations

import asyncio
from typing import Any

import circuitbreaker

from tests.kit.breaking_code import Broken, Down, asked, work, work_async


class OurBreaker(circuitbreaker.CircuitBreaker):  # type: ignore[misc,unused-ignore]
    """Settings as attributes of the class, as its README has them."""

    FAILURE_THRESHOLD = 10
    RECOVERY_TIMEOUT = 60
    EXPECTED_EXCEPTION = Down


def make(failures: int = 10, seconds: float = 60) -> Any:
    return circuitbreaker.CircuitBreaker(
        failure_threshold=failures, recovery_timeout=seconds, expected_exception=Down, name="bank"
    )


held = make()


@held
def at_import(fails: bool) -> None:
    work(fails)


def _decorated(breaker: Any, fails: bool) -> str:
    return asked(lambda: (at_import if breaker is held else breaker(_named))(fails), circuitbreaker.CircuitBreakerError)


def _named(fails: bool) -> None:
    work(fails)


def _coroutine(breaker: Any, fails: bool) -> str:
    return asked(lambda: asyncio.run(breaker(work_async)(fails)), circuitbreaker.CircuitBreakerError)


def _generator(breaker: Any, fails: bool) -> str:
    @breaker
    def several() -> Any:
        yield 1
        work(fails)

    return asked(lambda: list(several()), circuitbreaker.CircuitBreakerError)


def _async_generator(breaker: Any, fails: bool) -> str:
    @breaker
    async def several() -> Any:
        yield 1
        work(fails)

    async def run() -> list[int]:
        return [one async for one in several()]

    return asked(lambda: asyncio.run(run()), circuitbreaker.CircuitBreakerError)


def _way(way: str, breaker: Any, make: Any, call: Any) -> Broken:
    return Broken(
        "circuitbreaker",
        way,
        breaker,
        make,
        call,
        ("_failure_threshold", "_recovery_timeout"),
        lambda it: it._opened if it._state == circuitbreaker.STATE_OPEN else None,
    )


WAYS = [
    _way("decorator", held, make, _decorated),
    _way("subclass", OurBreaker(), OurBreaker, _decorated),
]
for _method, _name, _call in (
    ("call_async", "coroutine", _coroutine),
    ("call_generator", "generator", _generator),
    ("call_async_generator", "async_generator", _async_generator),
):
    if hasattr(circuitbreaker.CircuitBreaker, _method):  # it came later
        WAYS.append(_way(_name, make(), make, _call))
