"""Which event does what here."""

from sqlalchemy.orm import Session

from marquee.contracts.reservation import (
    ReservationCancelled,
    ReservationRefundDue,
    ReservationRefunded,
)
from marquee.contracts.ticket import TicketIssued
from marquee.messaging.consumer import Handlers, Meta
from services.notification.domain import notices


def send_tickets(session: Session, event: TicketIssued, _: Meta) -> None:
    notices.tell(session, "tickets", event.booking)


def tell_cancelled(session: Session, event: ReservationCancelled, _: Meta) -> None:
    notices.tell(session, "cancelled", event.booking, reason=event.reason)


def tell_refund_due(session: Session, event: ReservationRefundDue, _: Meta) -> None:
    notices.tell(session, "refund_due", event.booking, reason=event.reason)


def tell_refunded(session: Session, event: ReservationRefunded, _: Meta) -> None:
    if event.booking.total_cents:
        notices.tell(session, "refunded", event.booking)


HANDLERS: Handlers = {
    TicketIssued: [send_tickets],
    ReservationCancelled: [tell_cancelled],
    ReservationRefundDue: [tell_refund_due],
    ReservationRefunded: [tell_refunded],
}
