"""A ticket has the colour of its day, wherever it is seen."""

import re
from datetime import date, timedelta
from pathlib import Path

from marquee.stocks import stock_of

TOKENS = Path(__file__).resolve().parents[2] / "services/web/static/css/tokens.css"


def test_print_and_mail_have_the_colours_of_the_website() -> None:
    monday = date(2026, 11, 23)
    week = [monday + timedelta(days=days) for days in range(7)]
    on_the_site = dict(re.findall(r'\[data-day="(\w+)"\] \{ --stock: (#\w+);', TOKENS.read_text()))

    assert {f"{day:%a}".lower(): stock_of(day).lower() for day in week} == on_the_site
