"""Paying for a hold, and giving back what was paid. Rules and numbers: docs/rules/refunds.md."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from marquee.auth import Holder
from marquee.contracts.payment import PaymentCancelRequested, PaymentRequested, RefundRequested
from marquee.contracts.reservation import ReservationCancelled, ReservationConfirmed, ReservationRefunded
from marquee.errors import NotFound
from marquee.links import is_key_of
from marquee.messaging import outbox
from services.movies.domain import claims, holds, sales, transitions
from services.movies.domain.booking_problems import (
    AlreadyPaying,
    NothingToCancel,
    NothingToRefund,
    SomebodyIsIn,
    TooLateToCancel,
)
from services.movies.domain.facts import booking_facts, describe_booking
from services.movies.domain.sales import Sale
from services.movies.models import Reservation
from services.movies.settings import MoviesSettings

PAID = ("confirmed", "ticketed")
# Why a booking ended of which nobody knows whether it was paid.
UNANSWERED = "payment did not answer"


@dataclass(frozen=True)
class Buyer:
    email: str
    name: str
    method: Literal["element", "hosted"]


def start_payment(
    session: Session, hold_id: UUID, buyer: Buyer, holder: Holder, settings: MoviesSettings
) -> Reservation:
    """Turn a hold into a reservation being paid, and ask for the money.

    A repeat answers the same reservation, and until it is paid it may put the buyer's address right. A hold that ran
    out is taken up again when all its seats are still free. Raises NotFound, HoldExpired, AlreadyPaying,
    ScreeningStarted, ScreeningCancelled, TooManySeats.
    """
    sale, booking = holds.lock_booking(session, hold_id, holder)
    if booking.state == "paying" or booking.state in PAID:
        return _same_again(booking, buyer)
    sales.require_open(sale, settings)
    if booking.state == "held" and booking.expires_at > sale.now:
        claims.keep_until(session, booking.id, None)
    else:
        _take_up_again(session, sale, booking, settings)
    _note_buyer(booking, buyer, sale, settings)
    transitions.move(session, booking, "paying", "payment started")
    if booking.total_cents == 0:
        confirm(session, booking, "nothing to pay", settings)
    else:
        _ask_for_money(session, booking)
    return booking


def release_payment(session: Session, reservation_id: UUID, holder: Holder) -> Reservation:
    """The buyer goes back: the seats are free as soon as it is certain that nothing can be charged any more."""
    _, booking = holds.lock_booking(session, reservation_id, holder)
    if booking.state in PAID:
        raise AlreadyPaying("This booking is paid. You can cancel it instead.")
    if booking.state == "held":
        transitions.move(session, booking, "cancelled", "given back by the buyer")
    if booking.state == "paying":
        request_release(session, booking)
    return booking


def cancel_reservation(
    session: Session, reservation_id: UUID, holder: Holder, settings: MoviesSettings, *, key: str = ""
) -> Reservation:
    """The buyer, or who has the mail's link, cancels what is paid: seats free at once, money on its way back.

    A repeat changes nothing. Raises NotFound, NothingToCancel, SomebodyIsIn, TooLateToCancel.
    """
    find_reservation(session, reservation_id, holder, key)
    sale, booking = holds.lock_booking(session, reservation_id)
    if booking.state in ("refund_due", "refunded"):
        return booking
    if booking.state not in PAID:
        raise NothingToCancel("Only a paid booking can be cancelled.")
    if booking.admitted > 0:
        raise SomebodyIsIn("Somebody was let in with this booking. Ask at the desk.")
    if sale.now > cancel_until(booking, settings):
        raise TooLateToCancel(
            f"Bookings can be cancelled until {settings.cancel_until_minutes} minutes before."
        )
    cancel_paid(session, booking, by="buyer", reason="cancelled by the buyer")
    return booking


# What a page shows of a booking, in one statement.
_WITH_ITS_SCREENING = joinedload(Reservation.screening, innerjoin=True)


def find_reservation(session: Session, reservation_id: UUID, holder: Holder | None, key: str) -> Reservation:
    """For its owner, or for whoever has the link of its mail. Raises NotFound."""
    booking = session.get(Reservation, reservation_id, options=[_WITH_ITS_SCREENING])
    if booking is None:
        raise NotFound("There is no such booking.")
    owned = holder is not None and holder.owns(booking.owner)
    opened = is_key_of(booking.link_key, key)
    if not owned and not opened:
        raise NotFound("There is no such booking.")
    return booking


def reservations_of(session: Session, holder: Holder, *, limit: int = 200) -> list[Reservation]:
    """Everything the holder booked or is paying, newest first."""
    found = session.scalars(
        select(Reservation)
        .where(Reservation.owner.in_(holder.ids), Reservation.attempt > 0)
        .options(selectinload(Reservation.screening))
        .order_by(Reservation.created_at.desc(), Reservation.id)
        .limit(limit)
    )
    return list(found)


def is_payment_unknown(booking: Reservation) -> bool:
    """Its seats were given up before payment said whether anything was charged, and it has not said so since."""
    return booking.state == "expired" and booking.cancel_reason == UNANSWERED


# --- steps other verbs share ----------------------------------------------------------------------------------


def confirm(session: Session, booking: Reservation, cause: str, settings: MoviesSettings) -> None:
    """The seats are theirs; tickets and mail follow from the event."""
    if transitions.move(session, booking, "confirmed", cause):
        tell_confirmed(session, booking, settings)


def tell_confirmed(session: Session, booking: Reservation, settings: MoviesSettings) -> None:
    facts = booking_facts(session, booking, cancel_until=cancel_until(booking, settings))
    outbox.record(session, ReservationConfirmed(booking=facts))


def cancel_until(booking: Reservation, settings: MoviesSettings) -> datetime:
    """Until then the buyer may give it back."""
    return booking.screening.starts_at - timedelta(minutes=settings.cancel_until_minutes)


def request_release(session: Session, booking: Reservation) -> None:
    """Once: ask payment to make sure that nothing can be charged any more."""
    if booking.release_requested_at is None:
        booking.release_requested_at = func.now()
        outbox.record(session, PaymentCancelRequested(reservation_id=booking.id, attempt=booking.attempt))
        session.flush()


def cancel_paid(
    session: Session, booking: Reservation, *, by: Literal["buyer", "cinema"], reason: str
) -> None:
    """Tickets stop opening the door, the money goes back."""
    booking.cancel_reason = reason[:200]
    if transitions.move(session, booking, "refund_due", reason):
        facts = booking_facts(session, booking)
        outbox.record(session, ReservationCancelled(booking=facts, by=by, reason=booking.cancel_reason))
        refund(session, booking)


def refund(session: Session, booking: Reservation) -> None:
    """Send the money of a refund_due booking back; where none was paid, it is done."""
    if booking.total_cents == 0:
        transitions.move(session, booking, "refunded", "nothing to pay back")
        facts = booking_facts(session, booking)
        outbox.record(session, ReservationRefunded(booking=facts, amount_cents=0))
        return
    outbox.record(session, RefundRequested(reservation_id=booking.id, reason=booking.cancel_reason))


def refund_again(session: Session, reservation_id: UUID) -> Reservation:
    """Somebody has looked after a refund in trouble and wants it tried once more. Raises NotFound, NothingToRefund."""
    _, booking = holds.lock_booking(session, reservation_id)
    if booking.state != "refund_due":
        raise NothingToRefund("The money of this booking is not waiting to go back.")
    booking.refund_trouble, booking.reminders = "", 0
    booking.updated_at = func.now()
    refund(session, booking)
    return booking


# --- steps ----------------------------------------------------------------------------------------------------


def _same_again(booking: Reservation, buyer: Buyer) -> Reservation:
    """Where the ticket goes to, and whose it is, can be put right until it is paid: the payment stays the same."""
    is_changed = (booking.email, booking.name) != (buyer.email, buyer.name)
    if booking.method != buyer.method or (is_changed and booking.state in PAID):
        raise AlreadyPaying("These seats are being paid with other details.")
    booking.email, booking.name = buyer.email, buyer.name
    return booking


def _take_up_again(session: Session, sale: Sale, booking: Reservation, settings: MoviesSettings) -> None:
    """Only what was never paid for: of an older payment we could not be sure that it charges nothing."""
    seats = sales.labels(booking.seats)
    if booking.state not in ("held", "expired") or booking.attempt:
        raise holds.hold_expired(session, sale, booking)
    holds.expire_stale(session, sale, seats, besides=booking)
    booked = sales.count_booked(session, sale.screening_id, [booking.owner], besides=booking.id)
    sales.require_room_for(booked, len(seats), settings)
    if holds.claim_all(session, sale, booking, seats, None):
        raise holds.hold_expired(session, sale, booking)


def _note_buyer(booking: Reservation, buyer: Buyer, sale: Sale, settings: MoviesSettings) -> None:
    booking.email, booking.name, booking.method = buyer.email, buyer.name, buyer.method
    booking.attempt += 1
    booking.link_key = secrets.token_urlsafe(16)
    booking.paying_since = sale.now
    booking.expires_at = sale.now + timedelta(seconds=settings.pay_ttl_seconds)


def _ask_for_money(session: Session, booking: Reservation) -> None:
    outbox.record(
        session,
        PaymentRequested(
            reservation_id=booking.id,
            attempt=booking.attempt,
            owner=booking.owner,
            email=booking.email,
            amount_cents=booking.total_cents,
            currency=booking.currency,
            method=booking.method,  # type: ignore[arg-type]
            description=describe_booking(booking),
            link_key=booking.link_key,
        ),
    )
