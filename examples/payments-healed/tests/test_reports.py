import datetime as dt

import pytest
from payments.models import Payment
from payments.reports import (
    best_customers,
    by_age,
    fee,
    month,
    reconcile,
    refund_rate,
    statement,
    to_csv,
    totals_by_currency,
    totals_by_day,
)

MAY_1, MAY_2, MAY_4 = dt.date(2024, 5, 1), dt.date(2024, 5, 2), dt.date(2024, 5, 4)
PAYMENTS = [
    Payment("ch-1", "anna", 5_000, "EUR", MAY_1),
    Payment("ch-2", "ben", 1_000, "EUR", MAY_4),
    Payment("ch-3", "cleo", 700, "USD", MAY_1),
    Payment("ch-4", "anna", 2_000, "EUR", MAY_2, "refunded"),
    Payment("ch-5", "ben", 9_000, "EUR", MAY_2, "pending"),
]


def test_totals_by_currency():
    assert totals_by_currency(PAYMENTS) == {"EUR": 4_000, "USD": 700}


def test_totals_by_day_include_the_days_without_a_payment():
    totals = list(totals_by_day(PAYMENTS, "EUR").items())
    assert totals[0] == (MAY_1, 5_000)
    assert [cents for _, cents in totals] == [5_000, 0, 0, 1_000]


def test_totals_by_day_of_nothing():
    assert totals_by_day([], "EUR") == {}


@pytest.mark.parametrize(
    ("status", "cents"),
    [("settled", 95), ("refunded", 25), ("failed", 0), ("pending", 0)],
)
def test_fee(status, cents):
    assert fee(Payment("ch-1", "anna", 5_000, "EUR", MAY_1, status)) == cents


def test_no_fee_without_an_agreement():
    with pytest.raises(ValueError, match="XAU"):
        fee(Payment("ch-1", "anna", 5_000, "XAU", MAY_1))


@pytest.mark.parametrize(
    ("days", "label"),
    [(0, "this week"), (7, "this month"), (30, "this quarter"), (90, "older")],
)
def test_what_is_pending_is_sorted_by_age(days, label):
    ages = by_age(PAYMENTS, today=MAY_2 + dt.timedelta(days=days))
    assert [payment.reference for payment in ages[label]] == ["ch-5"]
    assert sum(map(len, ages.values())) == 1


def test_a_payment_from_the_future_is_an_error():
    with pytest.raises(ValueError, match="ch-5 is from the future"):
        by_age(PAYMENTS, today=MAY_1)


def test_books_and_bank_agree():
    result = reconcile(PAYMENTS, {"ch-1": 5_000, "ch-2": 1_000, "ch-3": 700})
    assert result.clean
    assert str(result) == "books and bank agree"


def test_books_and_bank_disagree():
    assert str(reconcile(PAYMENTS, {"ch-1": 4_999, "ch-3": 700, "ch-9": 1})).splitlines() == [
        "not at the bank: ch-2",
        "not in the books: ch-9",
        "ch-1: we say 50.00, the bank says 49.99",
    ]


def test_the_best_customers_come_first():
    assert best_customers(PAYMENTS, "EUR", 1) == [("anna", 5_000)]
    assert best_customers(PAYMENTS, "EUR") == [("anna", 5_000), ("ben", 1_000)]


def test_refund_rate():
    assert refund_rate(PAYMENTS) == 0.25
    assert refund_rate([]) == 0


def test_a_statement_has_the_balance_after_each_payment():
    assert statement("anna", PAYMENTS).splitlines() == [
        "anna",
        "reference         day      amount    balance      note",
        "---------  ----------  ----------  ---------  --------",
        "ch-1       2024-05-01   50.00 EUR  50.00 EUR",
        "ch-4       2024-05-02  -20.00 EUR  30.00 EUR  refunded",
    ]


def test_a_statement_shows_what_is_pending_without_counting_it():
    assert "0.00 EUR   0.00 EUR  pending" in statement("ben", PAYMENTS)


def test_a_statement_of_nothing():
    assert statement("dan", PAYMENTS) == "dan: no payments"


def test_csv():
    assert to_csv(PAYMENTS[:1]).splitlines() == [
        "reference,customer,day,amount,currency,status",
        "ch-1,anna,2024-05-01,50.00,EUR,settled",
    ]


def test_csv_where_the_comma_is_taken():
    assert to_csv(PAYMENTS[:1], decimal_comma=True).splitlines()[1] == "ch-1;anna;2024-05-01;50,00;EUR;settled"


def test_a_month():
    assert month(PAYMENTS, 2024, 5).splitlines() == [
        "2024-05",
        "currency  payments  total  fees",
        "--------  --------  -----  ----",
        "EUR              4  40.00  1.59",
        "USD              1   7.00  0.51",
        "refunds: 25.0% of the payments, more than the agreed 5%",
    ]


def test_a_month_in_which_nothing_happened():
    assert month(PAYMENTS, 2023, 1) == "2023-01: nothing happened"
