"""What the movies service does about events: all subscriptions on one screen."""

from sqlalchemy.orm import Session

from marquee.contracts.payment import (
    PaymentDeclined,
    PaymentFailed,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentSucceeded,
)
from marquee.contracts.ticket import TicketAdmissionUndone, TicketAdmitted, TicketIssued
from marquee.messaging.consumer import Handlers, Meta
from services.movies.domain import settlement
from services.movies.settings import MoviesSettings


def handlers_for(settings: MoviesSettings) -> Handlers:
    def settle_payment(session: Session, event: PaymentSucceeded, _: Meta) -> None:
        settlement.settle_payment(session, event, settings)

    def note_decline(session: Session, event: PaymentDeclined, _: Meta) -> None:
        settlement.note_decline(session, event, settings)

    def end_payment(session: Session, event: PaymentFailed, _: Meta) -> None:
        settlement.end_payment(session, event)

    def note_refund(session: Session, event: PaymentRefunded, _: Meta) -> None:
        settlement.note_refund(session, event)

    def note_refund_trouble(session: Session, event: PaymentRefundFailed, _: Meta) -> None:
        settlement.note_refund_trouble(session, event)

    def note_tickets(session: Session, event: TicketIssued, _: Meta) -> None:
        settlement.note_tickets(session, event)

    def note_admission(session: Session, event: TicketAdmitted, _: Meta) -> None:
        settlement.count_admitted(session, event.reservation_id, 1)

    def take_admission_back(session: Session, event: TicketAdmissionUndone, _: Meta) -> None:
        settlement.count_admitted(session, event.reservation_id, -1)

    return {
        PaymentSucceeded: [settle_payment],
        PaymentDeclined: [note_decline],
        PaymentFailed: [end_payment],
        PaymentRefunded: [note_refund],
        PaymentRefundFailed: [note_refund_trouble],
        TicketIssued: [note_tickets],
        TicketAdmitted: [note_admission],
        TicketAdmissionUndone: [take_admission_back],
    }
