from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retrying import Retrying, retry

from tests.kit.retrying_code import Failing, Retried

FIXED = (3.0, 3.0, 3.0)


@retry(stop_max_attempt_number=4, wait_fixed=3000)
def decorated(call: Failing) -> str:
    return call()


@retry(stop_max_attempt_number=4, wait_exponential_multiplier=1000)
def exponential(call: Failing) -> str:
    return call()


@retry(stop_max_attempt_number=3, wait_random_min=2000, wait_random_max=5000)
def at_random(call: Failing) -> str:
    return call()


@retry(stop_max_delay=10_000, wait_fixed=4000)
def until_a_deadline(call: Failing) -> str:
    return call()


@retry(stop_max_attempt_number=4, wait_fixed=3000, retry_on_result=lambda given: given is None)
def by_result(call: Failing) -> str | None:
    return call.result()


@retry(stop_max_attempt_number=4, wait_fixed=3000, wrap_exception=True)
def wrapping(call: Failing) -> str:
    return call()


shared = Retrying(stop_max_attempt_number=4, wait_fixed=3000)


def called(call: Failing) -> Any:
    return shared.call(call)


def way(
    name: str, run: Callable[[Failing], Any], attempts: int = 4, waits: tuple[float, ...] | None = FIXED
) -> Retried:
    return Retried("retrying", name, lambda failures: Failing(failures).outcome(run), attempts, waits)


WAYS = [
    way("decorator", decorated),
    way("exponential", exponential, 4, (2, 4, 8)),
    way("random", at_random, 3, None),
    way("deadline", until_a_deadline, 4, (4, 4, 4)),
    way("result", by_result),
    way("wrap_exception", wrapping),
    way("called", called),
]


@retry
def endless(call: Failing) -> str:
    return call()


@retry(wait_fixed=1000)
def endless_with_waits(call: Failing) -> str:
    return call()


ENDLESS = [way("bare", endless, 0), way("no-limits", endless_with_waits, 0)]
