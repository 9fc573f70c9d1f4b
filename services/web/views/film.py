"""The film page: when and where it plays, what it costs, and the same for machines."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from marquee import money
from marquee.clock import zone
from services.web.views.showings import Film, Showing, showing_from

_AVAILABILITY = {"sold_out": "https://schema.org/SoldOut", "last": "https://schema.org/LimitedAvailability"}


@dataclass(frozen=True)
class RoomTimes:
    room: str
    capacity: int
    formats: list[str]
    showings: list[Showing]


@dataclass(frozen=True)
class DayTab:
    day: date
    is_chosen: bool
    is_empty: bool


@dataclass(frozen=True)
class PriceLine:
    ticket_type: str
    from_cents: int
    to_cents: int


@dataclass(frozen=True)
class FilmSchedule:
    day: date | None
    tabs: list[DayTab]
    rooms: list[RoomTimes]
    prices: list[PriceLine]
    currency: str
    all_showings: list[Showing]

    @property
    def of_day(self) -> list[Showing]:
        """The times of the chosen day, soonest first."""
        return sorted((s for room in self.rooms for s in room.showings), key=lambda showing: showing.starts)

    @property
    def next_open(self) -> Showing | None:
        return next((showing for showing in self.of_day if not showing.is_sold_out), None)

    def ads_minutes(self, film: Film) -> int:
        """What comes before the film on that day; 0 where that is not the same each time."""
        lengths = {(showing.ends - showing.starts) // timedelta(minutes=1) for showing in self.of_day}
        return max(0, lengths.pop() - film.runtime_minutes) if len(lengths) == 1 else 0


@dataclass(frozen=True)
class Elsewhere:
    """The next day a film plays at another house."""

    cinema: str
    slug: str
    day: date
    showings: list[Showing]


def schedule_of(answer: dict[str, Any], wanted_day: date | None) -> FilmSchedule:
    """The times of `wanted_day`, or of the first day it plays on."""
    here = zone(answer["cinema"]["timezone"])
    days = {
        date.fromisoformat(entry["day"]): [_room(room, here) for room in entry["rooms"]]
        for entry in answer["days"]
    }
    chosen = wanted_day if wanted_day in days else min(days, default=None)
    return FilmSchedule(
        day=chosen,
        tabs=_tabs(list(days), chosen),
        rooms=days[chosen] if chosen else [],
        prices=[
            PriceLine(line["ticket_type"], line["from_cents"], line["to_cents"]) for line in answer["prices"]
        ],
        currency=answer["cinema"]["currency"],
        all_showings=[s for rooms in days.values() for room in rooms for s in room.showings],
    )


def elsewhere(answer: dict[str, Any], wanted_day: date | None) -> Elsewhere | None:
    """What the schedule of another house has; nothing where the film is not on there either."""
    schedule = schedule_of(answer, wanted_day)
    if schedule.day is None:
        return None
    return Elsewhere(answer["cinema"]["name"], answer["cinema"]["slug"], schedule.day, schedule.of_day)


def _room(answer: dict[str, Any], here: Any) -> RoomTimes:
    return RoomTimes(
        room=str(answer["room"]["number"]),
        capacity=answer["room"]["capacity"],
        formats=list(answer["formats"]),
        showings=[showing_from(showing, here) for showing in answer["screenings"]],
    )


def _tabs(days: list[date], chosen: date | None) -> list[DayTab]:
    """Days without a showing between two that have one are shown, not left out."""
    if not days:
        return []
    span = (max(days) - min(days)).days
    return [
        DayTab(day, day == chosen, day not in days)
        for day in (min(days) + timedelta(days=n) for n in range(span + 1))
    ]


# --- schema.org -------------------------------------------------------------------------------------------


def structured_data(
    film: Film, schedule: FilmSchedule | None, cinema: dict[str, Any] | None, public_url: str
) -> list[dict[str, Any]]:
    """schema.org Movie, and a ScreeningEvent for each time."""
    movie = _movie(film, public_url)
    if schedule is None or cinema is None:
        return [movie]
    return [movie, *(_event(showing, movie, cinema, public_url) for showing in schedule.all_showings)]


def _movie(film: Film, public_url: str) -> dict[str, Any]:
    data = {
        "@context": "https://schema.org",
        "@type": "Movie",
        "@id": f"{public_url}/movies/{film.id}",
        "name": film.title,
        "url": f"{public_url}/movies/{film.id}",
        "image": f"{public_url}/posters/{film.id}.svg",
        "description": film.synopsis,
        "duration": f"PT{film.runtime_minutes}M",
        "dateCreated": str(film.year or ""),
        "contentRating": film.certificate,
        "genre": film.genres,
        "director": [{"@type": "Person", "name": name} for name in film.directors],
        "actor": [{"@type": "Person", "name": name} for name in film.actors],
    }
    return {key: value for key, value in data.items() if value}


def _event(
    showing: Showing, movie: dict[str, Any], cinema: dict[str, Any], public_url: str
) -> dict[str, Any]:
    url = f"{public_url}/screenings/{showing.id}/seats"
    state = "Cancelled" if showing.is_cancelled else "Scheduled"
    return {
        "@context": "https://schema.org",
        "@type": "ScreeningEvent",
        "name": showing.title,
        "url": url,
        "startDate": showing.starts.isoformat(),
        "endDate": showing.ends.isoformat(),
        "eventStatus": f"https://schema.org/Event{state}",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "location": {
            "@type": "MovieTheater",
            "name": cinema["name"],
            "address": f"{cinema['address']}, {cinema['city']}",
        },
        "workPresented": {"@type": "Movie", "@id": movie["@id"], "name": showing.title},
        "videoFormat": ", ".join(showing.formats),
        "offers": {
            "@type": "Offer",
            "url": url,
            "price": str(money.amount(showing.price_from_cents, showing.currency)),
            "priceCurrency": showing.currency,
            "availability": _AVAILABILITY.get(showing.availability, "https://schema.org/InStock"),
        },
    }
