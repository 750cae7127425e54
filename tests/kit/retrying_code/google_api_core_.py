"""Calls that google-api-core retries until a deadline: there is no number of attempts to set."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any

from . import Outcome, Retried
from ._server import Case

retry: Any = importlib.import_module("google.api_core.retry")
exceptions: Any = importlib.import_module("google.api_core.exceptions")
# Without chance in the waits the deadline comes at the same attempt each time.
importlib.import_module("google.api_core.retry.retry_base").random = SimpleNamespace(uniform=lambda _, most: most)  # type: ignore[attr-defined]

HOW = {"initial": 1.0, "maximum": 8.0, "multiplier": 2.0, "timeout": 10.0}
WAITS = (1.0, 2.0, 4.0)  # the next would be 8 s, at 7 s of 10 s


def ask(case: Case) -> None:
    if case.fails():
        raise exceptions.ServiceUnavailable("try again")


def stream(case: Case) -> Iterator[int]:
    ask(case)
    yield 1


async def ask_async(case: Case) -> None:
    ask(case)


async def stream_async(case: Case) -> AsyncIterator[int]:
    ask(case)
    yield 1


ASK = retry.Retry(**HOW)(ask)
STREAM = retry.StreamingRetry(**HOW)(stream)
ASK_ASYNC = retry.AsyncRetry(**HOW)(ask_async)
STREAM_ASYNC = retry.AsyncStreamingRetry(**HOW)(stream_async)


async def consume(case: Case) -> None:
    assert [one async for one in await STREAM_ASYNC(case)] == [1]


def made_in_the_test(case: Case) -> None:
    retry.Retry(**HOW)(ask)(case)


def by(call: Callable[[Case], Any]) -> Callable[[int], Outcome]:
    def run(failures: int) -> Outcome:
        return Case(failures).outcome(call)

    return run


WAYS = [
    Retried("google-api-core", "unary", by(ASK), 4, WAITS),
    Retried("google-api-core", "stream", by(lambda case: list(STREAM(case))), 4, WAITS),
    Retried("google-api-core", "unary-async", by(lambda case: asyncio.run(ASK_ASYNC(case))), 4, WAITS),
    Retried("google-api-core", "stream-async", by(lambda case: asyncio.run(consume(case))), 4, WAITS),
    Retried("google-api-core", "made-in-the-test", by(made_in_the_test), 4, WAITS),
]
