"""PaymentIntents: Stripe's state machine for one payment.

requires_payment_method → requires_confirmation → requires_action → processing → succeeded
A refused card leads back to requires_payment_method; capture_method=manual stops at requires_capture;
canceled and succeeded are the ends.
"""

from __future__ import annotations

from local.stripe_fake.domain import attempts, charges, payment_methods
from local.stripe_fake.domain.account import Account, changed, new_id, random_letters, visible
from local.stripe_fake.errors import InvalidParameter, Json, UnexpectedState
from local.stripe_fake.parameters import Parameters

KIND = "payment_intent"
MINIMUM_AMOUNT = 50
MAXIMUM_AMOUNT = 99_999_999
CAPTURE_METHODS = ("automatic", "automatic_async", "manual")
CANCELLATION_REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(account: Account, params: Parameters) -> Json:
    amount, currency = _read_amount(params), _read_currency(params)
    automatic, redirects = _read_automatic_methods(params)
    intent = _blank(account, amount, currency)
    intent.update(
        automatic_payment_methods={"allow_redirects": redirects, "enabled": True} if automatic else None,
        capture_method=params.choice("capture_method", CAPTURE_METHODS, "automatic_async"),
        confirmation_method=params.choice("confirmation_method", ("automatic", "manual"), "automatic"),
        description=params.text("description"),
        metadata=params.metadata(),
        receipt_email=params.text("receipt_email"),
        statement_descriptor_suffix=params.text("statement_descriptor_suffix"),
        transfer_group=params.text("transfer_group"),
    )
    _read_method_types(params)
    confirms = params.flag("confirm")
    method = _read_method(account, params)
    return_url = params.text("return_url")
    use_sdk = params.flag("use_stripe_sdk")
    params.refuse_others()
    if return_url and not confirms:
        raise InvalidParameter("return_url can only be passed when confirm is true.", param="return_url")
    account.store.insert(intent)
    account.record_event("payment_intent.created", intent)
    if method is not None:
        _set_method(account, intent, method)
    if confirms:
        _confirm(account, intent, return_url, use_sdk)
    return intent


def open_for_session(account: Account, amount: int, currency: str, details: Json) -> Json:
    """The intent behind a Checkout Session; `details` are fields its payment_intent_data asked for."""
    intent = _blank(account, amount, currency)
    intent.update(details)
    account.store.insert(intent)
    account.record_event("payment_intent.created", intent)
    return intent


def retrieve(account: Account, intent_id: str) -> Json:
    return account.store.get(KIND, intent_id, "intent")


def update(account: Account, intent_id: str, params: Parameters) -> Json:
    intent = retrieve(account, intent_id)
    if "amount" in params or "currency" in params:
        _refuse_unless(intent, OPEN, "update the amount of")
        intent["amount"] = _read_amount(params) if "amount" in params else intent["amount"]
        intent["currency"] = _read_currency(params) if "currency" in params else intent["currency"]
    intent["metadata"] = params.metadata(intent["metadata"])
    for name in ("description", "receipt_email"):
        if name in params:
            intent[name] = params.text(name)
    method = _read_method(account, params)
    params.refuse_others()
    if method is not None:
        _refuse_unless(intent, OPEN, "update the payment method of")
        _set_method(account, intent, method)
    return account.store.save(intent)


def confirm(account: Account, intent_id: str, params: Parameters) -> Json:
    intent = retrieve(account, intent_id)
    method = _read_method(account, params)
    return_url = params.text("return_url")
    use_sdk = params.flag("use_stripe_sdk")
    if "receipt_email" in params:
        intent["receipt_email"] = params.text("receipt_email")
    params.flag("off_session")
    params.refuse_others()
    _refuse_unless(intent, OPEN, "confirm")
    if method is not None:
        _set_method(account, intent, method)
    return _confirm(account, intent, return_url, use_sdk)


def cancel(account: Account, intent_id: str, params: Parameters) -> Json:
    intent = retrieve(account, intent_id)
    reason = params.choice("cancellation_reason", CANCELLATION_REASONS)
    params.refuse_others()
    if intent.get("_checkout_session") and intent["status"] != "requires_capture":
        raise UnexpectedState(
            "You cannot cancel this PaymentIntent because it was created by a Checkout Session. "
            "Expire the Checkout Session instead.",
            code="payment_intent_unexpected_state",
            payment_intent=visible(intent),
        )
    return close(account, intent, reason)


def close(account: Account, intent: Json, reason: str | None) -> Json:
    """Cancel for good: after this nothing can charge it."""
    _refuse_unless(intent, (*OPEN, "requires_capture"), "cancel")
    if intent["status"] == "requires_capture":
        charges.release(account, account.store.get(charges.KIND, intent["latest_charge"]))
    intent.update(
        status="canceled",
        canceled_at=account.now(),
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
    )
    account.store.save(intent)
    account.record_event("payment_intent.canceled", intent)
    return intent


def capture(account: Account, intent_id: str, params: Parameters) -> Json:
    intent = retrieve(account, intent_id)
    amount = params.integer("amount_to_capture", default=intent["amount_capturable"], minimum=1)
    intent["metadata"] = params.metadata(intent["metadata"])
    params.refuse_others()
    _refuse_unless(intent, ("requires_capture",), "capture")
    if amount is None or amount > intent["amount_capturable"]:
        raise UnexpectedState(
            "The payment could not be captured because the requested capture amount is greater than "
            "the authorized amount.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    charges.capture(account, account.store.get(charges.KIND, intent["latest_charge"]), amount)
    return attempts.succeed(account, intent, amount)


def _confirm(account: Account, intent: Json, return_url: str | None, use_sdk: bool) -> Json:
    if intent["payment_method"] is None:
        raise UnexpectedState(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either "
            "update the PaymentIntent with a payment method and then confirm it again, or confirm it again "
            "directly with a payment method or ConfirmationToken.",
            code="payment_intent_unexpected_state",
            payment_intent=visible(intent),
        )
    automatic = intent["automatic_payment_methods"]
    if automatic and automatic["allow_redirects"] != "never" and return_url is None and not use_sdk:
        raise InvalidParameter(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because "
            "some of these payment methods might redirect your customer off of your page, you must provide "
            "a `return_url`. If you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` "
            "to `never` when creating Setup Intents and Payment Intents.",
            param="return_url",
        )
    return attempts.begin(account, intent, return_url, use_sdk)


def _set_method(account: Account, intent: Json, method: Json) -> None:
    changed(intent, payment_method=method["id"], status="requires_confirmation", next_action=None)
    account.store.save(intent)


def _refuse_unless(intent: Json, allowed: tuple[str, ...], verb: str) -> None:
    if intent["status"] in allowed:
        return
    raise UnexpectedState(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. Only a "
        f"PaymentIntent with one of the following statuses may take this step: {', '.join(allowed)}.",
        code="payment_intent_unexpected_state",
        payment_intent=visible(intent),
    )


def _read_amount(params: Parameters) -> int:
    amount = params.needed_integer("amount", minimum=1)
    refuse_amount(amount)
    return amount


def refuse_amount(amount: int) -> None:
    if amount < MINIMUM_AMOUNT:
        raise InvalidParameter("Amount must be at least €0.50 eur", code="amount_too_small", param="amount")
    if amount > MAXIMUM_AMOUNT:
        raise InvalidParameter(
            "Amount must be no more than €999,999.99", code="amount_too_large", param="amount"
        )


def _read_currency(params: Parameters) -> str:
    return check_currency(params.needed_text("currency"), "currency")


def check_currency(value: str, param: str) -> str:
    currency = value.lower()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise InvalidParameter(f"Invalid currency: {currency}.", param=param)
    return currency


def _read_automatic_methods(params: Parameters) -> tuple[bool, str | None]:
    """Cards are found by Stripe itself unless payment_method_types names them."""
    named = "payment_method_types" in params
    automatic = params.nested("automatic_payment_methods")
    enabled = automatic.flag("enabled", default=not named)
    redirects = automatic.choice("allow_redirects", ("always", "never"), "always")
    automatic.refuse_others()
    if enabled and named:
        raise InvalidParameter(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
            param="payment_method_types",
        )
    return enabled, redirects


def _read_method_types(params: Parameters) -> None:
    others = [name for name in params.texts("payment_method_types") if name != "card"]
    if others:
        raise InvalidParameter(
            f"The payment method type provided: {others[0]} is invalid.", param="payment_method_types"
        )


def _read_method(account: Account, params: Parameters) -> Json | None:
    method_id = params.text("payment_method")
    data = params.nested("payment_method_data")
    if method_id is not None:
        return payment_methods.resolve(account, method_id)
    return payment_methods.create(account, data) if data else None


def _blank(account: Account, amount: int, currency: str) -> Json:
    intent_id = new_id("pi")
    return {
        "id": intent_id,
        "object": KIND,
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{random_letters(25)}",
        "confirmation_method": "automatic",
        "created": account.now(),
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
