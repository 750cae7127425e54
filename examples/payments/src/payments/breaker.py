"""The circuit breakers of the service, by name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pybreaker

from payments.errors import GatewayError, GatewayUnavailable
from payments.settings import get_resilience_config

P = ParamSpec("P")
R = TypeVar("R")

_circuit_breakers: dict[str, pybreaker.CircuitBreaker] = {}


def _answered_properly(error: BaseException) -> bool:
    """Tell a gateway that says no from one that is down: the first is no reason to open."""
    return isinstance(error, GatewayError) and not isinstance(error, GatewayUnavailable)


def get_circuit_breaker(name: str) -> pybreaker.CircuitBreaker:
    """Return the one breaker of that name, made from the settings when it is first asked for."""
    if name not in _circuit_breakers:
        config = get_resilience_config().circuit_breaker(name)
        _circuit_breakers[name] = pybreaker.CircuitBreaker(
            fail_max=config.fail_max,
            reset_timeout=config.timeout_duration,
            exclude=[_answered_properly],
            name=name,
        )
    return _circuit_breakers[name]


def circuit_breaker(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Put a function behind the breaker of that name."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        breaker = get_circuit_breaker(name)

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not get_resilience_config().enabled:
                return function(*args, **kwargs)
            result: R = breaker.call(function, *args, **kwargs)
            return result

        return guarded

    return decorate


def circuit_breaker_states() -> dict[str, str]:
    return {name: breaker.current_state for name, breaker in _circuit_breakers.items()}


def reset_all_circuit_breakers() -> None:
    for breaker in _circuit_breakers.values():
        breaker.close()
