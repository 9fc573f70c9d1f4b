"""Shapes of the requests and answers about holds and reservations."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from marquee.addresses import Email
from marquee.api import Body, Parameters, Shape
from services.movies.schemas.catalogue import MovieShape
from services.movies.schemas.houses import CinemaShape

TicketType = Literal["adult", "child", "student", "senior", "carer"]
SeatLabel = Annotated[str, Field(min_length=1, max_length=8, examples=["G9"])]


def _is_printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("this has unprintable characters in it")
    return value


Name = Annotated[str, Field(max_length=120), AfterValidator(_is_printable)]


class ScreeningPath(Parameters):
    screening_id: UUID


class HoldPath(Parameters):
    hold_id: UUID


class ReservationPath(Parameters):
    reservation_id: UUID


class SeatWish(Body):
    seat: SeatLabel
    ticket_type: TicketType = "adult"


class HoldRequest(Body):
    seats: list[SeatWish] = Field(min_length=1, max_length=50)


class HeldSeat(Shape):
    seat: str
    row: str
    number: int
    kind: str
    ticket_type: str
    price_cents: int


class Hold(Shape):
    id: UUID
    screening_id: UUID
    state: str
    seats: list[HeldSeat]
    total_cents: int
    currency: str
    expires_at: datetime
    now: datetime
    term_seconds: int = Field(description="How long a hold lasts, and from the moment it is extended again")
    extensions_left: int


class PaymentStart(Body):
    hold_id: UUID
    email: Email
    name: Name = ""
    method: Literal["element", "hosted"] = "element"


class RoomOfBooking(Shape):
    id: UUID
    number: str
    step_free: bool


class ScreeningOfBooking(Shape):
    id: UUID
    movie_id: UUID
    title: str
    room: RoomOfBooking
    starts_at: datetime
    ends_at: datetime
    formats: list[str]
    currency: str
    state: str
    trailer_minutes: int


class Reservation(Shape):
    id: UUID
    state: str
    screening: ScreeningOfBooking
    movie: MovieShape
    cinema: CinemaShape
    seats: list[HeldSeat]
    total_cents: int
    currency: str
    email: str
    name: str
    method: str
    expires_at: datetime
    now: datetime
    decline_message: str
    is_being_released: bool
    is_payment_unknown: bool = Field(
        description="Its seats were given up, and nobody knows yet whether it was paid"
    )
    link_key: str = Field(description="Opens the booking by link; only its owner sees it")
    cancel_until: datetime
    can_cancel: bool
    cancel_reason: str
    created_at: datetime


class Reservations(Shape):
    reservations: list[Reservation]


class PartyQuery(Parameters):
    people: int = Field(ge=1, le=8)
    kind: Literal["standard", "premium", "sofa", "restricted"] | None = None
    step_free: bool = Field(False, description="With a wheelchair space")


class ChosenSeats(Parameters):
    seats: str = Field(max_length=100, pattern=r"^[A-Za-z0-9]{1,8}(,[A-Za-z0-9]{1,8})*$", examples=["F7,F8"])


class SeatAdvice(Shape):
    lonely: list[str]
    instead: list[str]


class Suggestion(Shape):
    seats: list[str]
    words: str
    relaxed: list[str]
