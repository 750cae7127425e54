"""The client of the payment gateway: retried, and behind a circuit breaker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random
from tenacity.wait import wait_base

from payments.breaker import circuit_breaker
from payments.errors import CardDeclined, GatewayError, GatewayUnavailable, NotFound
from payments.models import Customer, Order
from payments.settings import RetryConfig, get_resilience_config


@dataclass(frozen=True)
class Response:
    status: int
    body: Mapping[str, Any] = field(default_factory=dict)


Transport = Callable[[str, str, Mapping[str, Any]], Response]  # method, path, body


def back_off(config: RetryConfig) -> wait_base:
    wait = wait_exponential(multiplier=config.exponential_base, max=config.exponential_max)
    return wait + wait_random(0, config.exponential_base) if config.jitter else wait


_retry_config = get_resilience_config().retry


class Gateway:
    """Speaks to the gateway through a transport: HTTP in production, a function in tests."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @circuit_breaker("gateway")
    @retry(
        retry=retry_if_exception_type(GatewayUnavailable),
        stop=stop_after_attempt(_retry_config.max_attempts),
        wait=back_off(_retry_config),
        reraise=True,
    )
    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Send a request. A breaker counts it once, however many attempts it took."""
        try:
            response = self._transport(method, path, body or {})
        except OSError as error:
            raise GatewayUnavailable(f"{method} {path}: {error}") from error
        if response.status >= 500:
            raise GatewayUnavailable(f"{method} {path}: status {response.status}")
        if response.status == 402:
            raise CardDeclined(str(response.body.get("reason", "no reason given")))
        if response.status == 404:
            raise NotFound(path)
        if response.status >= 400:
            raise GatewayError(f"{method} {path}: status {response.status}")
        return response.body

    def customer(self, customer: str) -> Customer:
        return Customer(**self.send("GET", f"/customers/{customer}"))

    def charge(self, order: Order) -> str:
        """Charge the customer and return the reference of the charge."""
        body = {
            "order": order.id,
            "customer": order.customer,
            "cents": order.cents,
            "currency": order.currency,
        }
        return str(self.send("POST", "/charges", body)["reference"])

    def is_settled(self, reference: str) -> bool:
        return bool(self.send("GET", f"/charges/{reference}")["status"] == "settled")

    def notify(self, email: str, text: str) -> None:
        self.send("POST", "/messages", {"to": email, "text": text})
