import pybreaker
import pytest
from orders import stock


def down(article):
    raise ConnectionError("the warehouse is down")


@pytest.fixture(autouse=True)
def closed():
    stock.breaker.close()


def fail_until_open():
    while stock.breaker.current_state == "closed":
        with pytest.raises((ConnectionError, pybreaker.CircuitBreakerError)):
            stock.in_stock("bolts", down)


def test_the_breaker_opens():
    fail_until_open()
    assert stock.breaker.current_state == "open"


def test_an_open_breaker_spares_the_warehouse():
    fail_until_open()
    with pytest.raises(pybreaker.CircuitBreakerError):
        stock.in_stock("bolts", lambda article: 1)


def test_closing_it_lets_calls_through():
    fail_until_open()
    stock.breaker.close()
    assert stock.in_stock("bolts", lambda article: 7) == 7
