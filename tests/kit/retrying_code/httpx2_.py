"""Clients of httpx2 that connect again, to a port that refuses them at first."""

from __future__ import annotations

from . import Outcome, Retried
from ._connecting import Connecting

HTTPX2 = Connecting("httpx2")


def made_before(failures: int) -> Outcome:
    return HTTPX2.gets(failures, HTTPX2.client)


def made_in_the_test(failures: int) -> Outcome:
    with HTTPX2.stubborn() as client:
        return HTTPX2.gets(failures, client)


WAYS = [
    Retried("httpx2", "client", made_before, 4, (0.0, 0.5, 1.0)),
    Retried("httpx2", "made-in-the-test", made_in_the_test, 4, (0.0, 0.5, 1.0)),
    Retried("httpx2", "async", HTTPX2.gets_async, 4, (0.0, 0.5, 1.0)),
]
