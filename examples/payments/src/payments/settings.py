"""How patient the service is: one frozen object, read with `get_resilience_config`.

Retry decorators and circuit breakers read it once, when their module is imported.
The seconds are small, so that this example fits into a minute: think of them as tenfold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CircuitBreakerConfig:
    """When a breaker opens, and for how long it stays open."""

    name: str
    fail_max: int = 5
    timeout_duration: float = 0.5  # seconds until an open breaker lets one call through

    def __post_init__(self) -> None:
        if self.fail_max < 1:
            raise ValueError(f"breaker {self.name}: fail_max must be at least 1, not {self.fail_max}")
        if self.timeout_duration <= 0:
            raise ValueError(f"breaker {self.name}: timeout_duration must be above 0")


@dataclass(frozen=True)
class RetryConfig:
    """How often a call is tried, and the pause before it is tried again."""

    max_attempts: int = 3
    exponential_base: float = 0.1  # seconds before the second attempt, doubled for each further one
    exponential_max: float = 2.0
    jitter: bool = False

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"max_attempts must be at least 1, not {self.max_attempts}")


@dataclass(frozen=True)
class ResilienceConfig:
    """Everything about retries and breakers."""

    enabled: bool = True
    circuit_breakers: Mapping[str, CircuitBreakerConfig] = field(default_factory=dict)
    retry: RetryConfig = field(default_factory=RetryConfig)

    def circuit_breaker(self, name: str) -> CircuitBreakerConfig:
        return self.circuit_breakers.get(name, CircuitBreakerConfig(name))


_config = ResilienceConfig(circuit_breakers={"gateway": CircuitBreakerConfig("gateway")})


def get_resilience_config() -> ResilienceConfig:
    return _config


def set_resilience_config(config: ResilienceConfig) -> None:
    """Takes effect for everything that reads the settings from now on."""
    global _config  # noqa: PLW0603
    _config = config
