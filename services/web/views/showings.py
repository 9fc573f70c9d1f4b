"""A screening and a film as pages print them."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

EVENING_HOUR = 17
PIPS = {"plenty": 3, "filling": 2, "last": 1, "sold_out": 0}


@dataclass(frozen=True)
class Showing:
    """`starts` and `ends` are in the cinema's zone."""

    id: str
    movie_id: str
    title: str
    room: str
    capacity: int
    starts: datetime
    ends: datetime
    formats: list[str]
    currency: str
    price_from_cents: int
    seats_free: int
    availability: str
    state: str

    @property
    def day(self) -> date:
        return self.starts.date()

    @property
    def is_in_the_evening(self) -> bool:
        return self.starts.hour >= EVENING_HOUR

    @property
    def pips(self) -> int:
        return PIPS.get(self.availability, 0)

    @property
    def is_sold_out(self) -> bool:
        return self.availability == "sold_out"

    @property
    def is_cancelled(self) -> bool:
        return self.state == "cancelled"


@dataclass(frozen=True)
class Film:
    id: str
    title: str
    original_title: str
    year: int | None
    runtime_minutes: int
    certificate: str
    certificate_reason: str
    language: str
    is_subtitled: bool
    genres: list[str]
    directors: list[str]
    actors: list[str]
    synopsis: str
    house_line: str
    poster_version: str

    @property
    def has_other_original(self) -> bool:
        return bool(self.original_title) and self.original_title.casefold() != self.title.casefold()


def showing_from(answer: dict[str, Any], zone: tzinfo) -> Showing:
    return Showing(
        id=answer["id"],
        movie_id=answer["movie_id"],
        title=answer["title"],
        room=str(answer["room"]["number"]),
        capacity=answer["capacity"],
        starts=moment(answer["starts_at"], zone),
        ends=moment(answer["ends_at"], zone),
        formats=list(answer.get("formats") or []),
        currency=answer["currency"],
        price_from_cents=answer["price_from_cents"],
        seats_free=answer["seats_free"],
        availability=answer["availability"],
        state=answer.get("state", ""),
    )


def film_from(answer: dict[str, Any]) -> Film:
    return Film(
        id=answer["id"],
        title=answer["title"],
        original_title=answer.get("original_title") or "",
        year=answer.get("year"),
        runtime_minutes=answer.get("runtime_minutes") or 0,
        certificate=answer.get("certificate") or "",
        certificate_reason=answer.get("certificate_reason") or "",
        language=answer.get("language") or "",
        is_subtitled=bool(answer.get("is_subtitled")),
        genres=list(answer.get("genres") or []),
        directors=list(answer.get("directors") or []),
        actors=list(answer.get("actors") or []),
        synopsis=answer.get("synopsis") or "",
        house_line=answer.get("house_line") or "",
        poster_version=(answer.get("poster_url") or "").rpartition("?v=")[2],
    )


def moment(text: str, zone: tzinfo) -> datetime:
    """An ISO time with zone, in the cinema's own."""
    return datetime.fromisoformat(text).astimezone(zone)
