"""The legal ways of a payment, in one table and one function."""

import structlog
from sqlalchemy import func
from sqlalchemy.orm import Session

from services.payment.models import Payment, PaymentTransition

log = structlog.get_logger(__name__)

EDGES: dict[str, frozenset[str]] = {
    "creating": frozenset({"open", "failed"}),
    "open": frozenset({"processing", "succeeded", "failed"}),
    "processing": frozenset({"open", "succeeded", "failed"}),
    "succeeded": frozenset({"refunding"}),
    "refunding": frozenset({"refunded", "refund_failed"}),
    "failed": frozenset(),
    # A bank may send back days later what it was called to have taken.
    "refunded": frozenset({"refund_failed"}),
    # A person may ask again, once the card issuer's reason is known.
    "refund_failed": frozenset({"refunding"}),
}


def move(session: Session, payment: Payment, target: str, *, cause: str) -> bool:
    """Move `payment` (locked by the caller's transaction) to `target`; False when it may not go there.

    Being told twice, or late, is normal: webhooks repeat and overtake each other. So an illegal step
    changes nothing and raises nothing.
    """
    if payment.state == target:
        return False
    if target not in EDGES[payment.state]:
        log.info("transition_ignored", source=payment.state, target=target, cause=cause, **_named(payment))
        return False
    source, payment.state = payment.state, target
    payment.version += 1
    payment.updated_at = func.now()
    session.add(
        PaymentTransition(
            payment_id=payment.id, version=payment.version, source=source, target=target, cause=cause[:120]
        )
    )
    log.info("transition", source=source, target=target, cause=cause, **_named(payment))
    return True


def _named(payment: Payment) -> dict[str, str]:
    return {"reservation_id": str(payment.reservation_id), "payment": str(payment.id)}
