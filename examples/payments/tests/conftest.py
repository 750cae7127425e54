import pytest
from payments import settings
from payments.breaker import reset_all_circuit_breakers


@pytest.fixture(autouse=True)
def closed_breakers():
    """No test finds a breaker open, and none leaves one open."""
    reset_all_circuit_breakers()
    yield
    reset_all_circuit_breakers()


@pytest.fixture
def resilience_config():
    """The settings, put back afterwards."""
    before = settings.get_resilience_config()
    yield before
    settings.set_resilience_config(before)
