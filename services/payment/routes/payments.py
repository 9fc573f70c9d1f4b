"""A buyer's own payment, and Stripe's webhooks."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import stripe
import structlog
from flask import current_app, request

from marquee import logs
from marquee.api import Answer, Api, LinkKey
from marquee.auth import HOLDER, SIGNATURE, current_holder
from marquee.db import current_database, transaction
from marquee.errors import NotFound
from marquee.limits import limited
from marquee.links import is_key_of
from services.payment.domain import payments
from services.payment.domain.problems import BadSignature
from services.payment.models import Payment
from services.payment.schemas import PaymentShape, ReservationPath
from services.payment.settings import PaymentSettings
from services.payment.steps import Steps

log = structlog.get_logger(__name__)
api = Api("payments", __name__)


@api.get("/payments/<uuid:reservation_id>", access=HOLDER, answers={200: PaymentShape})
def get_payment(path: ReservationPath, query: LinkKey) -> Answer:
    """How the newest payment of a reservation stands, for its buyer."""
    return PaymentShape.of(_own_payment(path.reservation_id, query.key))


@api.post(
    "/payments/<uuid:reservation_id>/check",
    access=HOLDER,
    answers={200: PaymentShape},
    problems=(404, 429),
)
def check_payment(path: ReservationPath, query: LinkKey) -> Answer:
    """The same, after asking Stripe now: for somebody who comes back from the bank's page."""
    payment = _own_payment(path.reservation_id, query.key)
    if payment.state in {"open", "processing"}:
        _ask_stripe(payment)
    return PaymentShape.of(_own_payment(path.reservation_id, query.key))


@api.post(
    "/webhooks/stripe",
    access=SIGNATURE,
    answers={200: {"description": "Stored"}},
    summary="Stripe tells what happened",
)
def receive_webhook() -> Answer:
    """Only stores: what it says is read back from Stripe by the worker before it counts."""
    event = _verified(request.get_data(), request.headers.get("Stripe-Signature", ""))
    if booking := logs.booking_in(event["data"]["object"].get("metadata")):
        logs.concerns(booking)
    with transaction() as session:
        is_new = payments.receive_webhook(session, event)
    return {"received": True, "new": is_new}, 200


def payment_in_hand() -> str:
    """Not whoever asks: the link is all it takes, and a guest's token costs nothing."""
    return str((request.view_args or {})["reservation_id"])


@limited("20/minute", key=payment_in_hand)
def _ask_stripe(payment: Payment) -> None:
    steps: Steps = current_app.extensions["payment.steps"]
    steps.advance(payment.id, puts_off=False)


def _own_payment(reservation_id: UUID, key: str) -> Payment:
    with current_database().transaction() as session:
        payment = payments.newest(session, reservation_id)
    if payment is None or not (current_holder().owns(payment.owner) or is_key_of(payment.link_key, key)):
        raise NotFound("No payment of yours for that booking, or not yet.")
    return payment


def _verified(body: bytes, signature: str) -> dict[str, Any]:
    settings = PaymentSettings.current()
    attempts: list[Callable[[], object]] = [
        lambda secret=secret: stripe.WebhookSignature.verify_header(  # type: ignore[misc]
            body.decode(), signature, secret, stripe.Webhook.DEFAULT_TOLERANCE
        )
        for secret in settings.webhook_secrets
    ]
    if not any(_accepts(attempt) for attempt in attempts):
        raise BadSignature("The signature does not fit, or is more than five minutes old.")
    try:
        event = orjson.loads(body)
        event["id"], event["type"], event["data"]["object"]["id"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BadSignature("That is not an event.") from error
    return dict(event)


def _accepts(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError):
        # TypeError: Stripe's library compares text, and refuses to do so where it is not ASCII.
        return False
    return True
