"""Shapes of what plays."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from marquee.api import Shape
from services.movies.schemas.catalogue import MovieShape
from services.movies.schemas.fields import Availability, Day, InCinema, TicketType
from services.movies.schemas.houses import CinemaShape


class ProgrammeOfDay(InCinema):
    day: Day | None = Field(default=None, description="In the cinema's zone; without it, today there")


class RoomOfShowingShape(Shape):
    id: UUID
    number: str
    capacity: int


class ShowingShape(Shape):
    id: UUID
    movie_id: UUID
    title: str
    room: RoomOfShowingShape
    starts_at: datetime
    ends_at: datetime
    formats: list[str]
    currency: str
    price_from_cents: int = Field(description="The cheapest adult's ticket, everything included")
    seats_free: int
    capacity: int
    availability: Availability
    state: Literal["scheduled", "cancelled"]


class LaterTimeShape(Shape):
    starts_at: datetime
    screening_id: UUID


class LaterDayShape(Shape):
    day: date
    times: list[LaterTimeShape]


class FilmOfDayShape(Shape):
    movie: MovieShape
    screenings: list[ShowingShape]
    then: list[LaterDayShape]


class DayOnStripShape(Shape):
    day: date
    films: int
    screens: int


class NextDayShape(Shape):
    day: date
    starts_at: datetime
    title: str
    screening_id: UUID


class ProgrammeShape(Shape):
    cinema: CinemaShape
    day: date
    now: datetime
    days: list[DayOnStripShape]
    films: list[FilmOfDayShape]
    next: ShowingShape | None
    next_day: NextDayShape | None


class RoomTimesShape(Shape):
    room: RoomOfShowingShape
    formats: list[str]
    screenings: list[ShowingShape]


class ScheduleDayShape(Shape):
    day: date
    rooms: list[RoomTimesShape]


class PriceRangeShape(Shape):
    ticket_type: TicketType
    from_cents: int
    to_cents: int


class FilmScheduleShape(Shape):
    cinema: CinemaShape
    days: list[ScheduleDayShape]
    prices: list[PriceRangeShape]


class Showings(Shape):
    screenings: list[ShowingShape]
