"""Putting screenings on, moving them, taking them off. Rules: docs/rules/programme.md.

A room is locked before its times are changed, so that two managers wait for one another and the second gets a
clear answer; the database's exclusion constraint holds the rule whoever forgets.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, lazyload

from marquee.clock import zone
from marquee.db import constraint_of
from marquee.errors import NotFound
from services.movies.domain import prices, transitions
from services.movies.domain.programme_problems import (
    NoSuchTime,
    RoomClash,
    ScreeningSold,
    StartPassed,
    StartTooFar,
)
from services.movies.domain.showings import is_live_claim, lock_movie
from services.movies.models import Cinema, Movie, Reservation, Room, Screening, SeatClaim, SeatPlan

FARTHEST_START = timedelta(days=400)
_START_STEP = timedelta(minutes=5)


@dataclass(frozen=True)
class ScreeningWish:
    """What a manager asks for. Without a card a screening keeps the prices it has; a new one takes the first card's."""

    movie_id: UUID
    room_id: UUID
    starts_at: datetime
    formats: list[str]
    trailer_minutes: int = 15
    price_card_id: UUID | None = None


@dataclass(frozen=True)
class SoldScreening:
    id: UUID
    title: str
    starts_at: datetime
    seats: int

    def as_member(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "starts_at": self.starts_at.isoformat(),
            "seats": self.seats,
        }


def put_on(session: Session, wish: ScreeningWish, *, now: datetime) -> Screening:
    """Schedule a screening with the prices of its card as they are now.

    Raises StartPassed, StartTooFar, RoomClash (with the first free start), PricesMissing, NotFound.
    """
    movie = lock_movie(session, wish.movie_id, shared=True)
    room = lock_room(session, wish.room_id)
    screening = Screening(id=uuid4(), plan_id=newest_plan_id(session, room.id))
    return _arrange(session, screening, movie, room, wish, now)


def change(session: Session, screening_id: UUID, wish: ScreeningWish, *, now: datetime) -> Screening:
    """Move or alter a screening that nobody has seats for, or ever paid for.

    Raises ScreeningSold and what put_on raises.
    """
    movie = lock_movie(session, wish.movie_id, shared=True)
    screening = lock_screening(session, screening_id)
    if screening.starts_at <= now:
        raise StartPassed("That screening has begun.")
    refuse_when_claimed(session, screening)
    if paid_for(session, [screening.id]):
        raise ScreeningSold(
            "Somebody paid for it, or began to. Cancel it instead, and put on another.", seats=0
        )
    forget_lapsed_holds(session, [screening.id])
    room = lock_room(session, wish.room_id)
    keeps_prices = wish.price_card_id is None and room.cinema_id == screening.room.cinema_id
    if room.id != screening.room_id:
        screening.plan_id = newest_plan_id(session, room.id)
    return _arrange(session, screening, movie, room, wish, now, keeps_prices=keeps_prices)


def withdraw(session: Session, screening_id: UUID) -> None:
    """Take an unsold screening off. Raises ScreeningSold: then it must be cancelled, which pays people back."""
    screening = lock_screening(session, screening_id)
    refuse_when_claimed(session, screening)
    transitions.call_off(session, screening, "Taken off the programme")


def withdraw_unsold(
    session: Session, condition: ColumnElement[bool], *, now: datetime, reason: str
) -> list[SoldScreening]:
    """Take off all screenings to come that meet `condition`, or, when any has been booked, none of them.

    Answers those that have been booked; the caller refuses then.
    """
    upcoming = lock_upcoming(session, condition, now)
    claimed = claimed_seats(session, [screening.id for screening in upcoming])
    booked = [_sold(screening, claimed) for screening in upcoming if screening.id in claimed]
    if not booked:
        for screening in upcoming:
            transitions.call_off(session, screening, reason)
    return booked


def local_start(cinema: Cinema, day: date, clock: time) -> datetime:
    """That wall-clock time at the cinema, in UTC; of a time that comes twice, the first. Raises NoSuchTime."""
    if not 2000 <= day.year <= 2200:
        raise StartTooFar("That is no year to show films in.")
    here = zone(cinema.timezone)
    wanted = datetime.combine(day, clock.replace(tzinfo=None), tzinfo=here)
    there = wanted.astimezone(UTC).astimezone(here)
    if there.replace(tzinfo=None) != wanted.replace(tzinfo=None):
        raise NoSuchTime(
            f"The clocks go forward that night: after {clock:%H:%M} comes {there:%H:%M}.",
            next_time=there.isoformat(),
        )
    return wanted.astimezone(UTC)


def find_screening(session: Session, screening_id: UUID) -> Screening:
    screening = session.get(Screening, screening_id)
    if screening is None:
        raise NotFound("There is no such screening.")
    return screening


# --- locks ------------------------------------------------------------------------------------------------


def lock_room(session: Session, room_id: UUID) -> Room:
    room = session.scalar(
        select(Room)
        .where(Room.id == room_id, Room.deleted_at.is_(None))
        .with_for_update(of=Room, key_share=True)
        .execution_options(populate_existing=True)
    )
    if room is None:
        raise NotFound("There is no such room.")
    return room


def lock_screening(session: Session, screening_id: UUID) -> Screening:
    """Nobody gets a seat in it until the end of the transaction: claims refer to this row."""
    screening: Screening | None = session.scalar(_locked(Screening.id == screening_id))
    if screening is None or screening.state != "scheduled":
        raise NotFound("There is no such screening.")
    return screening


def lock_upcoming(session: Session, condition: ColumnElement[bool], now: datetime) -> list[Screening]:
    return list(
        session.scalars(
            _locked(condition, Screening.state == "scheduled", Screening.starts_at > now).order_by(
                Screening.id
            )
        )
    )


def _locked(*conditions: ColumnElement[bool]) -> Any:
    plain = select(Screening).options(lazyload(Screening.movie), lazyload(Screening.room))
    locked = plain.where(*conditions).with_for_update(of=Screening)
    return locked.execution_options(populate_existing=True)


def claimed_seats(session: Session, screenings: Iterable[UUID]) -> dict[UUID, int]:
    """How many seats of each are held or sold; those without any are left out."""
    found = session.execute(
        select(SeatClaim.screening_id, func.count().label("seats"))
        .where(SeatClaim.screening_id.in_(list(screenings)), is_live_claim())
        .group_by(SeatClaim.screening_id)
    )
    return {row.screening_id: row.seats for row in found}


def paid_for(session: Session, screenings: Iterable[UUID]) -> set[UUID]:
    """Those that somebody paid for, or began to. Tickets, refunds and late money speak of them as they were sold."""
    bookings = select(Reservation.screening_id).where(
        Reservation.screening_id.in_(list(screenings)), Reservation.attempt > 0
    )
    return set(session.scalars(bookings))


def forget_lapsed_holds(session: Session, screenings: Iterable[UUID]) -> None:
    """Of screenings about to change, in which nobody has seats: or these could still be paid, for something else than
    was shown."""
    unpaid = delete(Reservation).where(
        Reservation.screening_id.in_(list(screenings)), Reservation.attempt == 0
    )
    session.execute(unpaid.execution_options(synchronize_session=False))


def refuse_when_claimed(session: Session, screening: Screening) -> None:
    seats = claimed_seats(session, [screening.id]).get(screening.id, 0)
    if seats:
        raise ScreeningSold("Cancel it instead; everybody gets the money back.", seats=seats)


# --- arranging --------------------------------------------------------------------------------------------


def newest_plan_id(session: Session, room_id: UUID) -> UUID:
    plan_id = session.scalar(
        select(SeatPlan.id).where(SeatPlan.room_id == room_id).order_by(SeatPlan.version.desc()).limit(1)
    )
    if plan_id is None:
        raise NotFound("That room has no seat plan yet.")
    return plan_id


def _arrange(
    session: Session,
    screening: Screening,
    movie: Movie,
    room: Room,
    wish: ScreeningWish,
    now: datetime,
    *,
    keeps_prices: bool = False,
) -> Screening:
    slot = _slot_for(screening.id, room, movie, wish, now)
    with _explaining_clashes(session, slot):
        session.add(screening)
        screening.movie_id, screening.room_id = movie.id, room.id
        screening.starts_at, screening.ends_at, screening.free_at = slot.starts_at, slot.ends_at, slot.free_at
        screening.trailer_minutes = wish.trailer_minutes
        screening.formats = list(wish.formats)
        screening.currency = room.cinema.currency
        if keeps_prices:
            prices.require_prices(session, screening)
        else:
            prices.copy_to_screening(session, screening, room.cinema_id, wish.price_card_id)
        session.flush()
    session.refresh(screening)
    return screening


@dataclass(frozen=True)
class _Slot:
    """The time a screening wants a room for."""

    screening_id: UUID
    room_id: UUID
    starts_at: datetime
    ends_at: datetime
    free_at: datetime


def _slot_for(screening_id: UUID, room: Room, movie: Movie, wish: ScreeningWish, now: datetime) -> _Slot:
    starts_at = _acceptable_start(wish.starts_at, now)
    ends_at = starts_at + timedelta(minutes=wish.trailer_minutes + movie.runtime_minutes)
    return _Slot(
        screening_id, room.id, starts_at, ends_at, ends_at + timedelta(minutes=room.cleaning_minutes)
    )


def _acceptable_start(starts_at: datetime, now: datetime) -> datetime:
    if starts_at <= now:
        raise StartPassed("A screening starts in the future.")
    if starts_at > now + FARTHEST_START:
        raise StartTooFar(f"A screening starts within {FARTHEST_START.days} days.")
    return starts_at.astimezone(UTC)


@contextmanager
def _explaining_clashes(session: Session, slot: _Slot) -> Iterator[None]:
    """The savepoint lets us still ask what is in the way after the constraint has refused."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        if constraint_of(error) != "no_clash":
            raise
        raise _clash_of(session, slot) from error


def _clash_of(session: Session, slot: _Slot) -> RoomClash:
    taken = _occupied_from(session, slot)
    overlaps = next((row for row in taken if row.starts_at < slot.free_at), None)
    if overlaps is None:
        return RoomClash("What was in the way has just been taken off. Please try again.")
    return RoomClash(
        f"“{overlaps.title}” needs the room from {overlaps.starts_at:%H:%M} to {overlaps.free_at:%H:%M} UTC, "
        "cleaning included.",
        overlaps={
            "screening_id": overlaps.id,
            "title": overlaps.title,
            "starts_at": overlaps.starts_at.isoformat(),
            "ends_at": overlaps.ends_at.isoformat(),
            "free_at": overlaps.free_at.isoformat(),
        },
        first_free_start=_first_free_start(slot, taken).isoformat(),
    )


def _occupied_from(session: Session, slot: _Slot) -> Sequence[Any]:
    """What else is in that room from the wanted start on, in order."""
    return session.execute(
        select(Screening.id, Screening.starts_at, Screening.ends_at, Screening.free_at, Movie.title)
        .join(Movie, Movie.id == Screening.movie_id)
        .where(
            Screening.room_id == slot.room_id,
            Screening.state == "scheduled",
            Screening.id != slot.screening_id,
            Screening.free_at > slot.starts_at,
        )
        .order_by(Screening.starts_at)
    ).all()


def _first_free_start(slot: _Slot, taken: Sequence[Any]) -> datetime:
    needs = slot.free_at - slot.starts_at
    start = slot.starts_at
    for row in taken:
        if start + needs <= row.starts_at:
            break
        start = max(start, _rounded_up(row.free_at))
    return start


def _rounded_up(moment: datetime) -> datetime:
    past = timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return moment - past + _START_STEP if past else moment


def _sold(screening: Screening, claimed: dict[UUID, int]) -> SoldScreening:
    return SoldScreening(screening.id, screening.movie.title, screening.starts_at, claimed[screening.id])
