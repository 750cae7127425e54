"""purgatory: breakers of factories, sync and async, and decorators."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import purgatory
from purgatory.domain.model import OpenedState

from tests.kit.breaking_code import Broken, asked, work, work_async

_number = itertools.count()
_sync = purgatory.SyncCircuitBreakerFactory(default_threshold=10, default_ttl=60)
_async = purgatory.AsyncCircuitBreakerFactory(default_threshold=10, default_ttl=60)


def make(failures: int = 10, seconds: float = 60) -> Any:
    return _sync.get_breaker(f"sync {next(_number)}", failures, seconds)


def make_async(failures: int = 10, seconds: float = 60) -> Any:
    return asyncio.run(_async.get_breaker(f"async {next(_number)}", failures, seconds))


held, held_async = make(), make_async()


@_sync(held.context.name)
def at_import(fails: bool) -> None:
    work(fails)


@_async(held_async.context.name)
async def at_import_async(fails: bool) -> None:
    work(fails)


def _with(breaker: Any, fails: bool) -> str:
    def run() -> None:
        with breaker:
            work(fails)

    return asked(run, OpenedState)


def _async_with(breaker: Any, fails: bool) -> str:
    async def run() -> None:
        async with breaker:
            work(fails)

    return asked(lambda: asyncio.run(run()), OpenedState)


def _decorated(breaker: Any, fails: bool) -> str:
    name = breaker.context.name
    return asked(lambda: (at_import if name == held.context.name else _sync(name)(work))(fails), OpenedState)


def _decorated_async(breaker: Any, fails: bool) -> str:
    name = breaker.context.name
    function = at_import_async if name == held_async.context.name else _async(name)(work_async)
    return asked(lambda: asyncio.run(function(fails)), OpenedState)


def _way(way: str, breaker: Any, make: Any, call: Any) -> Broken:
    return Broken(
        "purgatory",
        way,
        breaker,
        make,
        call,
        ("threshold", "ttl"),
        lambda it: it.context.opened_at,
        lambda it: it.context,
    )


WAYS = [
    _way("sync", make(), make, _with),
    _way("async", make_async(), make_async, _async_with),
    _way("decorator", held, make, _decorated),
    _way("async_decorator", held_async, make_async, _decorated_async),
]
