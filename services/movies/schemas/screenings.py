"""Shapes of single screenings, for everybody and for the office."""

import datetime as dt
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from marquee.api import Body, Parameters, Shape
from services.movies.schemas.catalogue import MovieShape
from services.movies.schemas.fields import (
    ClockTime,
    Day,
    Format,
    InCinema,
    Kind,
    Moment,
    RoomNumber,
    SeatState,
    Slug,
    TicketType,
    Trailers,
)
from services.movies.schemas.houses import CinemaShape
from services.movies.schemas.prices import PriceShape
from services.movies.schemas.programme import RoomOfShowingShape, ShowingShape


class ScreeningPath(Parameters):
    screening_id: UUID


class MovieScreeningPath(Parameters):
    movie_id: UUID
    screening_id: UUID


class Span(InCinema):
    from_: Day | None = Field(default=None, alias="from", description="First day; without it, today")
    to: Day | None = Field(default=None, description="Last day; without it, six days later")


class Stretch(InCinema):
    from_: Moment = Field(alias="from")
    to: Moment = Field(description="31 days later at most")


class HouseShowings(Shape):
    cinema: CinemaShape
    screenings: list[ShowingShape]


class ScreeningShape(ShowingShape):
    movie: MovieShape
    cinema: CinemaShape
    plan_id: UUID
    prices: list[PriceShape]
    trailer_minutes: int
    doors_at: datetime
    cancel_until: datetime
    sales_close_at: datetime
    call_off_until: datetime = Field(description="For the office; `cancel_until` is for buyers")


class SeatStates(Shape):
    screening_id: UUID
    plan_id: UUID
    version: str = Field(description="Changes when any seat does; the same for every caller")
    seats: dict[str, SeatState]
    free: int


class SeatMatrix(Shape):
    """0 free, 1 not to be had; rows from the screen, seats by number."""

    room: str
    rows: int
    cols: int
    layout: list[list[int]]
    screening: ShowingShape


_BY_MOMENT: dict[str, Any] = {
    "required": ["starts_at"],
    "properties": {"starts_at": {"type": "string"}, "date": {"type": "null"}, "time": {"type": "null"}},
}
_BY_CLOCK: dict[str, Any] = {
    "required": ["date", "time"],
    "properties": {"starts_at": {"type": "null"}, "date": {"type": "string"}, "time": {"type": "string"}},
}


class _When(Body):
    """Either `starts_at`, or `date` and `time` on the cinema's own clock."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_BY_MOMENT, _BY_CLOCK]})

    starts_at: Moment | None = None
    date: (
        Annotated[
            str,
            Field(
                pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2026-11-21"], json_schema_extra={"format": "date"}
            ),
        ]
        | None
    ) = None
    time: ClockTime | None = None

    @model_validator(mode="after")
    def _is_one_moment(self) -> Self:
        if (self.starts_at is None) == (self.date is None) or (self.date is None) != (self.time is None):
            raise ValueError("give starts_at with its zone, or date and time")
        self.local  # noqa: B018 - an impossible date is refused here
        return self

    @property
    def local(self) -> tuple[dt.date, dt.time] | None:
        if self.date is None or self.time is None:
            return None
        return dt.date.fromisoformat(self.date), dt.time.fromisoformat(self.time)


class ScreeningRequest(_When):
    movie_id: UUID
    room_id: UUID
    formats: list[Format] = Field(default=[], max_length=6)
    price_card_id: UUID | None = None
    trailer_minutes: Trailers = 15


class MovieScreeningRequest(_When):
    """The room by its number, in `cinema` where several have that number."""

    room_number: RoomNumber
    cinema: Slug | None = None
    formats: list[Format] = Field(default=[], max_length=6)
    price_card_id: UUID | None = None
    trailer_minutes: Trailers = 15


class CancelRequest(Body):
    reason: str = Field(min_length=1, max_length=200, description="Everybody who booked reads this")


class OfficeShowing(ShowingShape):
    free_at: datetime
    trailer_minutes: int
    sold: int
    held: int
    takings_cents: int


class OfficeRoom(Shape):
    room: RoomOfShowingShape
    screenings: list[OfficeShowing]


class OfficeDay(Shape):
    day: date
    rooms: list[OfficeRoom]


class OfficeSchedule(Shape):
    cinema: CinemaShape
    days: list[OfficeDay]


class OrderSeat(Shape):
    seat: str
    kind: Kind
    ticket_type: TicketType
    price_cents: int


class OrderShape(Shape):
    id: UUID
    state: str
    name: str
    email: str
    seats: list[OrderSeat]
    total_cents: int
    currency: str
    created_at: datetime


class Orders(Shape):
    screening: ShowingShape
    orders: list[OrderShape]
