"""urllib3's pools, told to retry."""

from __future__ import annotations

import importlib
from typing import Any

from . import Outcome, Retried
from ._server import Case

urllib3: Any = importlib.import_module("urllib3")
Retry: Any = importlib.import_module("urllib3.util.retry").Retry

POOLS = urllib3.PoolManager(retries=Retry(total=4, backoff_factor=1, status_forcelist=[503]))


def get(case: Case, pools: Any = POOLS, **how: Any) -> None:
    response = pools.request("GET", case.url, **how)
    if response.status != 200:
        raise ValueError(response.status)


def by_status(failures: int) -> Outcome:
    return Case(failures).outcome(get)


def by_hanging_up(failures: int) -> Outcome:
    return Case(failures, hangs_up=True).outcome(get)


def by_retry_after(failures: int) -> Outcome:
    return Case(failures, status=429, headers={"Retry-After": "7"}).outcome(get)


def made_in_the_test(failures: int) -> Outcome:
    retries = Retry(total=None, status=2, backoff_factor=3, status_forcelist=[503])
    with urllib3.PoolManager() as pools:
        return Case(failures).outcome(lambda case: get(case, pools, retries=retries))


WAYS = [
    Retried("urllib3", "status", by_status, 5, (0.0, 2.0, 4.0, 8.0)),
    Retried("urllib3", "hanging-up", by_hanging_up, 5, (0.0, 2.0, 4.0, 8.0)),
    Retried("urllib3", "retry-after", by_retry_after, 5, (7.0, 7.0, 7.0, 7.0)),
    Retried("urllib3", "made-in-the-test", made_in_the_test, 3, (0.0, 6.0)),
]
