import pytest
from fakes import ANNA, DOWN, FakeGateway
from payments.agent import PaymentAgent
from payments.errors import NotSettled
from payments.gateway import Gateway, Response
from payments.models import Order

ORDER = Order("o-1", "anna", 5_000)


@pytest.fixture
def fake():
    return FakeGateway()


@pytest.fixture
def agent(fake):
    return PaymentAgent(Gateway(fake), [], pace=0)


def test_an_order_is_paid_booked_and_confirmed(agent, fake):
    outcome = agent.run(ORDER)
    assert (outcome.status, outcome.reference) == ("paid", "ch-1")
    assert [(payment.reference, payment.cents) for payment in agent.ledger] == [("ch-1", 5_000)]
    assert fake.messages == ["We received 50.00 EUR. Thank you."]


def test_a_bad_day_of_the_gateway_does_not_matter(agent, fake, mocked_retry):
    fake.plan["customers"] = [DOWN, DOWN, Response(200, ANNA)]
    fake.plan["charge"] = [DOWN, Response(201, {"reference": "ch-1"})]
    assert agent.run(ORDER).status == "paid"
    assert (fake.count("customers"), fake.count("charge")) == (3, 2)


def test_an_order_to_be_reviewed_is_not_charged(agent, fake):
    fake.plan["customers"] = [Response(200, {**ANNA, "known_days": 1})]
    assert agent.run(Order("o-2", "anna", 150_000)).status == "review"
    assert fake.count("charge") == 0


def test_a_declined_card_is_told_and_not_booked(agent, fake):
    fake.plan["charge"] = [Response(402, {"reason": "no funds"})]
    assert agent.run(ORDER).status == "declined"
    assert fake.messages == ["Your card was declined: no funds."]
    assert agent.ledger == []


def test_a_pending_charge_is_asked_for_until_it_is_settled(agent, fake, virtual_clock):
    pending = Response(200, {"status": "pending"})
    fake.plan["status"] = [pending, pending, Response(200, {"status": "settled"})]
    agent.settle("ch-1")
    assert fake.count("status") == 3


def test_a_charge_that_is_never_settled_is_not_booked(agent, fake, virtual_clock):
    fake.plan["status"] = [Response(200, {"status": "pending"})]
    with pytest.raises(NotSettled, match="ch-1"):
        agent.run(ORDER)
    assert agent.ledger == []


def test_the_agent_pauses_three_times(fake, virtual_clock):
    PaymentAgent(Gateway(fake), []).run(ORDER)
    assert [sleep.seconds for sleep in virtual_clock.sleeps] == [0.3, 0.3, 0.3]
