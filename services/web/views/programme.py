"""Home: one day of one cinema."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from marquee.clock import zone
from services.web.views.showings import Film, Showing, film_from, moment, showing_from

EVENING_FROM, AFTERNOON_UNTIL = 20, 18
FORMAT_PREFIX = "format:"


@dataclass(frozen=True)
class DayTicket:
    day: date
    films: int
    screens: int
    is_chosen: bool


@dataclass(frozen=True)
class Filter:
    """A toggle: `value` is what the address says; `wanted_after` the values once it is pressed."""

    value: str
    count: int
    is_on: bool
    wanted_after: tuple[str, ...]

    @property
    def format(self) -> str:
        """The format it is about, or nothing for a time of day."""
        return self.value.removeprefix(FORMAT_PREFIX) if self.value.startswith(FORMAT_PREFIX) else ""


@dataclass(frozen=True)
class LaterTime:
    starts: datetime
    screening_id: str


@dataclass(frozen=True)
class LaterDay:
    day: date
    times: list[LaterTime]


@dataclass(frozen=True)
class FilmRow:
    film: Film
    showings: list[Showing]
    then: list[LaterDay]


@dataclass(frozen=True)
class NextDay:
    day: date
    starts: datetime
    title: str
    screening_id: str


@dataclass(frozen=True)
class ProgrammePage:
    cinema: dict[str, Any]
    day: date
    now: datetime
    days: list[DayTicket]
    filters: list[Filter]
    rows: list[FilmRow]
    next: Showing | None
    next_day: NextDay | None
    is_filtered: bool

    @property
    def is_today(self) -> bool:
        return self.day == self.now.date()

    @property
    def is_tomorrow(self) -> bool:
        return self.day == self.now.date() + timedelta(days=1)

    @property
    def chosen(self) -> DayTicket | None:
        return next((ticket for ticket in self.days if ticket.is_chosen), None)


def programme_page(answer: dict[str, Any], wanted: tuple[str, ...] = ()) -> ProgrammePage:
    """`wanted` are the values of the toggles that are on: "format:35 mm", "evening", "afternoon"."""
    here = zone(answer["cinema"]["timezone"])
    day = date.fromisoformat(answer["day"])
    rows = [_row(film, here) for film in answer["films"]]
    return ProgrammePage(
        cinema=answer["cinema"],
        day=day,
        now=moment(answer["now"], here),
        days=[_day_ticket(entry, day) for entry in answer["days"]],
        filters=_filters(rows, wanted),
        rows=_matching(rows, wanted),
        next=showing_from(answer["next"], here) if answer.get("next") else None,
        next_day=_next_day(answer.get("next_day"), here),
        is_filtered=bool(wanted),
    )


def next_to_book(answer: dict[str, Any]) -> Showing | None:
    """The next start of a day's programme that has seats left."""
    page = programme_page(answer)
    showings = (showing for row in page.rows for showing in row.showings)
    open_ones = (s for s in showings if s.starts >= page.now and not s.is_sold_out)
    return min(open_ones, key=lambda showing: showing.starts, default=None)


def _row(answer: dict[str, Any], here: Any) -> FilmRow:
    return FilmRow(
        film=film_from(answer["movie"]),
        showings=[showing_from(showing, here) for showing in answer["screenings"]],
        then=[_later(entry, here) for entry in answer.get("then", [])],
    )


def _later(answer: dict[str, Any], here: Any) -> LaterDay:
    times = [LaterTime(moment(t["starts_at"], here), t["screening_id"]) for t in answer["times"]]
    return LaterDay(date.fromisoformat(answer["day"]), times)


def _day_ticket(answer: dict[str, Any], chosen: date) -> DayTicket:
    day = date.fromisoformat(answer["day"])
    return DayTicket(day, answer["films"], answer["screens"], day == chosen)


def _next_day(answer: dict[str, Any] | None, here: Any) -> NextDay | None:
    if not answer:
        return None
    return NextDay(
        date.fromisoformat(answer["day"]),
        moment(answer["starts_at"], here),
        answer["title"],
        answer["screening_id"],
    )


# --- toggles ----------------------------------------------------------------------------------------------


def _filters(rows: list[FilmRow], wanted: tuple[str, ...]) -> list[Filter]:
    showings = [showing for row in rows for showing in row.showings]
    formats = list(dict.fromkeys(name for showing in showings for name in showing.formats))
    offered = [f"{FORMAT_PREFIX}{name}" for name in formats] + ["afternoon", "evening"]
    counted = [(value, sum(map(_test(value), showings))) for value in offered]
    return [
        Filter(value, count, value in wanted, _toggled(wanted, value))
        for value, count in counted
        if count or value in wanted
    ]


def _matching(rows: list[FilmRow], wanted: tuple[str, ...]) -> list[FilmRow]:
    if not wanted:
        return rows
    kept = (FilmRow(row.film, _all_tests(row.showings, wanted), row.then) for row in rows)
    return [row for row in kept if row.showings]


def _all_tests(showings: Iterable[Showing], wanted: tuple[str, ...]) -> list[Showing]:
    tests = [_test(value) for value in wanted]
    return [showing for showing in showings if all(test(showing) for test in tests)]


def _test(value: str) -> Callable[[Showing], bool]:
    if value == "evening":
        return lambda showing: showing.starts.hour >= EVENING_FROM
    if value == "afternoon":
        return lambda showing: showing.starts.hour < AFTERNOON_UNTIL
    name = value.removeprefix(FORMAT_PREFIX)
    return lambda showing: name in showing.formats


def _toggled(wanted: tuple[str, ...], value: str) -> tuple[str, ...]:
    return tuple(v for v in wanted if v != value) if value in wanted else (*wanted, value)
