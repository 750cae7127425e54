"""The agent: takes an order through everything that has to happen to it."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from payments import scoring
from payments.backoff import wait_until
from payments.errors import CardDeclined, NotSettled
from payments.gateway import Gateway
from payments.models import Customer, Order, Payment, format_amount


@dataclass(frozen=True)
class Outcome:
    order: str
    status: str
    reference: str = ""


class PaymentAgent:
    """Looks up, scores, charges, waits until the charge is settled, books it, and tells the customer."""

    def __init__(self, gateway: Gateway, ledger: list[Payment], *, pace: float = 0.3) -> None:
        self.gateway = gateway
        self.ledger = ledger
        self.pace = pace  # seconds between two steps: the gateway counts calls a second

    def run(self, order: Order) -> Outcome:
        customer = self.gateway.customer(order.customer)
        decision = scoring.decide(scoring.risk(customer, order))
        if decision != "accept":
            return Outcome(order.id, decision)
        self._pause()
        try:
            reference = self.gateway.charge(order)
        except CardDeclined as declined:
            self._tell(customer, f"Your card was declined: {declined}.")
            return Outcome(order.id, "declined")
        self._pause()
        self.settle(reference)
        self.book(order, reference)
        self._pause()
        self._tell(customer, f"We received {format_amount(order.cents, order.currency)}. Thank you.")
        return Outcome(order.id, "paid", reference)

    def settle(self, reference: str) -> None:
        if not wait_until(lambda: self.gateway.is_settled(reference)):
            raise NotSettled(reference)

    def book(self, order: Order, reference: str) -> None:
        today = dt.datetime.now(tz=dt.UTC).date()
        self.ledger.append(Payment(reference, order.customer, order.cents, order.currency, today))

    def _pause(self) -> None:
        time.sleep(self.pace)

    def _tell(self, customer: Customer, text: str) -> None:
        self.gateway.notify(customer.email, text)
