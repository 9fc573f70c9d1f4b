"""Cinemas and their rooms. Rules: docs/rules/programme.md."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from marquee.db import constraint_of
from marquee.errors import NotFound
from services.movies.domain import screenings
from services.movies.domain.layouts import Layout, draw
from services.movies.domain.plans import add_plan
from services.movies.domain.programme_problems import RoomExists, RoomInUse, WhichCinema
from services.movies.models import Cinema, Room, Screening, Seat, SeatPlan

CHANGEABLE = frozenset({"number", "about", "step_free", "cleaning_minutes"})


@dataclass(frozen=True)
class CinemaFacts:
    id: UUID
    slug: str
    name: str
    address: str
    city: str
    timezone: str
    currency: str
    about: str
    rooms: int
    seats: int


@dataclass(frozen=True)
class RoomFacts:
    """A room with the newest version of its plan."""

    id: UUID
    cinema_id: UUID
    cinema: str
    number: str
    about: str
    step_free: bool
    cleaning_minutes: int
    rows: int
    cols: int
    capacity: int
    kinds: dict[str, int]
    plan_id: UUID
    plan_version: int


def list_cinemas(session: Session) -> list[CinemaFacts]:
    rooms: dict[UUID, list[RoomFacts]] = defaultdict(list)
    for room in list_rooms(session):
        rooms[room.cinema_id].append(room)
    cinemas = session.scalars(select(Cinema).order_by(Cinema.name))
    return [_cinema_facts(cinema, rooms[cinema.id]) for cinema in cinemas]


def list_rooms(session: Session, slug: str | None = None) -> list[RoomFacts]:
    """Rooms in use, by cinema and number; of one cinema when its slug is given."""
    wanted = select(Room).join(Cinema).where(Room.deleted_at.is_(None)).order_by(Cinema.name, Room.number)
    if slug is not None:
        wanted = wanted.where(Cinema.slug == slug)
    return _with_plans(session, session.scalars(wanted))


def find_room(session: Session, room_id: UUID) -> RoomFacts:
    room = session.get(Room, room_id)
    if room is None or room.deleted_at is not None:
        raise NotFound("There is no such room.")
    return _with_plans(session, [room])[0]


def add_room(
    session: Session, cinema_id: UUID, number: str, layout: Layout, facts: Mapping[str, Any] | None = None
) -> RoomFacts:
    """A room with its first plan; one of that number that was removed comes back. Raises RoomExists."""
    drawn = draw(layout)
    room = session.scalar(
        select(Room).where(Room.cinema_id == cinema_id, Room.number == number).with_for_update(of=Room)
    )
    if room is None:
        room = Room(cinema_id=cinema_id, number=number)
        session.add(room)
    elif room.deleted_at is None:
        raise RoomExists(f"Room {number} is there already.")
    room.deleted_at = None
    _write(session, room, facts or {})
    add_plan(session, room, drawn)
    return find_room(session, room.id)


def change_room(session: Session, room_id: UUID, changes: Mapping[str, Any]) -> RoomFacts:
    """Only what `changes` names. A new cleaning time counts for screenings made from now on."""
    room = screenings.lock_room(session, room_id)
    _write(session, room, changes)
    return find_room(session, room_id)


def remove_room(session: Session, room_id: UUID, *, now: datetime) -> None:
    """With its unsold screenings to come. Raises RoomInUse when any has been booked."""
    room = screenings.lock_room(session, room_id)
    booked = screenings.withdraw_unsold(session, Screening.room_id == room_id, now=now, reason="Room closed")
    if booked:
        raise RoomInUse(
            "Cancel these screenings first; everybody gets the money back.",
            screenings=[sold.as_member() for sold in booked],
        )
    room.deleted_at = now


def choose_cinema(session: Session, *, cinema_id: UUID | None = None, slug: str | None = None) -> Cinema:
    """By id or slug; without either, the only one there is. Raises WhichCinema, NotFound."""
    wanted = select(Cinema).limit(2)
    if cinema_id is not None:
        wanted = wanted.where(Cinema.id == cinema_id)
    if slug is not None:
        wanted = wanted.where(Cinema.slug == slug)
    found = list(session.scalars(wanted))
    if not found:
        raise NotFound("There is no such cinema.")
    if len(found) > 1:
        raise WhichCinema("There are several; name one by cinema_id or cinema (its slug).")
    return found[0]


def find_room_by_number(session: Session, number: str, slug: str | None = None) -> Room:
    """By its number alone. Raises WhichCinema when several cinemas have that one."""
    wanted = select(Room).join(Cinema).where(Room.number == number, Room.deleted_at.is_(None)).limit(2)
    found = list(session.scalars(wanted.where(Cinema.slug == slug) if slug else wanted))
    if not found:
        raise NotFound(f"There is no room {number}.")
    if len(found) > 1:
        raise WhichCinema(f"Several cinemas have a room {number}; name one by cinema (its slug).")
    return found[0]


def _write(session: Session, room: Room, changes: Mapping[str, Any]) -> None:
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise TypeError(f"a room has no {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        setattr(room, name, value)
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_rooms_cinema_id_number":
            raise RoomExists("This cinema has, or had, a room of that number.") from error
        raise


def _with_plans(session: Session, rooms: Iterable[Room]) -> list[RoomFacts]:
    rooms = list(rooms)
    counted = session.execute(
        select(
            SeatPlan.room_id,
            SeatPlan.id,
            SeatPlan.version,
            Seat.kind,
            func.count().label("seats"),
            func.max(Seat.row_rank).label("last_row"),
            func.max(Seat.number).label("cols"),
        )
        .join(Seat, Seat.plan_id == SeatPlan.id)
        .where(SeatPlan.room_id.in_([room.id for room in rooms]), SeatPlan.version == _newest_version())
        .group_by(SeatPlan.room_id, SeatPlan.id, SeatPlan.version, Seat.kind)
        .order_by(Seat.kind)
    )
    by_room = defaultdict(list)
    for row in counted:
        by_room[row.room_id].append(row)
    return [_room_facts(room, by_room[room.id]) for room in rooms if by_room[room.id]]


def _newest_version() -> Any:
    other = aliased(SeatPlan)
    return select(func.max(other.version)).where(other.room_id == SeatPlan.room_id).scalar_subquery()


def _room_facts(room: Room, kinds: list[Any]) -> RoomFacts:
    return RoomFacts(
        id=room.id,
        cinema_id=room.cinema_id,
        cinema=room.cinema.slug,
        number=room.number,
        about=room.about,
        step_free=room.step_free,
        cleaning_minutes=room.cleaning_minutes,
        rows=max(row.last_row for row in kinds) + 1,
        cols=max(row.cols for row in kinds),
        capacity=sum(row.seats for row in kinds),
        kinds={row.kind: row.seats for row in kinds},
        plan_id=kinds[0].id,
        plan_version=kinds[0].version,
    )


def _cinema_facts(cinema: Cinema, rooms: list[RoomFacts]) -> CinemaFacts:
    return CinemaFacts(
        id=cinema.id,
        slug=cinema.slug,
        name=cinema.name,
        address=cinema.address,
        city=cinema.city,
        timezone=cinema.timezone,
        currency=cinema.currency,
        about=cinema.about,
        rooms=len(rooms),
        seats=sum(room.capacity for room in rooms),
    )
