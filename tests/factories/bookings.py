"""Bookings as events tell them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from marquee.contracts.reservation import BookingFacts, SeatFacts


def seat_facts(label: str = "G9", **changes: Any) -> SeatFacts:
    return SeatFacts.model_validate(
        {
            "label": label,
            "row": label[0],
            "number": int(label[1:]),
            "kind": "standard",
            "ticket_type": "adult",
            "price_cents": 1150,
            **changes,
        }
    )


def booking_facts(*labels: str, starts_in: timedelta = timedelta(hours=2), **changes: Any) -> BookingFacts:
    """Two seats for Paper Moon at Harbour Street, soon, unless said otherwise."""
    seats = [seat_facts(label) for label in labels or ("G9", "G10")]
    starts_at = datetime.now(UTC).replace(microsecond=0) + starts_in
    return BookingFacts.model_validate(
        {
            "reservation_id": uuid4(),
            "owner": "person:viola",
            "email": "viola@marquee.example",
            "name": "Viola Viewer",
            "link_key": "the-key-in-the-mail",
            "screening_id": uuid4(),
            "movie_id": uuid4(),
            "title": "Paper Moon",
            "original_title": "Paper Moon",
            "year": 1973,
            "certificate": "12A",
            "runtime_minutes": 102,
            "formats": [],
            "cinema_id": uuid4(),
            "cinema": "Harbour Street",
            "address": "12 Harbour Street",
            "city": "Dublin",
            "timezone": "Europe/Dublin",
            "room": "2",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=117),
            "seats": seats,
            "total_cents": sum(seat.price_cents for seat in seats),
            "currency": "EUR",
            **changes,
        }
    )
