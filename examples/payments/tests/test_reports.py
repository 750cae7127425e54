import datetime as dt

from payments.models import Payment
from payments.reports import totals_by_currency


def test_totals_by_currency():
    day = dt.date(2024, 5, 1)
    payments = [
        Payment("ch-1", "anna", 5_000, "EUR", day),
        Payment("ch-2", "ben", 1_000, "EUR", day),
        Payment("ch-3", "cleo", 700, "USD", day),
    ]
    assert totals_by_currency(payments) == {"EUR": 6_000, "USD": 700}
