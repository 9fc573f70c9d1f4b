"""What time does to bookings. Only the database's clock decides, and every verb here may run in several places
at once: each takes the rows nobody else is working on.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marquee.contracts.payment import PaymentCancelRequested
from marquee.messaging import outbox
from services.movies.domain import measures, reservations, transitions
from services.movies.models import Reservation
from services.movies.settings import MoviesSettings

BATCH = 100


def sweep_holds(session: Session) -> int:
    """End the holds whose time ran out. Claims that ran out may be taken over before this ever runs."""
    return _each(
        session,
        lambda hold: transitions.move(session, hold, "expired", "time ran out"),
        Reservation.state == "held",
        Reservation.expires_at <= func.now(),
    )


def release_overdue(session: Session) -> int:
    """The time to pay ran out: ask payment to make sure of it. The seats stay until it has answered."""
    return _each(
        session,
        lambda booking: reservations.request_release(session, booking),
        Reservation.state == "paying",
        Reservation.expires_at <= func.now(),
        Reservation.release_requested_at.is_(None),
    )


def give_up_unanswered(session: Session, settings: MoviesSettings) -> int:
    """Payment has not answered for too long: free the seats. Money that arrives yet finds its way home."""
    return _each(
        session,
        lambda booking: _give_up(session, booking),
        Reservation.state == "paying",
        Reservation.release_requested_at <= _ago(settings.pay_max_seconds),
    )


def remind(session: Session, settings: MoviesSettings) -> int:
    """Ask again for what should have happened by now: a cancelled payment, a refund, the tickets.

    Ever more rarely, and not at all for a refund that cannot work: that waits for somebody in the office.
    """
    return _each(
        session,
        lambda booking: _ask_again(session, booking, settings),
        Reservation.state.in_(("paying", "confirmed", "refund_due")),
        (Reservation.state != "paying") | Reservation.release_requested_at.is_not(None),
        Reservation.refund_trouble == "",
        Reservation.updated_at <= func.now() - _pause(settings.remind_seconds),
    )


def _give_up(session: Session, booking: Reservation) -> None:
    booking.cancel_reason = reservations.UNANSWERED
    transitions.move(session, booking, "expired", reservations.UNANSWERED)
    measures.count_checkout(session, "failed")


def _ask_again(session: Session, booking: Reservation, settings: MoviesSettings) -> None:
    if booking.state == "paying":
        outbox.record(session, PaymentCancelRequested(reservation_id=booking.id, attempt=booking.attempt))
    elif booking.state == "confirmed":
        reservations.tell_confirmed(session, booking, settings)
    else:
        reservations.refund(session, booking)
    booking.reminders += 1
    booking.updated_at = func.now()
    session.flush()


def _pause(seconds: int) -> Any:
    """Before the next reminder: three times the same, then twice as long each time, up to 64 times."""
    doublings = func.least(func.greatest(Reservation.reminders - 2, 0), 6)
    return func.power(2, doublings) * timedelta(seconds=seconds)


def _each(session: Session, treat: Callable[[Reservation], object], *conditions: Any) -> int:
    chosen = (
        select(Reservation)
        .where(*conditions)
        .order_by(Reservation.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found = list(session.scalars(chosen))
    for booking in found:
        treat(booking)
    return len(found)


def _ago(seconds: int) -> Any:
    return func.now() - timedelta(seconds=seconds)
