"""What happens to a payment. Verbs take a session, never commit, and never call Stripe.

The provider's side is in provider.py; `steps.py` carries news between the two.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.contracts.payment import (
    PaymentCancelRequested,
    PaymentDeclined,
    PaymentFailed,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentRequested,
    PaymentSucceeded,
    RefundRequested,
)
from marquee.messaging.outbox import record
from services.payment.domain.transitions import move
from services.payment.models import Payment, StripeEvent

log = structlog.get_logger(__name__)
DUE_CHANNEL = "payment_due"
_LONGEST_WAIT = timedelta(seconds=60)
_LONGEST_WAIT_AFTER_A_NO = timedelta(hours=6)


@dataclass(frozen=True)
class News:
    """What Stripe says of a payment just now."""

    state: str  # "open", "processing", "succeeded", "failed"
    intent_id: str | None = None
    decline_id: str | None = None
    decline_code: str = ""
    decline_message: str = ""


# --- what the other services ask for ----------------------------------------------------------------------


def open_payment(session: Session, wanted: PaymentRequested) -> None:
    """Note that somebody wants to pay. Asking twice is asking once: (reservation, attempt) is unique.

    An attempt that is over already is said to be so again, or whoever asks would wait for it.
    """
    begun = session.execute(
        insert(Payment)
        .values(
            reservation_id=wanted.reservation_id,
            attempt=wanted.attempt,
            owner=wanted.owner,
            link_key=wanted.link_key,
            email=wanted.email,
            method=wanted.method,
            description=wanted.description,
            amount_cents=wanted.amount_cents,
            currency=wanted.currency,
            due_at=func.now(),
        )
        .on_conflict_do_nothing(index_elements=["reservation_id", "attempt"])
        .returning(Payment.id)
    ).first()
    if not begun:
        payment = find(session, wanted.reservation_id, attempt=wanted.attempt)
        if payment is not None and payment.state in {"failed", "refunded"}:
            _say_failed(session, payment, "it was over already")
    wake_worker(session)


def stop_payment(session: Session, wanted: PaymentCancelRequested) -> None:
    """Make sure that this attempt can never charge; `payment.failed` says when that is so."""
    payment = find(session, wanted.reservation_id, attempt=wanted.attempt)
    if payment is None:
        # The request overtook the one that opens it. Remember it as over, so that it never opens.
        _open_as_failed(session, wanted)
        return
    if payment.state == "creating":
        # Its secret was never handed out, so nobody can pay with it, whatever Stripe already knows.
        _fail(session, payment, "stopped before it began")
    elif payment.state == "failed":
        _say_failed(session, payment, "it was over already")
    elif payment.state in {"open", "processing"}:
        payment.wanted = "stopped"
        make_due(session, payment)


def refund_payment(session: Session, wanted: RefundRequested) -> None:
    """Give back whatever of this reservation was or still gets charged."""
    payments = session.scalars(
        select(Payment)
        .where(Payment.reservation_id == wanted.reservation_id, Payment.state != "failed")
        .with_for_update()
    ).all()
    for payment in payments:
        if payment.state == "refunded":
            _say_refunded(session, payment)
        elif payment.state == "creating":
            _fail(session, payment, "refunded before it began")
        else:
            if payment.state == "refund_failed":
                # That refund is over, and Stripe would repeat it under its key: this is a new one.
                payment.refund_id = None
                payment.key_generation += 1
            payment.wanted = "refunded"
            make_due(session, payment)


def receive_webhook(session: Session, event: dict[str, Any]) -> bool:
    """Store a verified webhook and look at its payment soon; False when it came before."""
    intent_id = _intent_of(event)
    stored = session.execute(
        insert(StripeEvent)
        .values(id=event["id"], type=event["type"], intent_id=intent_id, body=event)
        .on_conflict_do_nothing()
        .returning(StripeEvent.id)
    ).scalar_one_or_none()
    about = [Payment.provider_id == event["data"]["object"]["id"]]
    if intent_id is not None:  # none would match every payment that has none yet
        about.append(Payment.intent_id == intent_id)
    over = ("failed",) if _is_about_a_refund(event["type"]) else ("failed", "succeeded", "refunded")
    session.execute(
        update(Payment).where(or_(*about)).where(Payment.state.not_in(over)).values(due_at=func.now())
    )
    wake_worker(session)
    return stored is not None


def forget_webhooks(session: Session, *, kept_days: int) -> int:
    """Delete those that are older, a batch at a time: they hold names and mail addresses."""
    old = (
        select(StripeEvent.id)
        .where(StripeEvent.received_at < func.now() - timedelta(days=kept_days))
        .limit(1000)
        .with_for_update(skip_locked=True)
    )
    gone = session.execute(delete(StripeEvent).where(StripeEvent.id.in_(old)).returning(StripeEvent.id))
    return len(gone.all())


# --- what Stripe answered ---------------------------------------------------------------------------------


def opened(
    session: Session, payment: Payment, *, provider_id: str, client_secret: str | None, hosted_url: str | None
) -> None:
    """Stripe knows it; from now on the buyer can pay."""
    if move(session, payment, "open", cause="created at the provider"):
        payment.provider_id = provider_id
        payment.intent_id = provider_id if provider_id.startswith("pi_") else None
        payment.client_secret, payment.hosted_url = client_secret, hosted_url


def heard(session: Session, payment: Payment, news: News, *, cause: str) -> None:
    """Take in what was read back, and tell the others once."""
    payment.intent_id = news.intent_id or payment.intent_id
    if news.decline_id and news.decline_id != payment.decline_id:
        _decline(session, payment, news)
    if not move(session, payment, news.state, cause=cause):
        return
    if news.state == "succeeded":
        record(
            session,
            PaymentSucceeded(
                reservation_id=payment.reservation_id,
                attempt=payment.attempt,
                amount_cents=payment.amount_cents,
                currency=payment.currency,
            ),
        )
        if payment.wanted == "stopped":
            # It was faster than we: movies decides whether the seats are still there, or asks for a refund.
            payment.wanted = "paid"
        if _heard_of_a_refund(session, payment):
            make_due(session, payment)
    elif news.state == "failed":
        _say_failed(session, payment, cause)


def refund_heard(session: Session, payment: Payment, *, refund_id: str, status: str) -> None:
    """Take in the state of the refund: "pending", "succeeded", or anything that means it did not work.

    Also of one that we did not ask for, and of one that succeeded and was sent back by the bank days later.
    """
    payment.refund_id = refund_id
    if payment.state != "refunded":
        move(session, payment, "refunding", cause="refund asked for")
    if status == "succeeded":
        if move(session, payment, "refunded", cause="refund succeeded"):
            _say_refunded(session, payment)
    elif status not in {"pending", "requires_action"}:
        payment.wanted = "paid"  # until somebody asks again
        if move(session, payment, "refund_failed", cause=f"refund {status}"):
            _say_refund_failed(session, payment, f"the bank did not take it ({status})")
            log.error("refund_failed", payment=str(payment.id), refund=refund_id, status=status)


# --- finding work -----------------------------------------------------------------------------------------


def take_due(session: Session, *, lease_seconds: float) -> UUID | None:
    """The payment that waits longest for us, ours alone for `lease_seconds`."""
    return session.execute(
        text(
            """
            UPDATE payments SET due_at = now() + make_interval(secs => :lease)
            WHERE id = (
                SELECT id FROM payments WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING id
            """
        ),
        {"lease": lease_seconds},
    ).scalar_one_or_none()


def done_for_now(payment: Payment, *, due_when_begun: datetime | None, check_seconds: float) -> None:
    """After a step that went well: come back soon while something is to be done, later to check, or never.

    When somebody made it due while the step was under way, what they know may be newer than what we heard:
    then it stays due.
    """
    payment.failures = 0
    if payment.due_at != due_when_begun:
        return
    if _unfinished(payment):
        payment.due_at = func.now() + timedelta(seconds=1)
    elif payment.state in {"open", "processing", "refunding"}:
        payment.due_at = func.now() + timedelta(seconds=check_seconds)
    else:
        payment.due_at = None


def try_later(
    payment: Payment,
    *,
    due_when_begun: datetime | None,
    new_key: bool = False,
    longest: timedelta = _LONGEST_WAIT,
) -> None:
    """After a step that Stripe did not answer: 1, 2, 4 … 60 s; at once when somebody made it due meanwhile.

    `new_key`: what Stripe keeps under the key will not do. Asking under another one is safe: a first intent's
    secret was never handed out, and a charge cannot be refunded beyond its amount.
    """
    if new_key:
        payment.key_generation += 1
    payment.failures += 1
    if payment.due_at != due_when_begun:
        return
    wait = min(longest, timedelta(seconds=2 ** min(payment.failures - 1, 20)))
    payment.due_at = func.now() + wait


def refund_refused(
    session: Session, payment: Payment, reason: str, *, due_when_begun: datetime | None
) -> None:
    """Stripe will not give it back as things are. Somebody is told at once; we ask ever more rarely."""
    if payment.failures == 0:
        _say_refund_failed(session, payment, reason)
    try_later(payment, due_when_begun=due_when_begun, longest=_LONGEST_WAIT_AFTER_A_NO)


def make_due(session: Session, payment: Payment) -> None:
    payment.due_at = func.now()
    wake_worker(session)


def wake_worker(session: Session) -> None:
    session.execute(select(func.pg_notify(DUE_CHANNEL, "")))


def find(session: Session, reservation_id: UUID, *, attempt: int | None = None) -> Payment | None:
    """The newest (or the given) attempt, locked until the transaction ends."""
    query = select(Payment).where(Payment.reservation_id == reservation_id)
    if attempt is not None:
        query = query.where(Payment.attempt == attempt)
    return session.scalars(query.order_by(Payment.attempt.desc()).limit(1).with_for_update()).one_or_none()


def newest(session: Session, reservation_id: UUID) -> Payment | None:
    """The newest attempt, to look at only."""
    query = select(Payment).where(Payment.reservation_id == reservation_id)
    return session.scalars(query.order_by(Payment.attempt.desc()).limit(1)).one_or_none()


def lock(session: Session, payment_id: UUID) -> Payment:
    return session.scalars(select(Payment).where(Payment.id == payment_id).with_for_update()).one()


# --- private ----------------------------------------------------------------------------------------------


def needs_refund(payment: Payment) -> bool:
    """It was charged and shall be given back, and no refund is under way."""
    return payment.wanted == "refunded" and payment.state in {"succeeded", "refund_failed"}


def _unfinished(payment: Payment) -> bool:
    """What we can bring to an end ourselves. A bank that is processing cannot be stopped, and takes days."""
    stopping = payment.wanted in {"stopped", "refunded"} and payment.state == "open"
    return stopping or needs_refund(payment)


def _open_as_failed(session: Session, wanted: PaymentCancelRequested) -> None:
    session.execute(
        insert(Payment)
        .values(
            reservation_id=wanted.reservation_id,
            attempt=wanted.attempt,
            owner="",
            link_key="",
            email="",
            method="element",
            description="stopped before it was asked for",
            amount_cents=0,
            currency="XXX",
            state="failed",
        )
        .on_conflict_do_nothing(index_elements=["reservation_id", "attempt"])
    )
    record(
        session,
        PaymentFailed(
            reservation_id=wanted.reservation_id, attempt=wanted.attempt, reason="stopped before it began"
        ),
    )


def _fail(session: Session, payment: Payment, reason: str) -> None:
    if move(session, payment, "failed", cause=reason):
        payment.due_at = None
        _say_failed(session, payment, reason)


def _decline(session: Session, payment: Payment, news: News) -> None:
    payment.decline_id, payment.decline_code = news.decline_id, news.decline_code
    payment.decline_message = news.decline_message
    record(
        session,
        PaymentDeclined(
            reservation_id=payment.reservation_id,
            attempt=payment.attempt,
            code=news.decline_code,
            message=news.decline_message,
        ),
    )


def _say_failed(session: Session, payment: Payment, reason: str) -> None:
    record(
        session,
        PaymentFailed(reservation_id=payment.reservation_id, attempt=payment.attempt, reason=reason[:120]),
    )


def _say_refunded(session: Session, payment: Payment) -> None:
    record(
        session,
        PaymentRefunded(
            reservation_id=payment.reservation_id,
            amount_cents=payment.amount_cents,
            currency=payment.currency,
        ),
    )


def _say_refund_failed(session: Session, payment: Payment, reason: str) -> None:
    record(session, PaymentRefundFailed(reservation_id=payment.reservation_id, reason=reason[:200]))


def _is_about_a_refund(event_type: str) -> bool:
    return event_type.startswith(("refund.", "charge.refund"))


def _heard_of_a_refund(session: Session, payment: Payment) -> bool:
    """Whether a webhook spoke of one before we knew that there was money to give back."""
    of_it = select(StripeEvent.type).where(StripeEvent.intent_id == payment.intent_id)
    return payment.intent_id is not None and any(map(_is_about_a_refund, session.scalars(of_it)))


def _intent_of(event: dict[str, Any]) -> str | None:
    thing = event["data"]["object"]
    if thing.get("object") == "payment_intent":
        return str(thing["id"])
    intent = thing.get("payment_intent")
    return intent if isinstance(intent, str) else None
