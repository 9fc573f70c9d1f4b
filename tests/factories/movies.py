"""A small world for tests of the movies service: each maker fills in what a test does not care about."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from sqlalchemy.orm import Session

from services.movies.models import (
    SEAT_KINDS,
    TICKET_TYPES,
    Cinema,
    Credit,
    Movie,
    Room,
    Screening,
    ScreeningPrice,
    Seat,
    SeatPlan,
)

Row = TypeVar("Row")
_numbers = count(1)
# Dearer seats and cheaper tickets, so that a mix-up shows in the total.
SEAT_PRICES = {
    "standard": 1150,
    "premium": 1450,
    "sofa": 1600,
    "wheelchair": 1150,
    "companion": 1150,
    "restricted": 900,
}
TICKET_DISCOUNTS = {"adult": 0, "child": 400, "student": 250, "senior": 200, "carer": None}


def price_of(kind: str, ticket_type: str = "adult") -> int:
    discount = TICKET_DISCOUNTS[ticket_type]
    return 0 if discount is None else SEAT_PRICES[kind] - discount


def add_cinema(session: Session, **given: object) -> Cinema:
    number = next(_numbers)
    facts = {
        "slug": f"orion-{number}",
        "name": "The Orion",
        "address": "3 Quay Street",
        "city": "Utrecht",
        "timezone": "Europe/Amsterdam",
        "currency": "EUR",
    }
    return _added(session, Cinema(**(facts | given)))


def add_movie(session: Session, *, director: str = "Agnès Varda", **given: object) -> Movie:
    number = next(_numbers)
    facts = {
        "title": f"Cléo from 5 to 7 ({number})",
        "original_title": "Cléo de 5 à 7",
        "year": 1962,
        "runtime_minutes": 90,
        "certificate": "PG",
        "genres": ["Drama"],
    }
    movie = Movie(**(facts | given))
    movie.credits = [Credit(job="director", position=0, name=director)]
    return _added(session, movie)


def add_room(session: Session, cinema: Cinema | None = None, **given: object) -> Room:
    cinema = cinema or add_cinema(session)
    facts = {"cinema_id": cinema.id, "number": str(next(_numbers)), "cleaning_minutes": 15}
    return _added(session, Room(**(facts | given)))


def add_plan(
    session: Session,
    room: Room,
    *,
    rows: int = 6,
    seats: int = 10,
    kinds: dict[str, str] | None = None,
    partners: dict[str, str] | None = None,
    version: int = 1,
) -> SeatPlan:
    """`rows` x `seats` standard seats A1, A2 …; `kinds` and `partners` name the exceptions by label."""
    kinds, partners = kinds or {}, partners or {}
    plan = SeatPlan(room_id=room.id, version=version, drawing={})
    for rank in range(rows):
        letter = chr(ord("A") + rank)
        for number in range(1, seats + 1):
            label = f"{letter}{number}"
            plan.seats.append(
                Seat(
                    label=label,
                    row=letter,
                    row_rank=rank,
                    number=number,
                    kind=kinds.get(label, "standard"),
                    partner=partners.get(label),
                    x=float(number),
                    y=float(rank + 1),
                )
            )
    return _added(session, plan)


def add_screening(
    session: Session,
    *,
    movie: Movie | None = None,
    room: Room | None = None,
    plan: SeatPlan | None = None,
    starts_in: timedelta = timedelta(hours=5),
    kinds: Iterable[str] = SEAT_KINDS,
    **given: object,
) -> Screening:
    """A screening on sale, with a price for every kind of seat and ticket."""
    movie = movie or add_movie(session)
    room = room or add_room(session)
    plan = plan or add_plan(session, room)
    starts_at = datetime.now(UTC) + starts_in
    ends_at = starts_at + timedelta(minutes=15 + movie.runtime_minutes)
    facts = {
        "movie_id": movie.id,
        "room_id": room.id,
        "plan_id": plan.id,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "free_at": ends_at + timedelta(minutes=room.cleaning_minutes),
        "currency": room.cinema.currency,
        "formats": ["35 mm"],
    }
    screening = Screening(**(facts | given))
    screening.prices = [
        ScreeningPrice(kind=kind, ticket_type=ticket_type, price_cents=price_of(kind, ticket_type))
        for kind in kinds
        for ticket_type in TICKET_TYPES
    ]
    return _added(session, screening)


def _added(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
