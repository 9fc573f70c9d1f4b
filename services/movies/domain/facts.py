"""A booking in the words of its events."""

from datetime import datetime

from sqlalchemy.orm import Session

from marquee.clock import zone
from marquee.contracts.reservation import BookingFacts, SeatFacts
from services.movies.domain.places import Plan, load_plan
from services.movies.models import Reservation, ReservedSeat


def booking_facts(
    session: Session, booking: Reservation, *, cancel_until: datetime | None = None
) -> BookingFacts:
    screening = booking.screening
    movie, room, cinema = screening.movie, screening.room, screening.room.cinema
    plan = load_plan(session, screening.plan_id)
    return BookingFacts(
        reservation_id=booking.id,
        owner=booking.owner,
        email=booking.email,
        name=booking.name,
        link_key=booking.link_key,
        screening_id=screening.id,
        movie_id=movie.id,
        title=movie.title,
        original_title=movie.original_title,
        year=movie.year,
        certificate=movie.certificate,
        runtime_minutes=movie.runtime_minutes,
        formats=list(screening.formats),
        cinema_id=cinema.id,
        cinema=cinema.name,
        address=cinema.address,
        city=cinema.city,
        timezone=cinema.timezone,
        room=room.number,
        starts_at=screening.starts_at,
        ends_at=screening.ends_at,
        seats=[_seat(plan, seat) for seat in _side_by_side(plan, booking.seats)],
        total_cents=booking.total_cents,
        currency=booking.currency,
        cancel_until=cancel_until,
    )


def describe_booking(booking: Reservation) -> str:
    """What stands on the bank's statement page: "Alien, Sat 21 Nov, 20:15, The Orion, 2 seats"."""
    screening = booking.screening
    cinema = screening.room.cinema
    starts = screening.starts_at.astimezone(zone(cinema.timezone))
    count = len(booking.seats)
    seats = "1 seat" if count == 1 else f"{count} seats"
    return f"{screening.movie.title}, {starts:%a %-d %b, %H:%M}, {cinema.name}, {seats}"


def _side_by_side(plan: Plan, seats: list[ReservedSeat]) -> list[ReservedSeat]:
    """As they stand in the room: by their names alone, G10 would come before G9."""
    return sorted(seats, key=lambda seat: (plan[seat.seat].rank, plan[seat.seat].x))


def _seat(plan: Plan, seat: ReservedSeat) -> SeatFacts:
    place = plan[seat.seat]
    return SeatFacts(
        label=seat.seat,
        row=place.row,
        number=place.number,
        kind=seat.kind,
        ticket_type=seat.ticket_type,
        price_cents=seat.price_cents,
    )
