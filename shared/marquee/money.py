"""Money is whole smallest units and a currency; nothing here ever becomes a float.

The smallest units are those that Stripe counts in (https://docs.stripe.com/currencies), because amounts go there and come
back as they are. They are ISO 4217's, but for Iceland's and Uganda's, of which it counts hundredths that nobody has, and
Madagascar's, which it counts whole.
"""

from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, format_decimal

# Babel knows how many digits are usually written, which is another thing: it would show 11.50 Serbian dinars as 12.
_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"), 0),
    **dict.fromkeys(("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def digits(currency: str) -> int:
    """How many stand behind the point: 2 for "EUR", 0 for "JPY", 3 for "KWD"."""
    return _DIGITS.get(currency.upper(), 2)


def amount(cents: int, currency: str) -> Decimal:
    """1150, "EUR" -> Decimal("11.50")."""
    return Decimal(cents).scaleb(-digits(currency))


def spoken(cents: int, currency: str, locale: str = "en_GB") -> str:
    """With the currency: "€11.50"."""
    usual = Locale.parse(locale).currency_formats["standard"].pattern
    pattern = usual.replace("0.00", _places(currency))
    return str(
        format_currency(
            amount(cents, currency), currency.upper(), format=pattern, locale=locale, currency_digits=False
        )
    )


def plain(cents: int, currency: str, locale: str = "en_GB") -> str:
    """Without it, as on the letter board: "11.50"."""
    return str(format_decimal(amount(cents, currency), format=f"#,##{_places(currency)}", locale=locale))


def _places(currency: str) -> str:
    """The end of a number's pattern: "0.00" for "EUR"."""
    return f"{0:.{digits(currency)}f}"
