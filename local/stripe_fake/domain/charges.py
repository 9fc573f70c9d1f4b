"""Charges: one per attempt to move money, kept whether the bank said yes or no."""

from __future__ import annotations

from local.stripe_fake.domain.account import Account, changed, new_id
from local.stripe_fake.domain.cards import Decline
from local.stripe_fake.errors import Json

KIND = "charge"


def attempt(
    account: Account, intent: Json, method: Json, status: str, decline: Decline | None = None
) -> Json:
    """Write down an attempt in `status` (succeeded, pending, failed) and tell about it."""
    captured = status == "succeeded" and intent["capture_method"] != "manual"
    charge = {
        "id": new_id("ch"),
        "object": KIND,
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee_amount": None,
        "balance_transaction": new_id("txn") if captured else None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "MARQUEE",
        "captured": captured or status == "pending",
        "created": account.now(),
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(decline),
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _card_details(method, intent), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": status,
        "transfer_group": None,
    }
    if decline is not None:
        charge.update(failure_code=decline.code, failure_message=decline.message)
    account.store.insert(charge, parent=intent["id"])
    account.record_event(f"charge.{status}", charge)
    return charge


def settle(account: Account, charge: Json, decline: Decline | None) -> Json:
    """A pending charge reaches its end."""
    if decline is None:
        charge.update(
            status="succeeded",
            paid=True,
            captured=True,
            amount_captured=charge["amount"],
            balance_transaction=new_id("txn"),
        )
    else:
        charge.update(status="failed", failure_code=decline.code, failure_message=decline.message)
    charge["outcome"] = _outcome(decline)
    account.store.save(charge)
    account.record_event(f"charge.{charge['status']}", charge)
    return charge


def capture(account: Account, charge: Json, amount: int) -> Json:
    charge.update(captured=True, amount_captured=amount, balance_transaction=new_id("txn"))
    if amount < charge["amount"]:
        charge["amount_refunded"] = charge["amount"] - amount
    account.store.save(charge)
    account.record_event("charge.captured", charge)
    return charge


def release(account: Account, charge: Json) -> Json:
    """Give an authorised, never captured charge back to the card."""
    charge.update(refunded=True, amount_refunded=charge["amount"])
    account.store.save(charge)
    account.record_event("charge.refunded", charge)
    return charge


def count_refund(account: Account, charge: Json, amount: int) -> Json:
    """Move `amount` to the refunded side; negative when a refund failed and the money came back."""
    refunded = charge["amount_refunded"] + amount
    before = changed(charge, amount_refunded=refunded, refunded=refunded >= charge["amount"])
    account.store.save(charge)
    if amount > 0:
        account.record_event("charge.refunded", charge, before)
    return charge


def _outcome(decline: Decline | None) -> Json:
    if decline is None:
        return {
            "advice_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    blocked = decline.decline_code == "fraudulent"
    return {
        "advice_code": None,
        "network_status": "not_sent_to_network" if blocked else "declined_by_network",
        "reason": "highest_risk_level" if blocked else decline.decline_code,
        "risk_level": "highest" if blocked else "normal",
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "blocked" if blocked else "issuer_declined",
    }


def _card_details(method: Json, intent: Json) -> Json:
    card = method["card"]
    kept = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "wallet",
    )
    details = {name: card[name] for name in kept}
    details.update(amount_authorized=intent["amount"], network=card["brand"], three_d_secure=None)
    return details
