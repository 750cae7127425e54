"""What the accountants ask for: totals, fees, ageing, reconciliation, statements, CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from payments.models import Payment, format_amount

FEES = {"EUR": (14, 25), "GBP": (19, 20), "USD": (29, 30)}  # tenths of a per cent, cents a payment
AGES = ((7, "this week"), (30, "this month"), (90, "this quarter"))


def totals_by_currency(payments: Iterable[Payment]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for payment in payments:
        if payment.status == "settled":
            totals[payment.currency] += payment.cents
        elif payment.status == "refunded":
            totals[payment.currency] -= payment.cents
    return dict(totals)


def totals_by_day(payments: Iterable[Payment], currency: str) -> dict[dt.date, int]:
    """Return the sum of each day from the first to the last one, days without a payment included."""
    totals: dict[dt.date, int] = defaultdict(int)
    for payment in payments:
        if payment.currency == currency and payment.status == "settled":
            totals[payment.day] += payment.cents
    if not totals:
        return {}
    day, last = min(totals), max(totals)
    while day < last:
        day += dt.timedelta(days=1)
        totals.setdefault(day, 0)
    return dict(sorted(totals.items()))


def fee(payment: Payment) -> int:
    """Return what the gateway keeps of a payment, in cents, rounded up."""
    if payment.currency not in FEES:
        raise ValueError(f"no fee is agreed for {payment.currency}")
    if payment.status in {"failed", "pending"}:
        return 0
    per_mille, fixed = FEES[payment.currency]
    if payment.status == "refunded":
        return fixed
    return -(-payment.cents * per_mille // 1000) + fixed


def by_age(payments: Iterable[Payment], today: dt.date) -> dict[str, list[Payment]]:
    """Sort what is still pending by how long it has been so."""
    buckets: dict[str, list[Payment]] = {label: [] for _, label in AGES}
    buckets["older"] = []
    for payment in payments:
        if payment.status != "pending":
            continue
        days = (today - payment.day).days
        if days < 0:
            raise ValueError(f"{payment.reference} is from the future: {payment.day}")
        for limit, label in AGES:
            if days < limit:
                buckets[label].append(payment)
                break
        else:
            buckets["older"].append(payment)
    return buckets


@dataclass
class Reconciliation:
    """Where our books and the bank's disagree."""

    missing_at_bank: list[str] = field(default_factory=list)
    missing_in_books: list[str] = field(default_factory=list)
    different: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not (self.missing_at_bank or self.missing_in_books or self.different)

    def __str__(self) -> str:
        if self.clean:
            return "books and bank agree"
        lines = []
        if self.missing_at_bank:
            lines.append("not at the bank: " + ", ".join(self.missing_at_bank))
        if self.missing_in_books:
            lines.append("not in the books: " + ", ".join(self.missing_in_books))
        for reference, (ours, theirs) in self.different.items():
            lines.append(f"{reference}: we say {ours / 100:.2f}, the bank says {theirs / 100:.2f}")
        return "\n".join(lines)


def reconcile(payments: Iterable[Payment], bank: Mapping[str, int]) -> Reconciliation:
    result = Reconciliation()
    seen = set()
    for payment in payments:
        if payment.status != "settled":
            continue
        seen.add(payment.reference)
        if payment.reference not in bank:
            result.missing_at_bank.append(payment.reference)
        elif bank[payment.reference] != payment.cents:
            result.different[payment.reference] = (payment.cents, bank[payment.reference])
    result.missing_in_books = sorted(set(bank) - seen)
    return result


def best_customers(payments: Iterable[Payment], currency: str, count: int = 3) -> list[tuple[str, int]]:
    if count < 1:
        raise ValueError("ask for one customer at least")
    spent: dict[str, int] = defaultdict(int)
    for payment in payments:
        if payment.currency == currency and payment.status == "settled":
            spent[payment.customer] += payment.cents
    return sorted(spent.items(), key=lambda item: (-item[1], item[0]))[:count]


def refund_rate(payments: Sequence[Payment]) -> float:
    """Return the share of payments that went back, from 0 to 1."""
    done = [payment for payment in payments if payment.status in {"settled", "refunded"}]
    if not done:
        return 0.0
    return sum(payment.status == "refunded" for payment in done) / len(done)


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Align the first column left and the others right."""
    everything = [header, *rows]
    widths = [max(len(row[column]) for row in everything) for column in range(len(header))]
    lines = []
    for index, row in enumerate(everything):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
        if index == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines)


def statement(customer: str, payments: Iterable[Payment]) -> str:
    """Write the account of one customer, with the balance after each payment."""
    mine = sorted((p for p in payments if p.customer == customer), key=lambda p: (p.day, p.reference))
    if not mine:
        return f"{customer}: no payments"
    balances: dict[str, int] = defaultdict(int)
    rows = []
    for payment in mine:
        if payment.status == "settled":
            change = payment.cents
        elif payment.status == "refunded":
            change = -payment.cents
        else:
            change = 0
        balances[payment.currency] += change
        note = "" if payment.status == "settled" else payment.status
        balance = format_amount(balances[payment.currency], payment.currency)
        rows.append(
            [
                payment.reference,
                payment.day.isoformat(),
                format_amount(change, payment.currency),
                balance,
                note,
            ]
        )
    return f"{customer}\n" + table(rows, ["reference", "day", "amount", "balance", "note"])


def to_csv(payments: Iterable[Payment], *, decimal_comma: bool = False) -> str:
    """Write the payments as CSV, with semicolons where the comma is taken."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if decimal_comma else ",", lineterminator="\n")
    writer.writerow(["reference", "customer", "day", "amount", "currency", "status"])
    for payment in payments:
        amount = f"{payment.cents / 100:.2f}"
        if decimal_comma:
            amount = amount.replace(".", ",")
        day = payment.day.isoformat()
        writer.writerow([payment.reference, payment.customer, day, amount, payment.currency, payment.status])
    return text.getvalue()


def month(payments: Sequence[Payment], year: int, number: int) -> str:
    """Write the summary of one month."""
    chosen = [p for p in payments if (p.day.year, p.day.month) == (year, number)]
    title = f"{year}-{number:02d}"
    if not chosen:
        return f"{title}: nothing happened"
    rows = []
    for currency, total in sorted(totals_by_currency(chosen).items()):
        mine = [p for p in chosen if p.currency == currency]
        fees = sum(fee(p) for p in mine)
        rows.append([currency, str(len(mine)), format_amount(total, ""), format_amount(fees, "")])
    text = f"{title}\n" + table(rows, ["currency", "payments", "total", "fees"])
    rate = refund_rate(chosen)
    if rate > 0.05:
        text += f"\nrefunds: {rate:.1%} of the payments, more than the agreed 5%"
    return text
