"""What can go wrong."""

from __future__ import annotations


class PaymentError(Exception):
    """Anything this service raises on purpose."""


class GatewayError(PaymentError):
    """The gateway answered, and the answer is no."""


class GatewayUnavailable(GatewayError):  # noqa: N818
    """The gateway did not answer, or not properly: worth another attempt."""


class CardDeclined(GatewayError):  # noqa: N818
    """The bank said no. Asking again does not help."""


class NotFound(GatewayError):  # noqa: N818
    """No such customer or charge."""


class NotSettled(PaymentError):  # noqa: N818
    """The charge was still pending when patience ran out."""
