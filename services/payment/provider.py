"""Stripe, as far as we need it. Calls carry keys derived from our own rows: a repeat is no second charge.

ProviderAway: no answer, or "later": the same call again, with the same key.
ProviderRefused: an answer that will not change.
"""

import time
from dataclasses import dataclass
from typing import Any

import stripe
import structlog

from services.payment.domain.payments import News
from services.payment.measures import CALLS, SECONDS
from services.payment.models import Payment
from services.payment.settings import PaymentSettings

log = structlog.get_logger(__name__)

# Ours is expired by hand when the hold ends. Stripe wants 30 minutes to 24 hours from when it is first asked, which
# may be long after the row was made: this leaves room on both sides.
_HOSTED_PAGE_SECONDS = 12 * 3600


class ProviderAway(Exception):
    """Stripe did not answer in a way that settles anything."""


class ProviderBroke(ProviderAway):
    """What Stripe keeps under our key will not do: a 500, or a call made in other words by another version of us."""


class ProviderRefused(Exception):
    """Stripe will not do that, now or later."""


@dataclass(frozen=True)
class Opened:
    """What the page needs so that somebody can pay."""

    provider_id: str
    client_secret: str | None
    hosted_url: str | None


@dataclass(frozen=True)
class Refund:
    id: str
    status: str


class StripeProvider:
    def __init__(self, settings: PaymentSettings) -> None:
        self._public_url = settings.public_url.rstrip("/")
        self._client = stripe.StripeClient(
            settings.stripe_api_key,
            base_addresses={"api": settings.stripe_api_base},
            http_client=stripe.RequestsClient(timeout=(2, 6)),
            max_network_retries=0,
        )

    def open(self, payment: Payment) -> Opened:
        """Let it be paid: an intent for our own page, or a hosted page of Stripe's."""
        return self._open_hosted(payment) if payment.method == "hosted" else self._open_intent(payment)

    def read(self, payment: Payment) -> News:
        """How it stands now."""
        provider_id = _known(payment)
        if provider_id.startswith("cs_"):
            session = self._call("checkout.sessions.retrieve", provider_id, {"expand": ["payment_intent"]})
            return _news_of_session(session)
        return _news_of_intent(self._call("payment_intents.retrieve", provider_id))

    def stop(self, payment: Payment) -> News:
        """See to it that it can never charge; when it already has, say so."""
        provider_id = _known(payment)
        try:
            if provider_id.startswith("cs_"):
                return _news_of_session(self._call("checkout.sessions.expire", provider_id))
            return _news_of_intent(self._call("payment_intents.cancel", provider_id))
        except ProviderRefused:
            # It is no longer in a state that can be stopped: what state that is decides.
            return self.read(payment)

    def refund(self, payment: Payment) -> Refund:
        """All of it back, once: the key is the payment's."""
        begun = payment.refund_id
        refund = self._call("refunds.retrieve", begun) if begun else self._create_refund(payment)
        return Refund(refund["id"], str(refund["status"]))

    def given_back(self, payment: Payment) -> Refund | None:
        """What of it went back, whoever asked for that: nothing, as long as it is not all of the money."""
        found = self._call("refunds.list", {"payment_intent": _charged(payment), "limit": 100})
        given = [one for one in found["data"] if one["status"] not in {"failed", "canceled"}]
        if sum(one["amount"] for one in given) < payment.amount_cents:
            return None
        # In parts, it is back with the last of them.
        last = next((one for one in given if one["status"] != "succeeded"), given[0])
        return Refund(last["id"], str(last["status"]))

    def _create_refund(self, payment: Payment) -> Any:
        wanted = {"payment_intent": _charged(payment), "metadata": _metadata(payment)}
        key = _with_generation(f"refund:{payment.id}", payment)
        try:
            return self._call("refunds.create", wanted, {"idempotency_key": key})
        except ProviderRefused:
            # Perhaps it was given back already, by a call whose answer we never heard, or by hand.
            given = self._call("refunds.list", {"payment_intent": _charged(payment), "limit": 1})
            if not given["data"]:
                raise
            return given["data"][0]

    def _open_intent(self, payment: Payment) -> Opened:
        intent = self._call(
            "payment_intents.create",
            {
                "amount": payment.amount_cents,
                "currency": payment.currency.lower(),
                "automatic_payment_methods": {"enabled": True},
                "description": payment.description,
                "metadata": _metadata(payment),
            },
            {"idempotency_key": _pay_key(payment)},
        )
        return Opened(intent["id"], intent["client_secret"], None)

    def _open_hosted(self, payment: Payment) -> Opened:
        booking = f"{self._public_url}/bookings/{payment.reservation_id}"
        # Every parameter comes from the frozen row: a repeat must be byte for byte the same.
        expires_at = int(payment.created_at.timestamp()) + _HOSTED_PAGE_SECONDS
        session = self._call(
            "checkout.sessions.create",
            {
                "mode": "payment",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": payment.currency.lower(),
                            "unit_amount": payment.amount_cents,
                            "product_data": {"name": payment.description},
                        },
                    }
                ],
                "customer_email": payment.email,
                "client_reference_id": str(payment.reservation_id),
                "metadata": _metadata(payment),
                "payment_intent_data": {"metadata": _metadata(payment)},
                "success_url": f"{booking}?paid=1",
                "cancel_url": f"{booking}?back=1",
                "expires_at": expires_at,
            },
            {"idempotency_key": _pay_key(payment)},
        )
        return Opened(session["id"], None, session["url"])

    def _call(self, name: str, *arguments: Any) -> Any:
        began, outcome = time.perf_counter(), "away"
        try:
            answer = self._ask(name, *arguments)
            outcome = "ok"
        except ProviderRefused:
            outcome = "refused"
            raise
        finally:
            CALLS.labels(name, outcome).inc()
            SECONDS.labels(name).observe(time.perf_counter() - began)
        return answer

    def _ask(self, name: str, *arguments: Any) -> Any:
        target: Any = self._client.v1
        for part in name.split("."):
            target = getattr(target, part)
        *positional, last = arguments
        options = last if isinstance(last, dict) and "idempotency_key" in last else None
        try:
            if options is not None:
                return target(*positional, options=options)
            return target(*arguments)
        except (stripe.APIConnectionError, stripe.RateLimitError) as error:
            raise ProviderAway(_reason(error)) from error
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            # A key that is being rotated, or wrong: our trouble, which says nothing of the payment.
            raise ProviderAway(_reason(error)) from error
        except stripe.IdempotencyError as error:
            raise ProviderBroke(_reason(error)) from error
        except stripe.APIError as error:
            raise (ProviderBroke if error.http_status == 500 else ProviderAway)(_reason(error)) from error
        except stripe.StripeError as error:
            # "Key in use": the other request owns it and its outcome is not known yet.
            if error.http_status == 409:
                raise ProviderAway(_reason(error)) from error
            raise ProviderRefused(_reason(error)) from error


def _pay_key(payment: Payment) -> str:
    return _with_generation(f"pay:{payment.reservation_id}:{payment.attempt}", payment)


def _with_generation(key: str, payment: Payment) -> str:
    return f"{key}:{payment.key_generation}" if payment.key_generation else key


def _metadata(payment: Payment) -> dict[str, str]:
    return {"reservation_id": str(payment.reservation_id), "attempt": str(payment.attempt)}


def _known(payment: Payment) -> str:
    if payment.provider_id is None:
        raise ProviderRefused("it was never opened")
    return payment.provider_id


def _charged(payment: Payment) -> str:
    if payment.intent_id is None:  # asked for those of none, Stripe lists everybody's refunds
        raise ProviderRefused("it was never charged")
    return payment.intent_id


_INTENT_STATES = {"succeeded": "succeeded", "canceled": "failed", "processing": "processing"}


def _news_of_intent(intent: Any) -> News:
    declined = _value(intent, "last_payment_error")
    state = _INTENT_STATES.get(intent["status"], "open")
    if not declined or state != "open" or intent["status"] != "requires_payment_method":
        return News(state, intent["id"])
    code = _value(declined, "decline_code") or _value(declined, "code") or "declined"
    return News(
        state,
        intent["id"],
        # A charge per try; where there was none (a wrong number), the reason itself marks it.
        decline_id=str(_value(declined, "charge") or f"{intent['id']}:{code}"),
        decline_code=str(code)[:80],
        decline_message=_words_for_the_buyer(declined)[:300],
    )


def _words_for_the_buyer(declined: Any) -> str:
    """Stripe writes only what it says of a card for buyers; the rest is for us."""
    if _value(declined, "code") == "payment_intent_authentication_failure":
        return "You did not approve it at your bank."
    message = _value(declined, "message") if _value(declined, "type") == "card_error" else ""
    return str(message or "The payment did not go through.")


def _news_of_session(session: Any) -> News:
    intent = _value(session, "payment_intent")
    intent_id = intent if isinstance(intent, str) or intent is None else intent["id"]
    if session["payment_status"] == "paid":
        return News("succeeded", intent_id)
    if session["status"] == "expired":
        return News("failed", intent_id)
    if session["status"] == "open":
        return News("open", intent_id)
    # Complete and not paid is a slow way to pay (a debit, a transfer), and the intent tells how it goes. Where the bank
    # bounced it nobody can try again: that page is over.
    bounced = intent["status"] in {"requires_payment_method", "canceled"}
    return News("failed" if bounced else "processing", intent_id)


def _value(thing: Any, name: str) -> Any:
    # StripeObject is no dict: it has no .get().
    return thing[name] if name in thing else None  # noqa: SIM401


def _reason(error: stripe.StripeError) -> str:
    return f"{type(error).__name__}: {error.user_message or error}"[:200]
