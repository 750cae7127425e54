"""How risky is an order? 0 is harmless, 100 is not."""

from __future__ import annotations

from payments.models import Customer, Order

HOME = frozenset({"AT", "BE", "DE", "FR", "NL"})
REVIEW_FROM, REJECT_FROM = 50, 80


def risk(customer: Customer, order: Order) -> int:
    score = 10
    if order.cents >= 100_000:
        score += 30
    elif order.cents >= 20_000:
        score += 10
    if customer.known_days < 7:
        score += 20
    if customer.country not in HOME:
        score += 15
    score += 40 * customer.chargebacks
    return min(score, 100)


def decide(score: int) -> str:
    if score >= REJECT_FROM:
        return "reject"
    return "review" if score >= REVIEW_FROM else "accept"
