import pytest
from payments.models import format_amount, parse_amount


@pytest.mark.parametrize(
    ("text", "cents"),
    [("12", 1200), ("12.5", 1250), ("12.50", 1250), ("0.07", 7), ("1,234.50", 123450), (" 3 ", 300)],
)
def test_an_amount_is_read_as_cents(text, cents):
    assert parse_amount(text) == cents


@pytest.mark.parametrize("text", ["", "twelve", "12.345", "-1", "1,23.00", "12,50"])
def test_what_is_not_an_amount_is_refused(text):
    with pytest.raises(ValueError, match="not an amount"):
        parse_amount(text)


@pytest.mark.parametrize(
    ("cents", "text"),
    [(0, "0.00 EUR"), (7, "0.07 EUR"), (123450, "1,234.50 EUR"), (-250, "-2.50 EUR")],
)
def test_an_amount_is_written_with_two_decimals(cents, text):
    assert format_amount(cents) == text
