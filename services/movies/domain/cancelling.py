"""The cinema calls a screening off. Rules: docs/rules/refunds.md."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from marquee.db import database_now
from services.movies.domain import reservations, transitions
from services.movies.domain.programme_problems import ScreeningOver
from services.movies.models import LIVE_STATES, Reservation, Screening

# A film that broke off is called off that night or the next day. Later it is a slip of the hand.
AFTER_THE_END = timedelta(days=1)


def cancel_screening(session: Session, screening: Screening, reason: str) -> int:
    """Nobody can book any more, everybody who paid gets the money back; answers how many bookings that are.

    A repeat changes nothing. Raises ScreeningOver.
    """
    session.refresh(screening, with_for_update={"of": Screening})
    if screening.state == "cancelled":
        return 0
    if database_now(session) > call_off_until(screening):
        raise ScreeningOver(
            "It ended more than a day ago. Single payments go back from the payment provider's own pages."
        )
    transitions.call_off(session, screening, reason)
    session.flush()
    found = transitions.lock_all(
        session, Reservation.screening_id == screening.id, Reservation.state.in_(LIVE_STATES)
    )
    for booking in found:
        _call_off(session, booking, reason)
    return len(found)


def call_off_until(screening: Screening) -> datetime:
    """Until then the cinema may call it off."""
    return screening.ends_at + AFTER_THE_END


def _call_off(session: Session, booking: Reservation, reason: str) -> None:
    booking.cancel_reason = reason[:200]
    if booking.state == "held":
        transitions.move(session, booking, "cancelled", f"screening cancelled: {reason}")
    elif booking.state == "paying":
        reservations.request_release(session, booking)
    else:
        reservations.cancel_paid(session, booking, by="cinema", reason=reason)
