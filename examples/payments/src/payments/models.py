"""Amounts, customers, orders and payments. Money is an integer number of cents."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Customer:
    id: str
    email: str
    country: str
    known_days: int = 0
    chargebacks: int = 0


@dataclass(frozen=True)
class Order:
    id: str
    customer: str
    cents: int
    currency: str = "EUR"


@dataclass(frozen=True)
class Payment:
    reference: str
    customer: str
    cents: int
    currency: str
    day: dt.date
    status: str = "settled"


def parse_amount(text: str) -> int:
    """Read `12`, `12.5` or `1,234.50` as cents."""
    match = re.fullmatch(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2}))?", text.strip())
    if match is None:
        raise ValueError(f"not an amount: {text!r}")
    whole, fraction = match.groups()
    return int(whole.replace(",", "")) * 100 + int((fraction or "").ljust(2, "0"))


def format_amount(cents: int, currency: str = "EUR") -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d} {currency}".rstrip()
