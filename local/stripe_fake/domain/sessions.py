"""Checkout Sessions in payment mode: a page on Stripe's side that takes the card and sends the buyer back."""

from __future__ import annotations

from local.stripe_fake.domain import attempts, intents, payment_methods
from local.stripe_fake.domain.account import Account, new_id
from local.stripe_fake.errors import InvalidParameter, Json, UnexpectedState
from local.stripe_fake.parameters import Parameters

KIND = "checkout.session"
SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 60 * 60


def create(account: Account, params: Parameters) -> Json:
    params.choice("mode", ("payment",), default="payment")
    params.choice("ui_mode", ("hosted", "hosted_page"), default="hosted_page")
    params.texts("payment_method_types")
    lines = [_read_line(entry, number) for number, entry in enumerate(params.entries("line_items"))]
    if not lines:
        raise InvalidParameter(
            "Missing required param: line_items.", code="parameter_missing", param="line_items"
        )
    currencies = {line["currency"] for line in lines}
    if len(currencies) > 1:
        raise InvalidParameter("All line items must have the same currency.", param="line_items")
    total = sum(line["amount_total"] for line in lines)
    intents.refuse_amount(total)
    session = _blank(account, total, currencies.pop())
    session.update(
        cancel_url=params.text("cancel_url"),
        client_reference_id=params.text("client_reference_id", max_length=200),
        customer_email=params.text("customer_email"),
        expires_at=_read_expiry(account, params),
        _line_items=lines,
        locale=params.text("locale"),
        metadata=params.metadata(),
        _payment_intent_data=_read_intent_data(params.nested("payment_intent_data")),
        submit_type=params.text("submit_type"),
        success_url=params.needed_text("success_url"),
    )
    params.refuse_others()
    session["_settle_at"] = session["expires_at"]
    return account.store.insert(session)


def retrieve(account: Account, session_id: str) -> Json:
    return account.store.get(KIND, session_id, "session")


def expire(account: Account, session_id: str) -> Json:
    session = retrieve(account, session_id)
    if session["status"] != "open":
        raise UnexpectedState(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Session has a status of '
            f"{session['status']}."
        )
    return _close(account, session)


def expire_when_due(account: Account, session: Json) -> Json:
    return _close(account, session) if session["status"] == "open" else session


def pay(account: Account, session: Json, card: Parameters) -> Json:
    """The buyer submits the hosted page: returns the intent; raises CardError with the reason to show."""
    method = payment_methods.create(account, card)
    intent = _intent_of(account, session)
    intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    account.store.save(intent)
    attempts.begin(
        account, intent, f"{account.settings.public_url}/checkout/{session['id']}/return", use_sdk=False
    )
    complete_if_paid(account, session, intent)
    return intent


def complete_if_paid(account: Account, session: Json, intent: Json) -> Json:
    if session["status"] != "open" or intent["status"] not in ("succeeded", "processing", "requires_capture"):
        return session
    paid = intent["status"] != "processing"
    session.update(
        status="complete",
        payment_status="paid" if paid else "unpaid",
        url=None,
        _settle_at=None,
        customer_details={"email": session["customer_email"], "name": None, "phone": None, "address": None},
    )
    account.store.save(session)
    account.record_event("checkout.session.completed", session)
    return session


def follow_settlement(account: Account, intent: Json) -> None:
    """A payment that was processing when its session completed has reached its end."""
    if not intent.get("_checkout_session"):
        return
    session = retrieve(account, intent["_checkout_session"])
    paid = intent["status"] == "succeeded"
    session["payment_status"] = "paid" if paid else "unpaid"
    account.store.save(session)
    account.record_event(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)


def success_address(session: Json) -> str:
    address: str = session["success_url"]
    return address.replace("{CHECKOUT_SESSION_ID}", session["id"])


def line_item_list(session: Json) -> Json:
    return {
        "object": "list",
        "data": session["_line_items"],
        "has_more": False,
        "url": f"/v1/checkout/sessions/{session['id']}/line_items",
    }


def _close(account: Account, session: Json) -> Json:
    if session["payment_intent"] is not None:
        intents.close(account, intents.retrieve(account, session["payment_intent"]), None)
    session.update(status="expired", url=None, _settle_at=None)
    account.store.save(session)
    account.record_event("checkout.session.expired", session)
    return session


def _intent_of(account: Account, session: Json) -> Json:
    """Stripe makes the intent when the buyer first pays, not when the session is opened."""
    if session["payment_intent"] is not None:
        return intents.retrieve(account, session["payment_intent"])
    details = {**session["_payment_intent_data"], "_checkout_session": session["id"]}
    intent = intents.open_for_session(account, session["amount_total"], session["currency"], details)
    session["payment_intent"] = intent["id"]
    account.store.save(session)
    return intent


def _read_line(entry: Parameters, number: int) -> Json:
    price = entry.nested("price_data")
    if not price:
        raise InvalidParameter(
            "Missing required param: price_data.", param=f"line_items[{number}][price_data]"
        )
    currency = intents.check_currency(
        price.needed_text("currency"), f"line_items[{number}][price_data][currency]"
    )
    unit_amount = price.needed_integer("unit_amount", minimum=0)
    product = price.nested("product_data")
    name, description = product.needed_text("name"), product.text("description")
    product.texts("images")
    product.metadata()
    quantity = entry.integer("quantity", default=1, minimum=1) or 1
    for part in (product, price, entry):
        part.refuse_others()
    total = unit_amount * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "details": description,
        "quantity": quantity,
    }


def _read_expiry(account: Account, params: Parameters) -> int:
    now = account.now()
    expires_at = params.integer("expires_at", default=now + LONGEST_SECONDS) or 0
    if not now + SHORTEST_SECONDS <= expires_at <= now + LONGEST_SECONDS:
        raise InvalidParameter(
            "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    return expires_at


def _read_intent_data(data: Parameters) -> Json:
    details: Json = {
        "capture_method": data.choice("capture_method", intents.CAPTURE_METHODS, "automatic_async"),
        "description": data.text("description"),
        "metadata": data.metadata(),
        "receipt_email": data.text("receipt_email"),
    }
    data.refuse_others()
    return details


def _blank(account: Account, total: int, currency: str) -> Json:
    session_id = new_id("cs_test", 58)
    return {
        "id": session_id,
        "object": KIND,
        "amount_subtotal": total,
        "amount_total": total,
        "created": account.now(),
        "currency": currency,
        "customer": None,
        "customer_details": None,
        "livemode": False,
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{account.settings.public_url}/checkout/{session_id}",
    }
