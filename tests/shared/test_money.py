"""Amounts in the smallest unit of their currency, and how they are written."""

from decimal import Decimal

import pytest
from babel.numbers import format_currency

from marquee import money


@pytest.mark.parametrize(
    ("currency", "amount", "plain", "spoken"),
    [
        ("EUR", "1234.50", "1,234.50", "€1,234.50"),
        ("GBP", "1234.50", "1,234.50", "£1,234.50"),
        ("USD", "1234.50", "1,234.50", "US$1,234.50"),
        ("JPY", "123450", "123,450", "JP¥123,450"),
        ("KRW", "123450", "123,450", "₩123,450"),
        ("VND", "123450", "123,450", "₫123,450"),
        ("CLP", "123450", "123,450", "CLP123,450"),
        ("XOF", "123450", "123,450", "F\u202fCFA123,450"),
        ("KWD", "123.450", "123.450", "KWD123.450"),
        ("BHD", "123.450", "123.450", "BHD123.450"),
        ("JOD", "123.450", "123.450", "JOD123.450"),
        ("OMR", "123.450", "123.450", "OMR123.450"),
        ("TND", "123.450", "123.450", "TND123.450"),
        ("LYD", "123.450", "123.450", "LYD123.450"),
    ],
)
def test_each_currency_has_its_own_smallest_unit(currency: str, amount: str, plain: str, spoken: str) -> None:
    assert str(money.amount(123450, currency)) == amount
    assert money.plain(123450, currency) == plain
    assert money.spoken(123450, currency) == spoken
    assert money.amount(123450, currency.lower()) == Decimal(amount)


@pytest.mark.parametrize(("currency", "expected"), [("IQD", "IQD11.250"), ("RSD", "RSD112.50")])
def test_nothing_is_rounded_off_because_people_there_rarely_write_it(currency: str, expected: str) -> None:
    assert money.spoken(11250, currency) == expected


@pytest.mark.parametrize(
    ("currency", "expected"), [("ISK", "2500.00"), ("UGX", "2500.00"), ("MGA", "250000")]
)
def test_where_stripe_counts_otherwise_than_iso_4217_it_is_as_stripe_counts(
    currency: str, expected: str
) -> None:
    assert str(money.amount(250000, currency)) == expected


@pytest.mark.parametrize(
    ("currency", "least"),
    [
        ("EUR", "0.01"),
        ("huf", "0.01"),
        ("JPY", "1"),
        *((currency, "0.010") for currency in ("BHD", "JOD", "kwd", "OMR", "TND")),
        ("ISK", "1.00"),
        ("ugx", "1.00"),
    ],
)
def test_stripe_takes_amounts_in_steps(currency: str, least: str) -> None:
    assert money.plain(money.step(currency), currency) == least


@pytest.mark.parametrize(
    ("cents", "currency", "expected"),
    [
        (0, "EUR", True), (49, "EUR", False), (50, "EUR", True), (51, "eur", True),
        (29, "GBP", False), (30, "GBP", True), (17499, "HUF", False), (17500, "HUF", True),
        (0, "KWD", True), (5, "KWD", False), (10, "KWD", True), (15, "KWD", False),
    ],
)  # fmt: skip
def test_nothing_is_charged_or_at_least_what_stripe_takes(cents: int, currency: str, expected: bool) -> None:
    assert money.is_chargeable(cents, currency) is expected


@pytest.mark.parametrize("locale", ["en_GB", "de_DE", "fr_FR", "ja_JP", "ar_EG"])
@pytest.mark.parametrize("currency", ["EUR", "GBP", "USD", "JPY", "KWD"])
def test_an_amount_is_spoken_as_the_language_does(currency: str, locale: str) -> None:
    usual = format_currency(money.amount(-123450, currency), currency, locale=locale)

    assert money.spoken(-123450, currency, locale) == usual
