"""The programme as the office sees it: a week as lanes of blocks, a day as a list, today in numbers.

Places on the time line are steps of five minutes, because our content policy allows no inline styles: a block
wears the classes `at-<step>` and `for-<steps>`, which timeline_css() writes down once.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from marquee.clock import zone
from services.web.views.showings import Showing, moment, showing_from

STEP_MINUTES = 5
STEPS_PER_HOUR = 60 // STEP_MINUTES
_EARLIEST, _LATEST = 12, 24
_LONGEST_HOURS = 30


@dataclass(frozen=True)
class OfficeShowing:
    showing: Showing
    free: datetime
    trailer_minutes: int
    sold: int
    held: int
    takings_cents: int

    @property
    def share(self) -> int:
        """Of a hundred seats, how many are sold."""
        return round(100 * self.sold / self.showing.capacity) if self.showing.capacity else 0

    @property
    def is_full(self) -> bool:
        return self.sold >= self.showing.capacity

    @property
    def trailer_share(self) -> float:
        return self._part(timedelta(minutes=self.trailer_minutes))

    @property
    def cleaning_share(self) -> float:
        return self._part(self.free - self.showing.ends)

    def _part(self, part: timedelta) -> float:
        return round(100 * part / (self.free - self.showing.starts), 2)

    @property
    def minutes_of_day(self) -> int:
        return self.showing.starts.hour * 60 + self.showing.starts.minute

    @property
    def minutes(self) -> int:
        return round((self.free - self.showing.starts).total_seconds() / 60)


@dataclass(frozen=True)
class Block:
    item: OfficeShowing
    at: int
    steps: int


@dataclass(frozen=True)
class Lane:
    room: str
    blocks: list[Block]


@dataclass(frozen=True)
class Day:
    day: date
    items: list[OfficeShowing]
    lanes: list[Lane]
    now_at: int | None

    @property
    def sold(self) -> int:
        return sum(item.sold for item in self.items)

    @property
    def seats(self) -> int:
        return sum(item.showing.capacity for item in self.items)

    @property
    def takings_cents(self) -> int:
        return sum(item.takings_cents for item in self.items)

    def next_after(self, now: datetime) -> OfficeShowing | None:
        return next((item for item in self.items if item.showing.starts > now), None)


@dataclass(frozen=True)
class Week:
    days: list[Day]
    first_hour: int
    hours: int
    now: datetime

    @property
    def number(self) -> int:
        return self.days[0].day.isocalendar().week

    @property
    def first(self) -> date:
        return self.days[0].day

    @property
    def last(self) -> date:
        return self.days[-1].day

    @property
    def before(self) -> date:
        return self.first - timedelta(days=7)

    @property
    def after(self) -> date:
        return self.first + timedelta(days=7)

    @property
    def hour_words(self) -> list[str]:
        return [f"{(self.first_hour + hour) % 24:02d}" for hour in range(self.hours)]

    def of(self, day: date) -> Day:
        return next((found for found in self.days if found.day == day), self.days[0])


def week_of(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def today_at(zone_name: str, now: datetime) -> date:
    return now.astimezone(zone(zone_name)).date()


def week_from(schedule: dict[str, Any], rooms: list[str], now: datetime) -> Week:
    """`rooms` are all rooms of the house: an empty lane is where a film still fits."""
    here = zone(schedule["cinema"]["timezone"])
    by_day = {date.fromisoformat(day["day"]): _items(day, here) for day in schedule["days"]}
    everything = [item for items in by_day.values() for item in items]
    first = min([_EARLIEST, *(item.minutes_of_day // 60 for item in everything)])
    last = max([_LATEST, *(math.ceil((item.minutes_of_day + item.minutes) / 60) for item in everything)])
    local = now.astimezone(here)
    days = [_day(day, items, rooms, first, last, local) for day, items in by_day.items()]
    return Week(days, first, last - first, local)


def timeline_css() -> str:
    """Every place and length a block can have, and every width of the time line."""
    steps = _LONGEST_HOURS * STEPS_PER_HOUR
    places = [f".at-{step}{{grid-column-start:{step + 1}}}" for step in range(steps)]
    lengths = [f".for-{length}{{grid-column-end:span {length}}}" for length in range(1, steps + 1)]
    widths = [
        f".hours-{hours}{{grid-template-columns:repeat({hours * STEPS_PER_HOUR},minmax(0,1fr));"
        f"background-size:calc(100%/{hours}) 100%}}"
        for hours in range(1, _LONGEST_HOURS + 1)
    ]
    return "\n".join(places + lengths + widths)


def _items(day: dict[str, Any], here: tzinfo) -> list[OfficeShowing]:
    found = [_item(entry, here) for room in day["rooms"] for entry in room["screenings"]]
    return sorted(found, key=lambda item: (item.showing.starts, item.showing.room))


def _item(entry: dict[str, Any], here: tzinfo) -> OfficeShowing:
    return OfficeShowing(
        showing=showing_from(entry, here),
        free=moment(entry["free_at"], here),
        trailer_minutes=entry["trailer_minutes"],
        sold=entry["sold"],
        held=entry["held"],
        takings_cents=entry["takings_cents"],
    )


def _day(
    day: date, items: list[OfficeShowing], rooms: list[str], first: int, last: int, now: datetime
) -> Day:
    names = list(dict.fromkeys([*rooms, *(item.showing.room for item in items)]))
    lanes = [
        Lane(name, [_block(item, first) for item in items if item.showing.room == name]) for name in names
    ]
    return Day(day, items, lanes, _now_at(day, first, last, now))


def _block(item: OfficeShowing, first_hour: int) -> Block:
    at = (item.minutes_of_day - first_hour * 60) // STEP_MINUTES
    return Block(item, at, max(1, math.ceil(item.minutes / STEP_MINUTES)))


def _now_at(day: date, first: int, last: int, now: datetime) -> int | None:
    midnight = datetime.combine(day, time(), tzinfo=now.tzinfo)
    minutes = (now.replace(tzinfo=None) - midnight.replace(tzinfo=None)).total_seconds() / 60
    return int(minutes - first * 60) // STEP_MINUTES if first * 60 <= minutes < last * 60 else None


def affected(orders: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Who would get money back: bookings, seats and cents of everybody who paid, and how many are paying."""
    paid = [order for order in orders if order["state"] in {"confirmed", "ticketed"}]
    return {
        "bookings": len(paid),
        "seats": sum(len(order["seats"]) for order in paid),
        "cents": sum(order["total_cents"] for order in paid),
    }
