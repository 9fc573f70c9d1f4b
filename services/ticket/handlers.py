"""Which event does what here."""

from sqlalchemy.orm import Session

from marquee.contracts.reservation import (
    ReservationCancelled,
    ReservationConfirmed,
    ReservationRefundDue,
    ReservationRefunded,
)
from marquee.messaging.consumer import Handlers, Meta
from services.ticket.domain import tickets
from services.ticket.domain.codes import SigningKeys


def handlers(keys: SigningKeys) -> Handlers:
    """The table; new tickets are signed with the newest of `keys`."""

    def issue(session: Session, event: ReservationConfirmed, _: Meta) -> None:
        tickets.issue_tickets(session, event.booking, key_id=keys.current)

    return {
        ReservationConfirmed: [issue],
        ReservationCancelled: [void_cancelled],
        ReservationRefundDue: [void_unseated],
        ReservationRefunded: [void_refunded],
    }


def void_cancelled(session: Session, event: ReservationCancelled, _: Meta) -> None:
    tickets.void_tickets(session, event.booking, event.reason or f"cancelled by the {event.by}")


def void_unseated(session: Session, event: ReservationRefundDue, _: Meta) -> None:
    tickets.void_tickets(session, event.booking, event.reason)


def void_refunded(session: Session, event: ReservationRefunded, _: Meta) -> None:
    tickets.void_tickets(session, event.booking, "refunded")
