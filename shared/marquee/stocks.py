"""The paper that tickets are printed on: another one each day of the week. The website has them in css/tokens.css."""

from datetime import date

_MONDAY_FIRST = ("#E8D6AA", "#86BF62", "#8FB6EE", "#F7DA52", "#FA8B40", "#F47FB2", "#A0E3DB")


def stock_of(day: date) -> str:
    """The colour of a showing on that day of the cinema's calendar: Friday is orange."""
    return _MONDAY_FIRST[day.weekday()]
