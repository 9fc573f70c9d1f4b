"""What becomes of a booking. Each event carries all that a ticket or a mail needs to say."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from marquee.contracts.base import Event


class Facts(BaseModel):
    model_config = ConfigDict(frozen=True)


class SeatFacts(Facts):
    label: str
    row: str
    number: int
    kind: str
    ticket_type: str
    price_cents: int


class BookingFacts(Facts):
    """A booking as its buyer knows it. Times are aware UTC; `timezone` is the cinema's."""

    reservation_id: UUID
    owner: str
    email: str
    name: str
    link_key: str
    screening_id: UUID
    movie_id: UUID
    title: str
    original_title: str
    year: int
    certificate: str
    runtime_minutes: int
    formats: list[str]
    cinema_id: UUID
    cinema: str
    address: str
    city: str
    timezone: str
    room: str
    starts_at: datetime
    ends_at: datetime
    seats: list[SeatFacts]
    total_cents: int
    currency: str
    # Until when the buyer may give it back. None where nobody said: in events from before it was told.
    cancel_until: datetime | None = None


class ReservationConfirmed(Event):
    """Paid, and the seats are theirs."""

    booking: BookingFacts


class ReservationCancelled(Event):
    """A paid booking is off; its tickets no longer open the door and the money is on its way back."""

    booking: BookingFacts
    by: str  # "buyer" | "cinema"
    reason: str


class ReservationRefundDue(Event):
    """Money came that makes no tickets, and goes back by itself.

    `reason` goes on a sentence: "We got your payment, but the cinema cancelled this screening."
    """

    booking: BookingFacts
    reason: str


class ReservationRefunded(Event):
    """The money is back."""

    booking: BookingFacts
    amount_cents: int
