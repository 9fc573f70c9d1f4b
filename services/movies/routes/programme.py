"""What plays: the day's programme, and one film's times. Kept for two seconds in Redis."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from marquee.api import Answer, Api
from marquee.auth import PUBLIC
from marquee.cache import cached
from marquee.clock import utc_now
from marquee.db import transaction
from services.movies.domain import programme, rooms
from services.movies.domain.programme import Programme
from services.movies.schemas.catalogue import MoviePath, MovieShape
from services.movies.schemas.fields import InCinema
from services.movies.schemas.houses import Cinemas, CinemaShape
from services.movies.schemas.programme import (
    DayOnStripShape,
    FilmOfDayShape,
    FilmScheduleShape,
    NextDayShape,
    ProgrammeOfDay,
    ProgrammeShape,
    Showings,
    ShowingShape,
)
from services.movies.settings import MoviesSettings

api = Api("programme", __name__)


@api.get(
    "/cinemas",
    access=PUBLIC,
    answers={200: Cinemas},
    summary="The cinemas, with their clocks and currencies, and the rules of all of them",
)
def list_cinemas() -> Answer:
    with transaction() as session:
        found = {"cinemas": rooms.list_cinemas(session), "rules": MoviesSettings.current()}
        return Cinemas.model_validate(found, from_attributes=True)


@api.get("/programme", access=PUBLIC, answers={200: ProgrammeShape}, problems=(404,))
def get_programme(query: ProgrammeOfDay) -> Answer:
    """What plays at a cinema on a day of its own calendar; of today, from now on."""
    return _programme(query.cinema, query.day)


@api.get("/movies/<uuid:movie_id>/schedule", access=PUBLIC, answers={200: FilmScheduleShape})
def get_schedule_of_movie(path: MoviePath, query: InCinema) -> Answer:
    """All times to come of one film at one cinema, by day, room and format."""
    return _schedule(path.movie_id, query.cinema)


@api.get("/movies/<uuid:movie_id>/screenings", access=PUBLIC, answers={200: Showings})
def list_screenings_of_movie(path: MoviePath) -> Answer:
    """All times to come of one film, soonest first."""
    with transaction() as session:
        found = programme.screenings_of_movie(session, path.movie_id, now=utc_now(), grace=start_grace())
    return Showings(screenings=[ShowingShape.model_validate(showing) for showing in found])


def start_grace() -> timedelta:
    """A film that has begun stays on the programme as long as its seats are sold."""
    return timedelta(minutes=MoviesSettings.current().sales_close_minutes_after_start)


@cached("programme:{cinema}:{day}", seconds=2)
def _programme(cinema: str | None, day: date | None) -> dict[str, Any]:
    with transaction() as session:
        found = programme.programme_of_day(session, cinema, day, now=utc_now(), grace=start_grace())
    return _programme_shape(found).model_dump(mode="json")


@cached("schedule:{movie_id}:{cinema}", seconds=2)
def _schedule(movie_id: UUID, cinema: str | None) -> dict[str, Any]:
    with transaction() as session:
        found = programme.schedule_of_movie(session, movie_id, cinema, now=utc_now(), grace=start_grace())
    return FilmScheduleShape.model_validate(found).model_dump(mode="json")


def _programme_shape(found: Programme) -> ProgrammeShape:
    return ProgrammeShape(
        cinema=CinemaShape.model_validate(found.cinema),
        day=found.day,
        now=found.now,
        days=[DayOnStripShape.model_validate(day) for day in found.days],
        films=[
            FilmOfDayShape.model_validate(
                {"movie": MovieShape.of(film.movie), "screenings": film.screenings, "then": film.then},
                from_attributes=True,
            )
            for film in found.films
        ],
        next=ShowingShape.model_validate(found.next) if found.next else None,
        next_day=NextDayShape.model_validate(found.next_day) if found.next_day else None,
    )
