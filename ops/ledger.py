"""What Stripe has on its books for us, through its API: every intent of a reservation, with what came and went."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import stripe

from ops.addresses import variable
from services.payment.recovery import each_of

__all__ = ["intents", "stripe_client"]


def stripe_client() -> stripe.StripeClient | None:
    """By STRIPE_API_KEY and STRIPE_API_BASE; none where no key is given."""
    key = variable("STRIPE_API_KEY")
    if not key:
        return None
    base = variable("STRIPE_API_BASE") or "https://api.stripe.com"
    return stripe.StripeClient(
        key,
        base_addresses={"api": base},
        http_client=stripe.RequestsClient(timeout=(2, 20)),
        max_network_retries=3,
    )


def intents(client: stripe.StripeClient) -> Iterator[dict[str, Any]]:
    given_back: dict[str, list[Any]] = defaultdict(list)
    for refund in each_of(client.v1.refunds):
        given_back[str(refund["payment_intent"])].append(refund)
    for intent in each_of(client.v1.payment_intents):
        if "reservation_id" in intent["metadata"]:
            yield _row(intent, given_back[intent["id"]])


def _row(intent: Any, refunds: list[Any]) -> dict[str, Any]:
    refunded = sum(one["amount"] for one in refunds if one["status"] in {"pending", "succeeded"})
    return {
        "id": intent["id"],
        "reservation_id": intent["metadata"]["reservation_id"],
        "currency": intent["currency"],
        "received": intent["amount_received"],
        "refunded": refunded,
        "net": intent["amount_received"] - refunded,
        "refunds": sum(one["status"] == "succeeded" for one in refunds),
    }
