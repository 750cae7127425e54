import time

from fakes import ANNA, DOWN, FakeGateway
from payments.agent import PaymentAgent
from payments.gateway import Gateway, Response
from payments.models import Order

PENDING = Response(200, {"status": "pending"})
SETTLED = Response(200, {"status": "settled"})


def test_agent():
    # a customer we know, on a bad day of the gateway's
    fake = FakeGateway(
        customers=[DOWN, DOWN, Response(200, ANNA)],
        charge=[DOWN, Response(201, {"reference": "ch-1"})],
        status=[PENDING, PENDING, SETTLED],
    )
    ledger = []
    agent = PaymentAgent(Gateway(fake), ledger)
    start = time.monotonic()
    outcome = agent.run(Order("o-1", "anna", 5_000))
    assert outcome.status == "paid"
    assert outcome.reference == "ch-1"
    assert time.monotonic() - start > 0.9  # three pauses
    assert fake.count("customers") == 3
    assert fake.count("charge") == 2
    assert fake.count("status") == 3
    assert fake.messages == ["We received 50.00 EUR. Thank you."]
    assert [payment.cents for payment in ledger] == [5_000]

    # too much for us to decide
    fake.plan["customers"] = [Response(200, {**ANNA, "known_days": 1})]
    assert agent.run(Order("o-2", "anna", 150_000)).status == "review"
    assert fake.count("charge") == 2

    # a card that is declined
    fake.plan["customers"] = [Response(200, ANNA)]
    fake.plan["charge"] = [Response(402, {"reason": "no funds"})]
    assert agent.run(Order("o-3", "anna", 700)).status == "declined"
    assert fake.messages[-1] == "Your card was declined: no funds."
    assert len(ledger) == 1
