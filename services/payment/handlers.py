"""Which event does what here."""

from sqlalchemy.orm import Session

from marquee.contracts.payment import PaymentCancelRequested, PaymentRequested, RefundRequested
from marquee.messaging.consumer import Handlers, Meta
from services.payment.domain import payments


def open_payment(session: Session, event: PaymentRequested, _: Meta) -> None:
    payments.open_payment(session, event)


def stop_payment(session: Session, event: PaymentCancelRequested, _: Meta) -> None:
    payments.stop_payment(session, event)


def refund_payment(session: Session, event: RefundRequested, _: Meta) -> None:
    payments.refund_payment(session, event)


HANDLERS: Handlers = {
    PaymentRequested: [open_payment],
    PaymentCancelRequested: [stop_payment],
    RefundRequested: [refund_payment],
}
