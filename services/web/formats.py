"""How pages write money, days and times. Times come in already in the cinema's own zone."""

import unicodedata
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_time
from flask import Flask
from flask_babel import get_locale, gettext, lazy_gettext, ngettext

from marquee import money
from marquee.clock import utc_now

# Translated when they are printed, in the language of the page.
_TICKETS = {
    "adult": lazy_gettext("Adult"),
    "child": lazy_gettext("Child"),
    "student": lazy_gettext("Student"),
    "senior": lazy_gettext("Senior"),
    "carer": lazy_gettext("Carer"),
}
_KINDS = {
    "standard": lazy_gettext("Standard"),
    "premium": lazy_gettext("Premium"),
    "sofa": lazy_gettext("Sofa for two"),
    "wheelchair": lazy_gettext("Wheelchair"),
    "companion": lazy_gettext("Companion"),
    "restricted": lazy_gettext("Side view"),
}
_SIDES = {
    "left": lazy_gettext("Left side"),
    "centre": lazy_gettext("Centre"),
    "right": lazy_gettext("Right side"),
}
_DEPTHS = {
    "front": lazy_gettext("near the screen"),
    "middle": lazy_gettext("in the middle"),
    "two-thirds": lazy_gettext("two thirds back"),
    "back": lazy_gettext("at the back"),
}

STOCKS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def install(app: Flask) -> None:
    filters: list[Any] = [
        clock,
        weekday,
        weekday_short,
        day_month,
        day_month_short,
        long_day,
        is_past,
        stock,
        runtime,
        minutes_words,
        seconds_words,
        price,
        amount,
        currency_words,
        seats_words,
        ticket_word,
        kind_word,
        spoken_price,
        view_words,
        title_shape,
    ]
    for function in filters:
        app.jinja_env.filters[function.__name__] = function


def title_shape(title: str) -> str:
    """Classes for a film's large title: smaller letters for long words, more room for marks below them (Ụ, Ç)."""
    is_long = len(title) > 60 or max(map(len, title.split()), default=0) > 14
    has_marks = any(unicodedata.combining(mark) in (202, 220) for mark in unicodedata.normalize("NFD", title))
    return " ".join(["is-long"] * is_long + ["has-marks-below"] * has_marks)


def clock(moment: datetime) -> str:
    """17:40"""
    return str(format_time(moment, "HH:mm", locale=_locale()))


def weekday(day: date) -> str:
    """Friday"""
    return str(format_date(day, "EEEE", locale=_locale()))


def weekday_short(day: date) -> str:
    """Fri"""
    return str(format_date(day, "EEE", locale=_locale()))


def day_month(day: date) -> str:
    """20 November"""
    return str(format_date(day, "d MMMM", locale=_locale()))


def day_month_short(day: date) -> str:
    """20 Nov"""
    return str(format_date(day, "d MMM", locale=_locale()))


def long_day(day: date) -> str:
    """Saturday 21 November"""
    return str(format_date(day, "EEEE d MMMM", locale=_locale()))


def is_past(moment: datetime) -> bool:
    return moment < utc_now()


def stock(day: date) -> str:
    """The paper of the day: the name of a token in tokens.css."""
    return STOCKS[day.weekday()]


def runtime(minutes: int) -> str:
    """1 h 42"""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}" if hours else str(gettext("%(minutes)d min", minutes=rest))


def minutes_words(minutes: int) -> str:
    """30 minutes, 1 hour"""
    return seconds_words(60 * minutes)


def seconds_words(seconds: int) -> str:
    """10 minutes, 1 hour: in the largest unit that comes out even."""
    if seconds and seconds % 3600 == 0:
        return str(ngettext("%(num)s hour", "%(num)s hours", seconds // 3600))
    if seconds % 60 == 0:
        return str(ngettext("%(num)s minute", "%(num)s minutes", seconds // 60))
    return str(ngettext("%(num)s second", "%(num)s seconds", seconds))


def price(cents: int, currency: str) -> str:
    """11.50, or the word for nothing."""
    return str(gettext("free")) if cents == 0 else amount(cents, currency)


def amount(cents: int, currency: str) -> str:
    """11.50"""
    return money.plain(cents, currency, _locale())


def currency_words(cents: int, currency: str) -> str:
    """20.50 euros, as a button says it."""
    if currency.upper() == "EUR":
        words = ngettext(
            "%(amount)s euro", "%(amount)s euros", _plural(cents), amount=amount(cents, currency)
        )
        return str(words)
    return money.spoken(cents, currency, _locale())


def spoken_price(cents: int, currency: str) -> str:
    return str(gettext("free")) if cents == 0 else currency_words(cents, currency)


def seats_words(count: int) -> str:
    """two seats"""
    words = (
        gettext("one"),
        gettext("two"),
        gettext("three"),
        gettext("four"),
        gettext("five"),
        gettext("six"),
    )
    number = words[count - 1] if 0 < count <= len(words) else str(count)
    return str(ngettext("%(number)s seat", "%(number)s seats", count, number=number))


def ticket_word(ticket_type: str) -> str:
    return str(_TICKETS.get(ticket_type, ticket_type.capitalize()))


def kind_word(kind: str) -> str:
    return str(_KINDS.get(kind, kind.capitalize()))


def view_words(view: str) -> str:
    """Of a key like "centre-two-thirds": how one sits there."""
    side, _, depth = view.partition("-")
    return f"{_SIDES[side]}, {_DEPTHS[depth]}"


def _plural(cents: int) -> int:
    return 1 if cents == 100 else 2


def _locale() -> str:
    return str(get_locale() or "en_GB")
