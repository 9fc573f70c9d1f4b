"""Puts the demo world into the database. What is there already stays as it is: running it again changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.clock import zone
from services.movies.demo import timetable
from services.movies.demo.films import DemoFilm, demo_films
from services.movies.demo.houses import CINEMAS, DemoCinema, DemoRoom
from services.movies.demo.prices import CARDS, card_for, lines_of
from services.movies.demo.timetable import TRAILER_MINUTES, DemoShowing
from services.movies.domain import catalogue, prices, screenings
from services.movies.domain.catalogue import MovieFacts
from services.movies.domain.layouts import draw
from services.movies.domain.plans import add_plan
from services.movies.models import Cinema, Movie, PriceCard, Room, Screening, ScreeningPrice
from services.movies.posters import PosterFacts, assign_variants

FULL_DAYS, DAYS_AHEAD = 8, 14
_WORLD = UUID("8b0f1f0e-6a0f-5c1e-9f62-3d1f2a7f5e01")
_LOCK = 5_204_101


@dataclass(frozen=True)
class DemoWorld:
    """What was added, not what is there."""

    cinemas: int
    films: int
    screenings: int


def build_world(session: Session, *, now: datetime) -> DemoWorld:
    """Cinemas, rooms, prices and films where they are missing, and the schedule from `now` on."""
    _take_turns(session)
    cinemas = sum(_add_cinema(session, cinema) for cinema in CINEMAS)
    films = _add_films(session)
    return DemoWorld(cinemas, films, extend_demo_schedule(session, now=now))


def extend_demo_schedule(session: Session, *, now: datetime) -> int:
    """Add what is missing from now to a fortnight ahead; answers how many screenings that were.

    What a manager put on, took off or cancelled stays so.
    """
    if not _is_our_turn(session):
        return 0  # somebody builds the world just now, schedule and all
    movies = _movies_on_offer(session)
    return sum(_extend(session, cinema, movies, now) for cinema in CINEMAS)


def demo_id(*words: object) -> UUID:
    """The same thing has the same id in every run."""
    return uuid5(_WORLD, "|".join(map(str, words)))


def _take_turns(session: Session) -> None:
    # Drawing the rooms takes half a second of computing, and much longer on a busy machine: not idle, just slow.
    session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    # And just as long may the worker take that looks at the schedule while we want to begin.
    session.execute(text("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"))
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _is_our_turn(session: Session) -> bool:
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}))


# --- houses and films -------------------------------------------------------------------------------------


def _add_cinema(session: Session, cinema: DemoCinema) -> bool:
    if session.scalar(select(Cinema.id).where(Cinema.slug == cinema.slug)):
        return False
    row = Cinema(
        id=demo_id(cinema.slug),
        slug=cinema.slug,
        name=cinema.name,
        address=cinema.address,
        city=cinema.city,
        timezone=cinema.timezone,
        currency=cinema.currency,
        about=cinema.about,
    )
    session.add(row)
    session.flush()
    for room in cinema.rooms:
        _add_room(session, row, room)
    for card in CARDS:
        prices.add_price_card(session, row.id, card, lines_of(card, cinema))
    return True


def _add_room(session: Session, cinema: Cinema, demo: DemoRoom) -> None:
    room = Room(
        id=demo_id(cinema.slug, demo.number),
        cinema_id=cinema.id,
        number=demo.number,
        about=demo.about,
        step_free=True,
        cleaning_minutes=demo.cleaning_minutes,
    )
    session.add(room)
    session.flush()
    add_plan(session, room, draw(demo.layout), plan_id=demo_id(cinema.slug, demo.number, "plan"))


def _add_films(session: Session) -> int:
    films = demo_films()
    known = {(title, year) for title, year in session.execute(select(Movie.title, Movie.year))}
    missing = {film for film in films if (film.title, film.year) not in known}
    if not missing:
        return 0
    variants = assign_variants([_poster_facts_of(film) for film in films])
    for film, variant in zip(films, variants, strict=True):
        if film in missing:
            catalogue.add_movie(session, _facts_of(film), movie_id=_film_id(film), variant=variant)
    return len(missing)


def _film_id(film: DemoFilm) -> UUID:
    return demo_id(film.title, film.year)


def _poster_facts_of(film: DemoFilm) -> PosterFacts:
    return PosterFacts(film.title, film.year, film.genres[0], film.directors, film.original_title)


def _facts_of(film: DemoFilm) -> MovieFacts:
    return MovieFacts(
        title=film.title,
        year=film.year,
        runtime_minutes=film.runtime_minutes,
        original_title=film.original_title,
        certificate=film.certificate,
        certificate_reason=film.certificate_reason,
        language=film.language,
        is_subtitled=film.subtitled,
        genres=list(film.genres),
        directors=list(film.directors),
        actors=list(film.actors),
        synopsis=film.synopsis,
        house_line=film.house_line,
    )


# --- schedule ---------------------------------------------------------------------------------------------


def _movies_on_offer(session: Session) -> dict[tuple[str, int], UUID]:
    found = session.execute(select(Movie.title, Movie.year, Movie.id).where(Movie.deleted_at.is_(None)))
    return {(title, year): movie_id for title, year, movie_id in found}


def _extend(session: Session, cinema: DemoCinema, movies: dict[tuple[str, int], UUID], now: datetime) -> int:
    rooms = _rooms_of(session, cinema)
    cards = _cards_of(session, cinema)
    plans = {
        room.number: screenings.newest_plan_id(session, rooms[room.number].id)
        for room in cinema.rooms
        if room.number in rooms
    }
    rows = [
        _screening(cinema, rooms[showing.room.number], plans[showing.room.number], movies, showing)
        for showing in _showings_ahead(cinema, now)
        if showing.room.number in rooms and (showing.film.title, showing.film.year) in movies
    ]
    return _insert(session, [row for row in rows if row.values["starts_at"] > now], cards)


def _showings_ahead(cinema: DemoCinema, now: datetime) -> Iterable[DemoShowing]:
    today = now.astimezone(zone(cinema.timezone)).date()
    for ahead in range(DAYS_AHEAD):
        yield from announced(cinema, today + timedelta(days=ahead), ahead)


def announced(cinema: DemoCinema, day: date, days_ahead: int) -> list[DemoShowing]:
    showings = timetable.day_of(cinema, demo_films(), day)
    return showings if days_ahead < FULL_DAYS else timetable.first_glance(showings)


@dataclass(frozen=True)
class _Row:
    values: dict[str, Any]
    card: str


def _screening(
    cinema: DemoCinema,
    room: Room,
    plan_id: UUID,
    movies: dict[tuple[str, int], UUID],
    showing: DemoShowing,
) -> _Row:
    starts_at = showing.starts.replace(tzinfo=zone(cinema.timezone)).astimezone(UTC)
    ends_at = starts_at + timedelta(minutes=TRAILER_MINUTES + showing.film.runtime_minutes)
    values = {
        "id": demo_id(cinema.slug, showing.room.number, showing.starts.isoformat()),
        "movie_id": movies[showing.film.title, showing.film.year],
        "room_id": room.id,
        "plan_id": plan_id,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "free_at": ends_at + timedelta(minutes=showing.room.cleaning_minutes),
        "trailer_minutes": TRAILER_MINUTES,
        "formats": list(showing.formats),
        "currency": cinema.currency,
        "state": "scheduled",
        "cancel_reason": "",
    }
    return _Row(values, card_for(showing.room, showing.starts, showing.formats))


def _insert(session: Session, rows: list[_Row], cards: dict[str, PriceCard]) -> int:
    if not rows or not cards:
        return 0
    # Skips what is there already, and also what would clash with a screening of a manager's own.
    added = set(
        session.scalars(
            insert(Screening)
            .values([row.values for row in rows])
            .on_conflict_do_nothing()
            .returning(Screening.id)
        )
    )
    plans = {row.values["plan_id"] for row in rows}
    kinds_of = {plan_id: prices.kinds_of_plan(session, plan_id) for plan_id in plans}
    lines = [
        {
            "screening_id": row.values["id"],
            "kind": line.kind,
            "ticket_type": line.ticket_type,
            "price_cents": line.price_cents,
        }
        for row in rows
        if row.values["id"] in added
        for line in cards.get(row.card, next(iter(cards.values()))).lines
        if line.kind in kinds_of[row.values["plan_id"]]
    ]
    if lines:
        session.execute(insert(ScreeningPrice), lines)
    return len(added)


def _rooms_of(session: Session, cinema: DemoCinema) -> dict[str, Room]:
    wanted = select(Room).join(Cinema).where(Cinema.slug == cinema.slug, Room.deleted_at.is_(None))
    return {room.number: room for room in session.scalars(wanted)}


def _cards_of(session: Session, cinema: DemoCinema) -> dict[str, PriceCard]:
    wanted = select(PriceCard).join(Cinema).where(Cinema.slug == cinema.slug).order_by(PriceCard.name)
    return {card.name: card for card in session.scalars(wanted)}
