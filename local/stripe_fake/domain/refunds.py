"""Refunds: money back to the card, at once, after a while, or (a closed card) not at all."""

from __future__ import annotations

from local.stripe_fake.domain import cards, charges, intents, payment_methods
from local.stripe_fake.domain.account import Account, changed, new_id, visible
from local.stripe_fake.errors import InvalidParameter, InvalidRequest, Json, UnexpectedState
from local.stripe_fake.parameters import Parameters
from marquee.money import spoken

KIND = "refund"
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
OUTCOMES = ("succeeds", "pends", "fails")  # fails: succeeded at first, then refused by the bank
SWITCH = "refunds"


def create(account: Account, params: Parameters) -> Json:
    intent_id, charge_id = params.text("payment_intent"), params.text("charge")
    amount = params.integer("amount", minimum=1)
    reason = params.choice("reason", REASONS)
    metadata = params.metadata()
    params.refuse_others()
    charge = _charge_to_refund(account, intent_id, charge_id)
    rest = charge["amount_captured"] - charge["amount_refunded"]
    if rest <= 0:
        raise InvalidRequest(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if amount is not None and amount > rest:
        raise InvalidRequest(
            f"Refund amount ({_spoken(amount, charge)}) is greater than unrefunded amount on charge "
            f"({_spoken(rest, charge)})",
            param="amount",
        )
    outcome = _outcome_for(account, charge)
    refund = _blank(account, charge, rest if amount is None else amount, reason, metadata)
    refund["status"] = "pending" if outcome == "pends" else "succeeded"
    refund["_outcome"] = outcome
    refund["_settle_at"] = account.clock() + account.settings.processing_seconds
    account.store.insert(refund, parent=charge["payment_intent"])
    account.record_event("refund.created", refund)
    charges.count_refund(account, charge, refund["amount"])
    return refund


def retrieve(account: Account, refund_id: str) -> Json:
    return account.store.get(KIND, refund_id)


def update(account: Account, refund_id: str, params: Parameters) -> Json:
    refund = retrieve(account, refund_id)
    refund["metadata"] = params.metadata(refund["metadata"])
    params.refuse_others()
    account.store.save(refund)
    account.record_event("refund.updated", refund)
    return refund


def settle(account: Account, refund: Json, well: bool) -> Json:
    """A pending refund arrives or fails; one called succeeded can still fail, as Stripe documents."""
    refund["_settle_at"] = None
    if refund["status"] == "failed" or (well and refund["status"] == "succeeded"):
        return account.store.save(refund)
    before = changed(refund, status="succeeded" if well else "failed")
    if not well:
        refund.update(failure_reason="expired_or_canceled_card", failure_balance_transaction=new_id("txn"))
        charges.count_refund(account, account.store.get(charges.KIND, refund["charge"]), -refund["amount"])
    account.store.save(refund)
    account.record_event("refund.updated", refund, before)
    if not well:
        account.record_event("refund.failed", refund)
    return refund


def settle_as_card(account: Account, refund: Json) -> Json:
    return settle(account, refund, refund["_outcome"] != "fails")


def _charge_to_refund(account: Account, intent_id: str | None, charge_id: str | None) -> Json:
    if (intent_id is None) == (charge_id is None):
        raise InvalidParameter(
            "One of the following params should be provided for this request: payment_intent, charge."
        )
    if charge_id is not None:
        return account.store.get(charges.KIND, charge_id, "charge")
    intent = account.store.get(intents.KIND, intent_id or "", "payment_intent")
    if intent["status"] != "succeeded":
        raise UnexpectedState(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            payment_intent=visible(intent),
        )
    return account.store.get(charges.KIND, intent["latest_charge"])


def _outcome_for(account: Account, charge: Json) -> str:
    asked: str | None = account.store.switch(SWITCH, {"outcome": None})["outcome"]
    return asked or cards.behaviour_of(payment_methods.number_of(account, charge["payment_method"])).refund


def _spoken(amount: int, charge: Json) -> str:
    return spoken(amount, charge["currency"], "en_US")


def _blank(account: Account, charge: Json, amount: int, reason: str | None, metadata: Json) -> Json:
    return {
        "id": new_id("re"),
        "object": KIND,
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
