"""One attempt to pay a confirmed PaymentIntent: the bank asks its customer, answers, and money settles."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from local.stripe_fake.domain import cards, charges, payment_methods
from local.stripe_fake.domain.account import Account, visible
from local.stripe_fake.errors import CardError, Json, UnexpectedState

KIND = "payment_intent"
REFUSED_BY_HOLDER = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
    "PaymentMethod to attempt to fulfill this PaymentIntent again."
)


def begin(account: Account, intent: Json, return_url: str | None, use_sdk: bool) -> Json:
    """Charge the intent's card, or stop at requires_action; raises CardError when the bank says no."""
    card = _card_of(account, intent)
    if card.asks_holder:
        return _ask_holder(account, intent, return_url, use_sdk)
    return _charge(account, intent)


def answer_for_holder(account: Account, intent: Json, approves: bool) -> Json:
    """The holder answered the bank's question; a second answer, or a late one, changes nothing."""
    if intent["status"] != "requires_action":
        return intent
    if not approves:
        return _fail_authentication(account, intent)
    try:
        return _charge(account, intent)
    except CardError:
        return intent


def return_address(intent: Json, return_url: str) -> str:
    """Where Stripe sends the buyer back to, with what the page needs to read the result."""
    parts = urlsplit(return_url)
    paid = intent["status"] in ("succeeded", "processing", "requires_capture")
    told = urlencode(
        {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": "succeeded" if paid else "failed",
        }
    )
    query = f"{parts.query}&{told}" if parts.query else told
    return urlunsplit(parts._replace(query=query))


def settle(account: Account, intent: Json, well: bool) -> Json:
    """A processing intent reaches its end: paid, or back to requires_payment_method."""
    if intent["status"] != "processing":
        raise UnexpectedState(f"This PaymentIntent is {intent['status']}, not processing.")
    intent["_settle_at"] = None
    charge = account.store.get(charges.KIND, intent["latest_charge"])
    if well:
        charges.settle(account, charge, None)
        return succeed(account, intent, intent["amount"])
    decline = _card_of(account, intent).decline or cards.GENERIC
    charges.settle(account, charge, decline)
    _fail(account, intent, decline, charge)
    return intent


def settle_as_card(account: Account, intent: Json) -> Json:
    return settle(account, intent, _card_of(account, intent).settles_well)


def succeed(account: Account, intent: Json, amount: int) -> Json:
    intent.update(
        status="succeeded",
        amount_received=amount,
        amount_capturable=0,
        next_action=None,
        processing=None,
        last_payment_error=None,
    )
    account.store.save(intent)
    account.record_event("payment_intent.succeeded", intent)
    return intent


def _charge(account: Account, intent: Json) -> Json:
    card = _card_of(account, intent)
    method = account.store.get(payment_methods.KIND, intent["payment_method"])
    if card.settles_later:
        return _wait_for_settlement(account, intent, method)
    if card.decline is not None:
        charge = charges.attempt(account, intent, method, "failed", card.decline)
        raise _fail(account, intent, card.decline, charge)
    charge = charges.attempt(account, intent, method, "succeeded")
    intent["latest_charge"] = charge["id"]
    if intent["capture_method"] == "manual":
        return _authorise(account, intent)
    return succeed(account, intent, intent["amount"])


def _authorise(account: Account, intent: Json) -> Json:
    intent.update(
        status="requires_capture",
        amount_capturable=intent["amount"],
        next_action=None,
        last_payment_error=None,
    )
    account.store.save(intent)
    account.record_event("payment_intent.amount_capturable_updated", intent)
    return intent


def _wait_for_settlement(account: Account, intent: Json, method: Json) -> Json:
    charge = charges.attempt(account, intent, method, "pending")
    intent.update(
        status="processing",
        latest_charge=charge["id"],
        next_action=None,
        last_payment_error=None,
        _settle_at=account.clock() + account.settings.processing_seconds,
    )
    account.store.save(intent)
    account.record_event("payment_intent.processing", intent)
    return intent


def _ask_holder(account: Account, intent: Json, return_url: str | None, use_sdk: bool) -> Json:
    query = urlencode({"client_secret": intent["client_secret"]})
    page = f"{account.settings.public_url}/3ds/{intent['id']}?{query}"
    if return_url is not None and not use_sdk:
        action = {"redirect_to_url": {"return_url": return_url, "url": page}, "type": "redirect_to_url"}
    else:
        action = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"stripe_js": page, "type": "three_d_secure_redirect"},
        }
    intent.update(status="requires_action", next_action=action, last_payment_error=None)
    account.store.save(intent)
    account.record_event("payment_intent.requires_action", intent)
    return intent


def _fail(account: Account, intent: Json, decline: cards.Decline, charge: Json) -> CardError:
    """Note the bank's refusal on the intent, and return it as the error of this call."""
    method = account.store.get(payment_methods.KIND, intent["payment_method"])
    error = {
        "charge": charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": method,
        "type": "card_error",
    }
    if decline.code == "incorrect_cvc":
        error["param"] = "cvc"
    _ask_for_another_card(account, intent, error, charge["id"])
    return CardError(
        decline.message,
        code=decline.code,
        param=error.get("param"),
        decline_code=decline.decline_code,
        charge=charge["id"],
        payment_method=method,
        payment_intent=visible(intent),
    )


def _fail_authentication(account: Account, intent: Json) -> Json:
    error = {
        "code": "payment_intent_authentication_failure",
        "doc_url": "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
        "message": REFUSED_BY_HOLDER,
        "payment_method": account.store.get(payment_methods.KIND, intent["payment_method"]),
        "type": "invalid_request_error",
    }
    return _ask_for_another_card(account, intent, error, intent["latest_charge"])


def _ask_for_another_card(account: Account, intent: Json, error: Json, charge_id: str | None) -> Json:
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        processing=None,
        last_payment_error=error,
        latest_charge=charge_id,
    )
    account.store.save(intent)
    account.record_event("payment_intent.payment_failed", intent)
    return intent


def _card_of(account: Account, intent: Json) -> cards.Behaviour:
    return cards.behaviour_of(payment_methods.number_of(account, intent["payment_method"]))
