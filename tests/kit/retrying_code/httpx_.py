"""Clients of httpx that connect again, to a port that refuses them at first."""

from __future__ import annotations

from . import Outcome, Retried
from ._connecting import Connecting

HTTPX = Connecting("httpx")


def made_before(failures: int) -> Outcome:
    return HTTPX.gets(failures, HTTPX.client)


def made_in_the_test(failures: int) -> Outcome:
    with HTTPX.stubborn() as client:
        return HTTPX.gets(failures, client)


WAYS = [
    Retried("httpx", "client", made_before, 4, (0.0, 0.5, 1.0)),
    Retried("httpx", "made-in-the-test", made_in_the_test, 4, (0.0, 0.5, 1.0)),
    Retried("httpx", "async", HTTPX.gets_async, 4, (0.0, 0.5, 1.0)),
]
