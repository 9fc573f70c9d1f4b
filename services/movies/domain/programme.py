"""What plays: reads for pages and programs, a few queries each. Nothing here changes anything.

Rules: docs/rules/programme.md. A day is a calendar day of the cinema's own zone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marquee.clock import zone
from marquee.errors import NotFound
from services.movies.domain.showings import (
    RoomOfShowing,
    Showing,
    find_cinema,
    find_movie,
    select_upcoming,
    start_of_day,
    to_showing,
)
from services.movies.models import Cinema, Movie, Room, Screening, ScreeningPrice

DAYS_AHEAD = 14
_FORTNIGHT = timedelta(days=DAYS_AHEAD)
# Days further away than this are no question a person asks, and the calendar ends somewhere.
_FARTHEST = timedelta(days=400)


@dataclass(frozen=True)
class LaterTime:
    starts_at: datetime
    screening_id: UUID


@dataclass(frozen=True)
class LaterDay:
    day: date
    times: list[LaterTime]


@dataclass(frozen=True)
class FilmOfDay:
    movie: Movie
    screenings: list[Showing]
    then: list[LaterDay]


@dataclass(frozen=True)
class DayOnStrip:
    day: date
    films: int
    screens: int


@dataclass(frozen=True)
class NextDay:
    day: date
    starts_at: datetime
    title: str
    screening_id: UUID


@dataclass(frozen=True)
class Programme:
    cinema: Cinema
    day: date
    now: datetime
    days: list[DayOnStrip]
    films: list[FilmOfDay]
    next: Showing | None
    next_day: NextDay | None


@dataclass(frozen=True)
class RoomTimes:
    room: RoomOfShowing
    formats: list[str]
    screenings: list[Showing]


@dataclass(frozen=True)
class ScheduleDay:
    day: date
    rooms: list[RoomTimes]


@dataclass(frozen=True)
class PriceRange:
    ticket_type: str
    from_cents: int
    to_cents: int


@dataclass(frozen=True)
class FilmSchedule:
    cinema: Cinema
    days: list[ScheduleDay]
    prices: list[PriceRange]


def programme_of_day(
    session: Session, slug: str | None, day: date | None, *, now: datetime, grace: timedelta
) -> Programme:
    """The day at the cinema `slug` (without one: the first), from `now` on; past starts stay for `grace`."""
    cinema = find_cinema(session, slug)
    local = _local_day_of(cinema)
    today = local(now)
    day = day or today
    if abs(day - today) > _FARTHEST:
        raise NotFound("There is no programme for that day.")
    outline = _outline(session, cinema, now - grace, until=start_of_day(cinema, max(today, day) + _FORTNIGHT))
    showings = _showings_between(session, cinema, day, not_before=now - grace)
    movies = _movies_by_id(session, {showing.movie_id for showing in showings})
    return Programme(
        cinema=cinema,
        day=day,
        now=now,
        days=_strip(outline, today, local),
        films=_films_of_day(showings, movies, outline, local, day),
        next=next((showing for showing in showings if showing.starts_at >= now), None),
        next_day=_next_day(outline, local, day),
    )


def schedule_of_movie(
    session: Session, movie_id: UUID, slug: str | None, *, now: datetime, grace: timedelta
) -> FilmSchedule:
    """All times to come of one film at one cinema, by day, room and format."""
    cinema = find_cinema(session, slug)
    find_movie(session, movie_id)
    upcoming = select_upcoming(now - grace).where(Screening.movie_id == movie_id, Room.cinema_id == cinema.id)
    showings = [to_showing(row) for row in session.execute(upcoming)]
    local = _local_day_of(cinema)
    days = [
        ScheduleDay(day, _by_room(list(times)))
        for day, times in groupby(showings, key=lambda showing: local(showing.starts_at))
    ]
    return FilmSchedule(cinema, days, _price_ranges(session, [showing.id for showing in showings]))


def screenings_of_movie(
    session: Session, movie_id: UUID, *, now: datetime, grace: timedelta
) -> list[Showing]:
    """Times to come at every cinema, soonest first."""
    find_movie(session, movie_id)
    rows = session.execute(select_upcoming(now - grace).where(Screening.movie_id == movie_id))
    return [to_showing(row) for row in rows]


# --- queries ----------------------------------------------------------------------------------------------


def _showings_between(session: Session, cinema: Cinema, day: date, *, not_before: datetime) -> list[Showing]:
    start, end = start_of_day(cinema, day), start_of_day(cinema, day + timedelta(days=1))
    wanted = select_upcoming(max(start, not_before)).where(
        Screening.starts_at < end, Room.cinema_id == cinema.id
    )
    return [to_showing(row) for row in session.execute(wanted)]


def _outline(session: Session, cinema: Cinema, not_before: datetime, *, until: datetime) -> Sequence[Any]:
    """What plays over the coming days, without counting seats: for the strip and the "then" lines."""
    wanted = (
        select(Screening.id, Screening.movie_id, Screening.room_id, Screening.starts_at, Movie.title)
        .join(Movie, Movie.id == Screening.movie_id)
        .join(Room, Room.id == Screening.room_id)
        .where(
            Room.cinema_id == cinema.id,
            Screening.state == "scheduled",
            Screening.starts_at >= not_before,
            Screening.starts_at < until,
        )
        .order_by(Screening.starts_at, Room.number)
    )
    return session.execute(wanted).all()


def _movies_by_id(session: Session, ids: Iterable[UUID]) -> dict[UUID, Movie]:
    found = session.scalars(select(Movie).where(Movie.id.in_(list(ids))))
    return {movie.id: movie for movie in found}


def _price_ranges(session: Session, screenings: list[UUID]) -> list[PriceRange]:
    price, ticket_type = ScreeningPrice.price_cents, ScreeningPrice.ticket_type
    found = session.execute(
        select(ticket_type, func.min(price), func.max(price))
        .where(ScreeningPrice.screening_id.in_(screenings))
        .group_by(ticket_type)
        .order_by(func.max(price).desc(), ticket_type)
    )
    return [PriceRange(*row) for row in found]


# --- arranging --------------------------------------------------------------------------------------------


def _films_of_day(
    showings: list[Showing],
    movies: dict[UUID, Movie],
    outline: Sequence[Any],
    local: Callable[[datetime], date],
    day: date,
) -> list[FilmOfDay]:
    """In the order of their first start."""
    by_movie: dict[UUID, list[Showing]] = {}
    for showing in showings:
        by_movie.setdefault(showing.movie_id, []).append(showing)
    later = [row for row in outline if local(row.starts_at) > day]
    return [FilmOfDay(movies[id_], times, _then(id_, later, local)) for id_, times in by_movie.items()]


def _then(movie_id: UUID, later: Sequence[Any], local: Callable[[datetime], date]) -> list[LaterDay]:
    mine = [row for row in later if row.movie_id == movie_id]
    return [
        LaterDay(day, [LaterTime(row.starts_at, row.id) for row in rows])
        for day, rows in groupby(mine, key=lambda row: local(row.starts_at))
    ]


def _strip(outline: Sequence[Any], today: date, local: Callable[[datetime], date]) -> list[DayOnStrip]:
    by_day = {day: list(rows) for day, rows in groupby(outline, key=lambda row: local(row.starts_at))}
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD)]
    return [
        DayOnStrip(
            day,
            films=len({row.movie_id for row in by_day.get(day, [])}),
            screens=len({row.room_id for row in by_day.get(day, [])}),
        )
        for day in days
    ]


def _next_day(outline: Sequence[Any], local: Callable[[datetime], date], day: date) -> NextDay | None:
    for row in outline:
        if local(row.starts_at) > day:
            return NextDay(local(row.starts_at), row.starts_at, row.title, row.id)
    return None


def _by_room(showings: list[Showing]) -> list[RoomTimes]:
    rooms: dict[tuple[str, tuple[str, ...]], list[Showing]] = {}
    for showing in sorted(showings, key=lambda s: (s.room.number, s.starts_at)):
        rooms.setdefault((showing.room.number, tuple(showing.formats)), []).append(showing)
    return [RoomTimes(times[0].room, list(formats), times) for (_, formats), times in rooms.items()]


def _local_day_of(cinema: Cinema) -> Callable[[datetime], date]:
    clock = zone(cinema.timezone)
    return lambda moment: moment.astimezone(clock).date()
