"""Bookings as the API shows them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marquee.auth import Holder
from marquee.db import database_now
from services.movies.domain.new_holds import NewHold, PricedSeat
from services.movies.domain.places import Plan, load_plan
from services.movies.domain.reservations import PAID, cancel_until, is_payment_unknown
from services.movies.models import Reservation, ReservedSeat, Screening
from services.movies.schemas import booking as shapes
from services.movies.schemas.catalogue import MovieShape
from services.movies.schemas.houses import CinemaShape
from services.movies.settings import MoviesSettings


def to_hold(session: Session, hold: Reservation, settings: MoviesSettings) -> shapes.Hold:
    found = select(Screening.plan_id, func.now()).where(Screening.id == hold.screening_id)
    plan_id, now = session.execute(found).one()
    return _hold(hold, load_plan(session, plan_id), now, settings)


def to_new_hold(hold: NewHold, settings: MoviesSettings) -> shapes.Hold:
    return _hold(hold, hold.plan, hold.now, settings)


def _hold(hold: Reservation | NewHold, plan: Plan, now: datetime, settings: MoviesSettings) -> shapes.Hold:
    return shapes.Hold(
        id=hold.id,
        screening_id=hold.screening_id,
        state=_state(hold, now),
        seats=_seats(plan, hold.seats),
        total_cents=hold.total_cents,
        currency=hold.currency,
        expires_at=hold.expires_at,
        now=now,
        term_seconds=settings.hold_ttl_seconds,
        extensions_left=max(settings.hold_extensions - hold.extensions, 0),
    )


def to_reservations(
    session: Session, bookings: list[Reservation], holder: Holder, settings: MoviesSettings
) -> shapes.Reservations:
    now = database_now(session)
    shown = [to_reservation(session, booking, holder, settings, now) for booking in bookings]
    return shapes.Reservations(reservations=shown)


def to_reservation(
    session: Session,
    booking: Reservation,
    holder: Holder | None,
    settings: MoviesSettings,
    now: datetime | None = None,
) -> shapes.Reservation:
    now = now or database_now(session)
    screening = booking.screening
    until = cancel_until(booking, settings)
    owned = holder is not None and holder.owns(booking.owner)
    return shapes.Reservation(
        id=booking.id,
        state=_state(booking, now),
        screening=_screening(screening),
        movie=MovieShape.of(screening.movie),
        cinema=CinemaShape.model_validate(screening.room.cinema),
        seats=_seats(load_plan(session, screening.plan_id), booking.seats),
        total_cents=booking.total_cents,
        currency=booking.currency,
        email=booking.email,
        name=booking.name,
        method=booking.method,
        expires_at=booking.expires_at,
        now=now,
        decline_message=booking.decline_message,
        is_being_released=booking.state == "paying" and booking.release_requested_at is not None,
        is_payment_unknown=is_payment_unknown(booking),
        link_key=booking.link_key if owned else "",
        cancel_until=until,
        can_cancel=booking.state in PAID and booking.admitted <= 0 and now <= until,
        cancel_reason=booking.cancel_reason,
        created_at=booking.created_at,
    )


def _state(booking: Reservation | NewHold, now: datetime) -> str:
    """A hold is over when its time is, whether or not anybody has noted it down."""
    return "expired" if booking.state == "held" and booking.expires_at <= now else booking.state


def _seats(plan: Plan, seats: Sequence[ReservedSeat | PricedSeat]) -> list[shapes.HeldSeat]:
    places = sorted(seats, key=lambda seat: (plan[seat.seat].rank, plan[seat.seat].x))
    return [
        shapes.HeldSeat(
            seat=seat.seat,
            row=plan[seat.seat].row,
            number=plan[seat.seat].number,
            kind=seat.kind,
            ticket_type=seat.ticket_type,
            price_cents=seat.price_cents,
        )
        for seat in places
    ]


def _screening(screening: Screening) -> shapes.ScreeningOfBooking:
    return shapes.ScreeningOfBooking(
        id=screening.id,
        movie_id=screening.movie_id,
        title=screening.movie.title,
        room=shapes.RoomOfBooking.model_validate(screening.room),
        starts_at=screening.starts_at,
        ends_at=screening.ends_at,
        formats=list(screening.formats),
        currency=screening.currency,
        state=screening.state,
        trailer_minutes=screening.trailer_minutes,
    )
