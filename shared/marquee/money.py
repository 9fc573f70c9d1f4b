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
# Of these Stripe takes no fractions, although it counts them in hundredths.
_WHOLE = frozenset(("ISK", "UGX"))

# The least that Stripe charges, as its page lists it; of others it says none, or goes by the rate of the day.
_LEAST = {
    **dict.fromkeys(("AUD", "BRL", "CAD", "CHF", "EUR", "INR", "JPY", "NZD", "SGD", "USD"), 50),
    **dict.fromkeys(("AED", "MYR", "PLN", "RON"), 200),
    **dict.fromkeys(("NOK", "SEK"), 300),
    **dict.fromkeys(("MXN", "THB"), 1000),
    "BGN": 100,
    "CZK": 1500,
    "DKK": 250,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17_500,
}


def digits(currency: str) -> int:
    """How many stand behind the point: 2 for "EUR", 0 for "JPY", 3 for "KWD"."""
    return _DIGITS.get(currency.upper(), 2)


def step(currency: str) -> int:
    """Amounts that Stripe takes are multiples of this: 1 for "EUR", 10 for "KWD" (0.010), 100 for "ISK" (1.00)."""
    if currency.upper() in _WHOLE:
        return 100
    return 10 if digits(currency) == 3 else 1


def least(currency: str) -> int:
    """Amounts below are charged by nobody, but nothing at all is fine: 50 for "EUR"."""
    return _LEAST.get(currency.upper(), step(currency))


def is_chargeable(cents: int, currency: str) -> bool:
    return cents == 0 or (cents >= least(currency) and cents % step(currency) == 0)


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
