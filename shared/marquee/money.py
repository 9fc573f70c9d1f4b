"""Money is whole cents and a currency; nothing here ever becomes a float."""

from decimal import Decimal

from babel.numbers import format_currency, format_decimal

# ISO 4217 currencies without a minor unit: one "cent" is one unit.
ZERO_DECIMAL = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})


def amount(cents: int, currency: str) -> Decimal:
    """1150, "EUR" -> Decimal("11.50")."""
    return Decimal(cents) if currency.upper() in ZERO_DECIMAL else Decimal(cents).scaleb(-2)


def spoken(cents: int, currency: str, locale: str = "en_GB") -> str:
    """With the currency: "€11.50"."""
    return str(format_currency(amount(cents, currency), currency.upper(), locale=locale))


def plain(cents: int, currency: str, locale: str = "en_GB") -> str:
    """Without it, as on the letter board: "11.50"."""
    pattern = "#,##0" if currency.upper() in ZERO_DECIMAL else "#,##0.00"
    return str(format_decimal(amount(cents, currency), format=pattern, locale=locale))
