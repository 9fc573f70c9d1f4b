"""What payment and ticket told us, applied. Every verb may run twice, late, or out of order."""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import func
from sqlalchemy.orm import Session

from marquee import live
from marquee.contracts.payment import (
    PaymentDeclined,
    PaymentFailed,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentSucceeded,
    RefundRequested,
)
from marquee.contracts.reservation import ReservationCancelled, ReservationRefundDue, ReservationRefunded
from marquee.contracts.ticket import TicketIssued
from marquee.errors import NotFound
from marquee.messaging import outbox
from services.movies.domain import claims, holds, measures, reservations, sales, transitions
from services.movies.domain.facts import booking_facts
from services.movies.domain.sales import Sale
from services.movies.models import Reservation
from services.movies.settings import MoviesSettings

log = structlog.get_logger(__name__)

# In these the money has found its place already.
_SETTLED = ("confirmed", "ticketed", "refund_due", "refunded")


def settle_payment(session: Session, event: PaymentSucceeded, settings: MoviesSettings) -> None:
    """Confirm, or send the money back: when it is not what we asked for, or came when the seats were gone."""
    found = _find(session, event.reservation_id)
    if found is None or found[1].attempt == 0:
        # Money we never asked for must not stay with us.
        outbox.record(session, RefundRequested(reservation_id=event.reservation_id, reason="never asked for"))
        return
    sale, booking = found
    if booking.state in _SETTLED:
        return
    if (event.amount_cents, event.currency.upper()) != (booking.total_cents, booking.currency.upper()):
        log.error("payment_mismatch", reservation_id=str(booking.id), got=event.amount_cents)
        _refund(session, booking, "the amount paid is not the amount asked for")
    elif sale.is_cancelled:
        _refund(session, booking, "the cinema cancelled this screening")
    elif booking.state == "paying":
        reservations.confirm(session, booking, "paid", settings)
    elif _take_seats_back(session, sale, booking, settings):
        booking.cancel_reason = ""
        reservations.confirm(session, booking, "paid late, seats were still free", settings)
    else:
        _refund(session, booking, "the payment came after the seats were given to somebody else")


def note_decline(session: Session, event: PaymentDeclined, settings: MoviesSettings) -> None:
    """Say what the bank said, and leave time for another card, though not for ever."""
    found = _find(session, event.reservation_id)
    if found is None or found[1].state != "paying" or found[1].release_requested_at:
        return
    sale, booking = found
    limit = (booking.paying_since or sale.now) + timedelta(seconds=settings.pay_limit_seconds)
    grace = min(sale.now + timedelta(seconds=settings.decline_grace_seconds), limit)
    booking.expires_at = max(booking.expires_at, grace)
    booking.decline_message = event.message[:300]
    booking.updated_at = func.now()
    message = {"kind": "state", "state": booking.state, "decline_message": booking.decline_message}
    live.publish_after_commit(session, f"reservation:{booking.id}", message)


def end_payment(session: Session, event: PaymentFailed) -> None:
    """Nothing can be charged any more: now, and not before, the seats are free."""
    found = _find(session, event.reservation_id)
    if found is None or found[1].attempt != event.attempt:
        return
    sale, booking = found
    if booking.state == "paying":
        target = "cancelled" if sale.is_cancelled else "expired"
        transitions.move(session, booking, target, f"payment failed: {event.reason}")
        # It failed by itself, or because the time was up, the buyer left, or the screening is off.
        asked_for = booking.release_requested_at is not None or sale.is_cancelled
        measures.count_checkout(session, "given_up" if asked_for else "failed")
    elif reservations.is_payment_unknown(booking):
        booking.cancel_reason = ""  # Now it is known: nothing was charged.


def note_tickets(session: Session, event: TicketIssued) -> None:
    if found := _find(session, event.booking.reservation_id):
        transitions.move(session, found[1], "ticketed", "tickets issued")


def count_admitted(session: Session, reservation_id: UUID, change: int) -> None:
    """One more of its tickets is in, or one less. Added up, so it does not matter which was heard first."""
    if found := _find(session, reservation_id):
        found[1].admitted += change


def note_refund(session: Session, event: PaymentRefunded) -> None:
    """The money is back; when we did not know that it was to go back, the booking ends with it."""
    found = _find(session, event.reservation_id)
    if found is None:
        return
    _, booking = found
    is_news = booking.attempt > 0 and booking.state not in ("refund_due", "refunded")
    if is_news and transitions.move(session, booking, "refund_due", "the money went back"):
        booking.cancel_reason = "the money was given back"
        facts = booking_facts(session, booking)
        outbox.record(session, ReservationCancelled(booking=facts, by="cinema", reason=booking.cancel_reason))
    if transitions.move(session, booking, "refunded", "money is back"):
        facts = booking_facts(session, booking)
        outbox.record(session, ReservationRefunded(booking=facts, amount_cents=event.amount_cents))


def note_refund_trouble(session: Session, event: PaymentRefundFailed) -> None:
    """From now on it waits for somebody in the office, also where the bank took it first and sent it back later."""
    found = _find(session, event.reservation_id)
    if found is None:
        return
    _, booking = found
    if booking.state == "refunded":
        transitions.move(session, booking, "refund_due", "the refund came back")
    if booking.state == "refund_due":
        booking.refund_trouble = event.reason[:200] or "the refund failed"


def _find(session: Session, reservation_id: UUID) -> tuple[Sale, Reservation] | None:
    try:
        return holds.lock_booking(session, reservation_id)
    except NotFound:
        log.error("unknown_reservation", reservation_id=str(reservation_id))
        return None


def _take_seats_back(session: Session, sale: Sale, booking: Reservation, settings: MoviesSettings) -> bool:
    seats = sales.labels(booking.seats)
    if sale.is_over or not sales.fits_caps(
        session, sale.screening_id, booking.owner, len(seats), settings, opens=False
    ):
        return False
    holds.expire_stale(session, sale, seats, besides=booking)
    lost = holds.claim_all(session, sale, booking, seats, None)
    if lost:
        claims.release(session, booking.id)
    return not lost


def _refund(session: Session, booking: Reservation, reason: str) -> None:
    booking.cancel_reason = reason
    if transitions.move(session, booking, "refund_due", reason):
        measures.count_checkout(session, "failed")
        facts = booking_facts(session, booking)
        outbox.record(session, ReservationRefundDue(booking=facts, reason=reason))
        reservations.refund(session, booking)
