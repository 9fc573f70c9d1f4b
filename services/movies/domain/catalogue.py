"""The films: adding, changing, removing. Every change is told to those who keep a copy (movie.* events)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marquee.contracts.movie import MovieAdded, MovieChanged, MovieRemoved
from marquee.db import constraint_of
from marquee.messaging.outbox import record
from services.movies.domain import screenings
from services.movies.domain.programme_problems import MovieExists, MovieInUse
from services.movies.domain.showings import find_movie, lock_movie
from services.movies.models import Credit, Movie, Screening

PAGE_SIZE = 25
# Of pg_trgm, from 0 to 1: "parasyte" and "Parasite" have 0.5.
_ALIKE = 0.3


@dataclass(frozen=True)
class MovieFacts:
    title: str
    year: int
    runtime_minutes: int
    original_title: str = ""
    certificate: str = ""
    certificate_reason: str = ""
    language: str = ""
    is_subtitled: bool = False
    genres: list[str] = field(default_factory=list)
    directors: list[str] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)
    synopsis: str = ""
    house_line: str = ""


@dataclass(frozen=True)
class MoviePage:
    movies: list[Movie]
    total: int
    page: int
    pages: int
    suggestion: str | None


def list_movies(session: Session, *, page: int = 1, query: str = "") -> MoviePage:
    """The catalogue by title, 25 a page; `query` finds parts of titles and names, whatever the accents.

    Where it finds nothing, `suggestion` is the title that looks most like it.
    """
    wanted = [Movie.deleted_at.is_(None), *_matching(query)]
    total = session.scalar(select(func.count()).select_from(Movie).where(*wanted)) or 0
    movies = session.scalars(
        select(Movie)
        .where(*wanted)
        .order_by(_folded(Movie.title), Movie.year)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    suggestion = _most_alike(session, query) if query and not total else None
    return MoviePage(list(movies), total, page, max(1, ceil(total / PAGE_SIZE)), suggestion)


def add_movie(
    session: Session, facts: MovieFacts, *, movie_id: UUID | None = None, variant: int = 0
) -> Movie:
    """A film of that title and year that was removed comes back with its history. Raises MovieExists."""
    movie = _by_title(session, facts.title, facts.year)
    if movie is None:
        movie = Movie(id=movie_id or uuid4(), poster_variant=variant)
        session.add(movie)
    elif movie.deleted_at is None:
        raise MovieExists(f"“{movie.title}” ({movie.year}) is there already.", movie_id=movie.id)
    movie.deleted_at = None
    _write(session, movie, asdict(facts))
    record(session, MovieAdded(**_told(movie)))
    return movie


def change_movie(session: Session, movie_id: UUID, changes: Mapping[str, Any]) -> Movie:
    """Only what `changes` names is changed; the names are the fields of MovieFacts."""
    movie = find_movie(session, movie_id)
    session.refresh(movie, with_for_update={"of": Movie})
    _write(session, movie, changes)
    record(session, MovieChanged(**_told(movie)))
    return movie


def remove_movie(session: Session, movie_id: UUID, *, now: datetime) -> None:
    """Out of the catalogue, with its unsold screenings to come. Raises MovieInUse when any has been booked."""
    movie = lock_movie(session, movie_id)
    booked = screenings.withdraw_unsold(
        session, Screening.movie_id == movie_id, now=now, reason="Film removed"
    )
    if booked:
        raise MovieInUse(
            "Cancel these screenings first; everybody gets the money back.",
            screenings=[sold.as_member() for sold in booked],
        )
    movie.deleted_at = now
    record(session, MovieRemoved(movie_id=movie.id))


def _write(session: Session, movie: Movie, changes: Mapping[str, Any]) -> None:
    unknown = set(changes) - set(MovieFacts.__dataclass_fields__)
    if unknown:
        raise TypeError(f"a movie has no {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        if name not in {"directors", "actors"}:
            setattr(movie, name, value)
    movie.updated_at = func.now()
    _write_credits(session, movie, changes)
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_movies_title_year":
            raise MovieExists("Another film has that title and year.") from error
        raise
    session.refresh(movie)


def _write_credits(session: Session, movie: Movie, changes: Mapping[str, Any]) -> None:
    for job, names in (("director", changes.get("directors")), ("actor", changes.get("actors"))):
        if names is None:
            continue
        kept = [credit for credit in movie.credits if credit.job != job]
        movie.credits = [
            *kept,
            *(_credited(movie, job, position, name) for position, name in enumerate(names)),
        ]


def _credited(movie: Movie, job: str, position: int, name: str) -> Credit:
    for credit in movie.credits:
        if (credit.job, credit.position) == (job, position):
            credit.name = name
            return credit
    return Credit(job=job, position=position, name=name)


def _by_title(session: Session, title: str, year: int) -> Movie | None:
    return session.scalar(select(Movie).where(Movie.title == title, Movie.year == year).with_for_update())


def _told(movie: Movie) -> dict[str, Any]:
    return {
        "movie_id": movie.id,
        "title": movie.title,
        "original_title": movie.original_title,
        "year": movie.year,
        "runtime_minutes": movie.runtime_minutes,
        "genres": movie.genres,
        "directors": movie.directors,
    }


# --- search -----------------------------------------------------------------------------------------------


def _matching(query: str) -> list[ColumnElement[bool]]:
    """Each word somewhere in a title or a name."""
    return [_has_word(word) for word in query.split()[:8]]


def _has_word(word: str) -> ColumnElement[bool]:
    part = func.concat("%", _folded(_escaped(word)), "%")
    named = exists().where(Credit.movie_id == Movie.id, _folded(Credit.name).like(part, escape="\\"))
    titles = (_folded(column).like(part, escape="\\") for column in (Movie.title, Movie.original_title))
    return or_(*titles, named)


def _most_alike(session: Session, query: str) -> str | None:
    wanted, titles = _folded(query), (_folded(Movie.title), _folded(Movie.original_title))
    # The words alone, for who typed part of a title; of two that have them, the shorter title.
    part = func.greatest(*(func.word_similarity(wanted, title) for title in titles))
    whole = func.greatest(*(func.similarity(wanted, title) for title in titles))
    alike = select(Movie.title).where(Movie.deleted_at.is_(None), part > _ALIKE)
    return session.scalar(alike.order_by(part.desc(), whole.desc(), Movie.title).limit(1))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _folded(text: Any) -> Any:
    """Lower case without accents: "Cléo" and "cleo" are the same."""
    bare = func.regexp_replace(func.pg_catalog.normalize(text, "NFKD"), "[\u0300-\u036f]", "", "g")
    return func.lower(bare)
