"""A project that declares its settings to the kit: `shop_of_tests`."""

from __future__ import annotations

from collections.abc import Callable

CONFIG = """\
from dataclasses import dataclass, field, replace

import pybreaker


@dataclass(frozen=True)
class CircuitBreakerConfig:
    name: str
    fail_max: int = 10
    timeout_duration: float = 60.0


@dataclass(frozen=True)
class RetryConfig:
    max_attempts: int = 5
    exponential_base: float = 2.0
    exponential_max: float = 30.0
    jitter: bool = True


@dataclass(frozen=True)
class ResilienceConfig:
    enabled: bool = True
    circuit_breakers: dict = field(default_factory=lambda: {"bank": CircuitBreakerConfig("bank")})
    retry: RetryConfig = field(default_factory=RetryConfig)


_config = ResilienceConfig()
MAX_RETRIES = 7
PATIENCE = 7
_circuit_breakers = {"bank": pybreaker.CircuitBreaker(fail_max=10, reset_timeout=60, name="bank")}


def get_resilience_config():
    return _config


def set_resilience_config(config):
    global _config
    _config = config
"""
SERVICE = """\
import functools

from shop_of_tests.config import get_resilience_config


def retried(max_attempts):
    def decorate(function):
        @functools.wraps(function)
        def again():
            for number in range(max_attempts):
                try:
                    return function(number)
                except ConnectionError:
                    if number == max_attempts - 1:
                        raise
        return again
    return decorate


def retried_when_called(function):
    @functools.wraps(function)
    def again():
        for number in range(get_resilience_config().retry.max_attempts):
            function(number)
    return again


calls = []


@retried(get_resilience_config().retry.max_attempts)
def pay(number):
    calls.append(number)
    raise ConnectionError


@retried_when_called
def ask(number):
    calls.append(number)


def with_default(config=get_resilience_config().retry):
    return config.max_attempts
"""
DECLARED = """\
from meta_regime.fixtures import Breakers, Settings
from shop_of_tests import config

resilience = Settings(get=config.get_resilience_config, set=config.set_resilience_config)
numbers = Settings.of_module(config, "MAX_RETRIES")
breakers = Breakers(lambda: config._circuit_breakers.values())
"""
Declare = Callable[[str], None]
