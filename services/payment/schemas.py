"""Shapes of the payment service."""

from typing import Literal, Self
from uuid import UUID

from marquee.api import Parameters, Shape
from services.payment.models import Payment

_SHOWN = {"refunding": "refund_due", "refund_failed": "refund_due"}


class ReservationPath(Parameters):
    reservation_id: UUID


class Decline(Shape):
    code: str
    message: str


class PaymentShape(Shape):
    reservation_id: UUID
    attempt: int
    state: Literal["creating", "open", "processing", "succeeded", "failed", "refund_due", "refunded"]
    client_secret: str | None
    hosted_url: str | None
    amount_cents: int
    currency: str
    decline: Decline | None

    @classmethod
    def of(cls, payment: Payment) -> Self:
        is_open = payment.state in {"open", "processing"}
        declined = payment.decline_id is not None and payment.state == "open"
        return cls.model_validate(
            {
                "reservation_id": payment.reservation_id,
                "attempt": payment.attempt,
                "state": _SHOWN.get(payment.state, payment.state),
                "client_secret": payment.client_secret if is_open else None,
                "hosted_url": payment.hosted_url if is_open else None,
                "amount_cents": payment.amount_cents,
                "currency": payment.currency,
                "decline": {"code": payment.decline_code, "message": payment.decline_message}
                if declined
                else None,
            }
        )
