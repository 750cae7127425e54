import time

import pybreaker
import pytest
from fakes import ANNA, DOWN, FakeGateway
from payments.breaker import get_circuit_breaker
from payments.errors import GatewayUnavailable
from payments.gateway import Gateway, Response


def fail_until_open(gateway):
    """Call a gateway that is down until its breaker opens."""
    for _ in range(get_circuit_breaker("gateway").fail_max - 1):
        with pytest.raises(GatewayUnavailable):
            gateway.customer("anna")
    with pytest.raises(pybreaker.CircuitBreakerError):
        gateway.customer("anna")


@pytest.mark.usefixtures("mocked_retry")
def test_an_open_breaker_spares_the_gateway():
    fake = FakeGateway(customers=[DOWN])
    gateway = Gateway(fake)
    fail_until_open(gateway)
    assert get_circuit_breaker("gateway").current_state == "open"
    assert fake.count("customers") == 15  # five calls of three attempts

    with pytest.raises(pybreaker.CircuitBreakerError):
        gateway.customer("anna")
    assert fake.count("customers") == 15


@pytest.mark.usefixtures("fast_resilience_config", "fast_retry_config", "virtual_clock")
def test_the_breaker_closes_when_the_gateway_is_back():
    fake = FakeGateway(customers=[DOWN])
    gateway = Gateway(fake)
    fail_until_open(gateway)

    fake.plan["customers"] = [Response(200, ANNA)]
    time.sleep(1)
    assert gateway.customer("anna").id == "anna"
    assert get_circuit_breaker("gateway").current_state == "closed"


@pytest.mark.usefixtures("fast_resilience_config", "fast_retry_config", "virtual_clock")
def test_the_breaker_stays_open_while_the_gateway_is_down():
    gateway = Gateway(FakeGateway(customers=[DOWN]))
    fail_until_open(gateway)

    time.sleep(1)
    with pytest.raises(pybreaker.CircuitBreakerError):
        gateway.customer("anna")
    assert get_circuit_breaker("gateway").current_state == "open"
