"""Shapes of refunds that need a hand."""

from datetime import datetime
from typing import Self
from uuid import UUID

from marquee.api import Shape
from services.movies.models import Reservation


class RefundShape(Shape):
    """`trouble` is empty where nobody has answered yet."""

    reservation_id: UUID
    title: str
    starts_at: datetime
    cinema: str
    timezone: str
    name: str
    email: str
    total_cents: int
    currency: str
    reason: str
    trouble: str

    @classmethod
    def of(cls, booking: Reservation) -> Self:
        cinema = booking.screening.room.cinema
        return cls(
            reservation_id=booking.id,
            title=booking.screening.movie.title,
            starts_at=booking.screening.starts_at,
            cinema=cinema.name,
            timezone=cinema.timezone,
            name=booking.name,
            email=booking.email,
            total_cents=booking.total_cents,
            currency=booking.currency,
            reason=booking.cancel_reason,
            trouble=booking.refund_trouble,
        )


class Refunds(Shape):
    refunds: list[RefundShape]
