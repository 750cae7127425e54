import dataclasses

import pytest
from payments.breaker import circuit_breaker_states, get_circuit_breaker
from payments.gateway import Gateway
from payments.settings import (
    CircuitBreakerConfig,
    ResilienceConfig,
    RetryConfig,
    get_resilience_config,
    set_resilience_config,
)


def test_the_gateway_has_a_breaker_of_its_own(resilience_config):
    assert "gateway" in resilience_config.circuit_breakers
    assert circuit_breaker_states()["gateway"] == "closed"


def test_a_breaker_that_nobody_configured_gets_the_defaults(resilience_config):
    assert resilience_config.circuit_breaker("mail") == CircuitBreakerConfig("mail")


def test_a_breaker_is_made_once():
    assert get_circuit_breaker("gateway") is get_circuit_breaker("gateway")


def test_the_breaker_is_made_from_the_settings(resilience_config):
    config = resilience_config.circuit_breaker("gateway")
    assert get_circuit_breaker("gateway").fail_max == config.fail_max


def test_the_retry_is_made_from_the_settings(resilience_config):
    assert Gateway.send.retry.stop.max_attempt_number == resilience_config.retry.max_attempts


def test_settings_can_be_replaced(resilience_config):
    other = dataclasses.replace(resilience_config, retry=RetryConfig(max_attempts=7))
    set_resilience_config(other)
    assert get_resilience_config().retry.max_attempts == 7


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ResilienceConfig().enabled = False


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="max_attempts"):
        RetryConfig(max_attempts=0)
    with pytest.raises(ValueError, match="mail: fail_max"):
        CircuitBreakerConfig("mail", fail_max=0)
    with pytest.raises(ValueError, match="mail: timeout_duration"):
        CircuitBreakerConfig("mail", timeout_duration=0)
