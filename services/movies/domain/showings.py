"""A screening as the programme prints it: what it is, when, how many seats are left. Reads only."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from marquee.clock import zone
from marquee.errors import NotFound
from services.movies.models import Cinema, Movie, Room, Screening, ScreeningPrice, Seat, SeatClaim

_PLENTY, _LAST = 0.40, 0.15


@dataclass(frozen=True)
class RoomOfShowing:
    id: UUID
    number: str
    capacity: int


@dataclass(frozen=True)
class Showing:
    """A screening as the programme prints it."""

    id: UUID
    movie_id: UUID
    title: str
    room: RoomOfShowing
    starts_at: datetime
    ends_at: datetime
    formats: list[str]
    currency: str
    price_from_cents: int
    seats_free: int
    companions_free: int
    state: str

    @property
    def capacity(self) -> int:
        return self.room.capacity

    @property
    def availability(self) -> str:
        # Where only companion seats are left, nothing can be bought: each goes with a wheelchair space.
        is_sold_out = self.seats_free <= self.companions_free
        return availability(0 if is_sold_out else self.seats_free, self.capacity)


def availability(seats_free: int, capacity: int) -> str:
    """The word on the time chip; the numbers are those of docs/rules/programme.md."""
    if seats_free <= 0:
        return "sold_out"
    share = seats_free / capacity
    if share > _PLENTY:
        return "plenty"
    return "filling" if share > _LAST else "last"


def showing_of(session: Session, screening_id: UUID) -> Showing:
    """One screening, whenever it is or was."""
    row = session.execute(select_showings().where(Screening.id == screening_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such screening.")
    return to_showing(row)


def showings_between(session: Session, cinema: Cinema, start: datetime, end: datetime) -> list[Showing]:
    """Everything scheduled in that span, for the office."""
    wanted = select_showings().where(
        Room.cinema_id == cinema.id,
        Screening.state == "scheduled",
        Screening.starts_at >= start,
        Screening.starts_at < end,
    )
    return [to_showing(row) for row in session.execute(wanted.order_by(Screening.starts_at, Room.number))]


def find_cinema(session: Session, slug: str | None) -> Cinema:
    wanted = select(Cinema).order_by(Cinema.name).limit(1)
    if slug is not None:
        wanted = wanted.where(Cinema.slug == slug)
    cinema = session.scalar(wanted)
    if cinema is None:
        raise NotFound("There is no such cinema.")
    return cinema


def find_movie(session: Session, movie_id: UUID, *, even_removed: bool = False) -> Movie:
    return _existing(session.get(Movie, movie_id), even_removed)


def lock_movie(session: Session, movie_id: UUID, *, shared: bool = False) -> Movie:
    """Until the end of the transaction nobody removes it; nor, unless `shared`, puts it on."""
    locked = select(Movie).where(Movie.id == movie_id).with_for_update(of=Movie, read=shared)
    return _existing(session.scalar(locked.execution_options(populate_existing=True)), even_removed=False)


def _existing(movie: Movie | None, even_removed: bool) -> Movie:
    if movie is None or (movie.deleted_at and not even_removed):
        raise NotFound("There is no such film.")
    return movie


def start_of_day(cinema: Cinema, day: date) -> datetime:
    """Midnight on the cinema's own clock, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone(cinema.timezone)).astimezone(UTC)


# --- queries ----------------------------------------------------------------------------------------------


def is_live_claim() -> Any:
    """A seat that nobody else can have now. Only the database's clock decides."""
    return or_(SeatClaim.expires_at.is_(None), SeatClaim.expires_at > func.now())


def select_showings() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Screening.id,
            Screening.movie_id,
            Movie.title,
            Screening.room_id,
            Room.number,
            Screening.starts_at,
            Screening.ends_at,
            Screening.formats,
            Screening.currency,
            Screening.state,
            _capacity().label("capacity"),
            _claimed().label("claimed"),
            _companions_free().label("companions_free"),
            _price_from().label("price_from_cents"),
        )
        .join(Movie, Movie.id == Screening.movie_id)
        .join(Room, Room.id == Screening.room_id)
    )


def select_upcoming(not_before: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select_showings()
        .where(Screening.state == "scheduled", Screening.starts_at >= not_before)
        .order_by(Screening.starts_at, Room.number)
    )


def _capacity() -> ScalarSelect[int]:
    return select(func.count()).where(Seat.plan_id == Screening.plan_id).scalar_subquery()


def _claimed() -> ScalarSelect[int]:
    claims = select(func.count()).where(SeatClaim.screening_id == Screening.id, is_live_claim())
    return claims.scalar_subquery()


def _companions_free() -> ScalarSelect[int]:
    claim = exists().where(
        SeatClaim.screening_id == Screening.id, SeatClaim.seat == Seat.label, is_live_claim()
    )
    companions = select(func.count()).where(
        Seat.plan_id == Screening.plan_id, Seat.kind == "companion", ~claim.correlate(Seat, Screening)
    )
    return companions.correlate(Screening).scalar_subquery()


def _price_from() -> ScalarSelect[int]:
    prices = select(func.min(ScreeningPrice.price_cents)).where(
        ScreeningPrice.screening_id == Screening.id, ScreeningPrice.ticket_type == "adult"
    )
    return func.coalesce(prices.scalar_subquery(), 0)  # type: ignore[return-value]


def to_showing(row: Any) -> Showing:
    return Showing(
        id=row.id,
        movie_id=row.movie_id,
        title=row.title,
        room=RoomOfShowing(row.room_id, row.number, row.capacity),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        formats=list(row.formats),
        currency=row.currency,
        price_from_cents=row.price_from_cents,
        seats_free=max(row.capacity - row.claimed, 0),
        companions_free=row.companions_free,
        state=row.state,
    )
