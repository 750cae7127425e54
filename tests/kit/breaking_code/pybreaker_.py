"""pybreaker: calls, decorators, `with`, generators, subclasses."""

from __future__ import annotations

from typing import Any

import pybreaker

from tests.kit.breaking_code import Broken, asked, work


class OurBreaker(pybreaker.CircuitBreaker):
    """A subclass with an `__init__` of its own."""

    def __init__(self, team: str, failures: int = 10, seconds: float = 60) -> None:
        super().__init__(fail_max=failures, reset_timeout=seconds, name=team)
        self.team = team


class SettingsElsewhere(pybreaker.CircuitBreaker):
    """A subclass that overrides the properties."""

    fail_max = property(lambda self: self._fail_max, lambda self, number: vars(self).update(_fail_max=number))


def make(failures: int = 10, seconds: float = 60) -> Any:
    return pybreaker.CircuitBreaker(fail_max=failures, reset_timeout=seconds)


held = pybreaker.CircuitBreaker(fail_max=10, reset_timeout=60, name="bank")


@held
def at_import(fails: bool) -> None:
    work(fails)


def _call(breaker: Any, fails: bool) -> str:
    return asked(lambda: breaker.call(work, fails), pybreaker.CircuitBreakerError)


def _decorated(breaker: Any, fails: bool) -> str:
    return asked(lambda: (at_import if breaker is held else breaker(work))(fails), pybreaker.CircuitBreakerError)


def _with(breaker: Any, fails: bool) -> str:
    def run() -> None:
        with breaker.calling():
            work(fails)

    return asked(run, pybreaker.CircuitBreakerError)


def _generator(breaker: Any, fails: bool) -> str:
    def several() -> Any:
        yield 1
        work(fails)

    return asked(lambda: list(breaker.call(several)), pybreaker.CircuitBreakerError)


def _way(way: str, breaker: Any, make: Any, call: Any) -> Broken:
    return Broken(
        "pybreaker", way, breaker, make, call, ("fail_max", "reset_timeout"), lambda it: it._state_storage.opened_at
    )


WAYS = [
    _way("call", make(), make, _call),
    _way("decorator", held, make, _decorated),
    _way("generator", make(), make, _generator),
    _way("subclass", OurBreaker("bank"), lambda *given: OurBreaker("shop", *given), _call),
    _way("property_of_subclass", SettingsElsewhere(10, 60), SettingsElsewhere, _call),
]
if hasattr(pybreaker.CircuitBreaker, "calling"):
    WAYS.append(_way("with", make(), make, _with))
