import pytest
from payments.models import Customer, Order
from payments.scoring import decide, risk

REGULAR = Customer("anna", "anna@example.com", "DE", known_days=400)
NEW = Customer("ben", "ben@example.com", "NL", known_days=1)
ABROAD = Customer("cleo", "cleo@example.com", "EG", known_days=30)
TROUBLE = Customer("dan", "dan@example.com", "FR", known_days=90, chargebacks=2)


@pytest.mark.parametrize(
    ("customer", "cents", "score"),
    [
        (REGULAR, 5_000, 10),
        (REGULAR, 20_000, 20),
        (REGULAR, 100_000, 40),
        (NEW, 5_000, 30),
        (NEW, 100_000, 60),
        (ABROAD, 5_000, 25),
        (TROUBLE, 5_000, 90),
        (TROUBLE, 100_000, 100),
    ],
)
def test_risk_of_an_order(customer, cents, score):
    assert risk(customer, Order("o-1", customer.id, cents)) == score


@pytest.mark.parametrize(
    ("score", "decision"),
    [(0, "accept"), (49, "accept"), (50, "review"), (79, "review"), (80, "reject"), (100, "reject")],
)
def test_decision(score, decision):
    assert decide(score) == decision
