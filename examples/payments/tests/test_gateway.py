import dataclasses

import pytest
from fakes import ANNA, FakeGateway
from payments.errors import CardDeclined, GatewayError, NotFound
from payments.gateway import Gateway, Response, back_off
from payments.models import Customer, Order
from payments.settings import RetryConfig, set_resilience_config
from tenacity import RetryCallState

ORDER = Order("o-1", "anna", 5_000)


def test_a_customer_is_looked_up():
    assert Gateway(FakeGateway()).customer("anna") == Customer(**ANNA)


def test_a_charge_says_what_for():
    fake = FakeGateway()
    assert Gateway(fake).charge(ORDER) == "ch-1"
    assert fake.calls == [("charge", {"order": "o-1", "customer": "anna", "cents": 5_000, "currency": "EUR"})]


@pytest.mark.parametrize(("status", "settled"), [("pending", False), ("settled", True)])
def test_a_charge_is_settled_or_not(status, settled):
    assert Gateway(FakeGateway(status=[Response(200, {"status": status})])).is_settled("ch-1") is settled


@pytest.mark.parametrize(("status", "error"), [(402, CardDeclined), (404, NotFound), (400, GatewayError)])
def test_a_no_is_not_tried_again(status, error):
    fake = FakeGateway(charge=[Response(status)])
    with pytest.raises(error):
        Gateway(fake).charge(ORDER)
    assert fake.count("charge") == 1


def test_a_decline_gives_the_reason():
    with pytest.raises(CardDeclined, match="no funds"):
        Gateway(FakeGateway(charge=[Response(402, {"reason": "no funds"})])).charge(ORDER)


def test_declines_do_not_open_the_breaker():
    fake = FakeGateway(charge=[Response(402)])
    for _ in range(20):
        with pytest.raises(CardDeclined):
            Gateway(fake).charge(ORDER)
    assert fake.count("charge") == 20


def test_without_resilience_there_is_no_breaker(resilience_config):
    set_resilience_config(dataclasses.replace(resilience_config, enabled=False))
    assert Gateway(FakeGateway()).is_settled("ch-1")


def pause(config, attempt):
    state = RetryCallState(None, None, (), {})
    state.attempt_number = attempt
    return back_off(config)(state)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.1), (2, 0.2), (3, 0.4), (20, 2.0)])
def test_the_pause_doubles_up_to_the_limit(attempt, seconds):
    assert pause(RetryConfig(), attempt) == pytest.approx(seconds)


def test_jitter_lengthens_the_pause():
    assert 0.1 <= pause(RetryConfig(jitter=True), 1) <= 0.2
