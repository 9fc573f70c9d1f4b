"""What managers see of the programme: how much is sold, and to whom. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from marquee.clock import zone
from marquee.errors import Invalid
from services.movies.domain.showings import (
    RoomOfShowing,
    Showing,
    is_live_claim,
    showings_between,
    start_of_day,
)
from services.movies.models import Cinema, Reservation, Screening, SeatClaim

LONGEST_SPAN = timedelta(days=31)
FARTHEST = timedelta(days=3660)
_SOLD = ("confirmed", "ticketed")
# After an hour without any answer.
_MANY_REMINDERS = 6


@dataclass(frozen=True)
class OfficeShowing:
    showing: Showing
    free_at: datetime
    trailer_minutes: int
    sold: int
    held: int
    takings_cents: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.showing, name)


@dataclass(frozen=True)
class OfficeRoom:
    room: RoomOfShowing
    screenings: list[OfficeShowing]


@dataclass(frozen=True)
class OfficeDay:
    day: date
    rooms: list[OfficeRoom]


def week_grid(
    session: Session, cinema: Cinema, first: date | None, last: date | None, *, now: datetime
) -> list[OfficeDay]:
    """Every scheduled screening from `first` (today) to `last` (six days on), by day and room, with what is sold."""
    today = now.astimezone(zone(cinema.timezone)).date()
    first = first or today
    if abs(first - today) > FARTHEST:
        raise Invalid(f"Ask for days within {FARTHEST.days} days of today.")
    last = last or first + timedelta(days=6)
    if not timedelta(0) <= last - first <= LONGEST_SPAN:
        raise Invalid(f"Ask for up to {LONGEST_SPAN.days} days, the first before the last.")
    showings = showings_between(
        session, cinema, start_of_day(cinema, first), start_of_day(cinema, last + timedelta(days=1))
    )
    here = zone(cinema.timezone)
    by_day = {
        day: list(rows)
        for day, rows in groupby(
            _with_sales(session, showings), key=lambda row: row.showing.starts_at.astimezone(here).date()
        )
    }
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    return [OfficeDay(day, _by_room(by_day.get(day, []))) for day in days]


def showings_of(session: Session, cinema: Cinema, start: datetime, end: datetime) -> list[Showing]:
    """What begins from `start` on and before `end`, by start; also what has begun."""
    if not timedelta(0) <= end - start <= LONGEST_SPAN:
        raise Invalid(f"Ask for up to {LONGEST_SPAN.days} days, the first before the last.")
    return showings_between(session, cinema, start, end)


def orders_of(session: Session, screening_id: UUID) -> list[Reservation]:
    """Who has, had or wants seats, newest first; holds that came to nothing are left out."""
    wanted = select(Reservation).where(
        Reservation.screening_id == screening_id,
        Reservation.email != "",
    )
    return list(session.scalars(wanted.order_by(Reservation.created_at.desc())))


def refunds_in_trouble(session: Session) -> list[Reservation]:
    """Money that should have gone back and cannot, or of which payment says nothing however often it is asked."""
    wanted = select(Reservation).where(
        Reservation.state == "refund_due",
        or_(Reservation.refund_trouble != "", Reservation.reminders >= _MANY_REMINDERS),
    )
    wanted = wanted.options(joinedload(Reservation.screening)).order_by(Reservation.created_at)
    return list(session.scalars(wanted))


def _with_sales(session: Session, showings: list[Showing]) -> list[OfficeShowing]:
    ids = [showing.id for showing in showings]
    times = {row.id: row for row in session.execute(_times(ids))}
    seats = {row.screening_id: row for row in session.execute(_seats(ids))}
    takings = {row.screening_id: row.cents for row in session.execute(_takings(ids))}
    return [
        OfficeShowing(
            showing=showing,
            free_at=times[showing.id].free_at,
            trailer_minutes=times[showing.id].trailer_minutes,
            sold=seats[showing.id].sold if showing.id in seats else 0,
            held=seats[showing.id].held if showing.id in seats else 0,
            takings_cents=takings.get(showing.id, 0),
        )
        for showing in showings
    ]


def _times(ids: list[UUID]) -> Any:
    return select(Screening.id, Screening.free_at, Screening.trailer_minutes).where(Screening.id.in_(ids))


def _seats(ids: list[UUID]) -> Any:
    is_sold = Reservation.state.in_(_SOLD)
    return (
        select(
            SeatClaim.screening_id,
            func.count(case((is_sold, 1))).label("sold"),
            func.count(case((~is_sold, 1))).label("held"),
        )
        .join(Reservation, Reservation.id == SeatClaim.reservation_id)
        .where(SeatClaim.screening_id.in_(ids), is_live_claim())
        .group_by(SeatClaim.screening_id)
    )


def _takings(ids: list[UUID]) -> Any:
    return (
        select(Reservation.screening_id, func.sum(Reservation.total_cents).label("cents"))
        .where(Reservation.screening_id.in_(ids), Reservation.state.in_(_SOLD))
        .group_by(Reservation.screening_id)
    )


def _by_room(showings: Iterable[OfficeShowing]) -> list[OfficeRoom]:
    rooms: dict[UUID, list[OfficeShowing]] = {}
    for row in sorted(showings, key=lambda row: (row.showing.room.number, row.showing.starts_at)):
        rooms.setdefault(row.showing.room.id, []).append(row)
    return [OfficeRoom(rows[0].showing.room, rows) for rows in rooms.values()]
