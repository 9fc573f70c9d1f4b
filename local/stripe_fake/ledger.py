"""The books of the stand-in: every intent with what came in, what went back, and what is left."""

from __future__ import annotations

from local.stripe_fake import deliveries
from local.stripe_fake.domain import charges, intents, refunds
from local.stripe_fake.domain.account import Account
from local.stripe_fake.errors import Json


def read(account: Account) -> Json:
    with account.store.reading():
        entries = [_entry(account, intent) for intent in account.store.newest_first(intents.KIND)]
        return {
            "intents": entries,
            "totals": _totals(entries),
            "deliveries_waiting": deliveries.count_waiting(account.store),
        }


def _entry(account: Account, intent: Json) -> Json:
    given_back = list(account.store.newest_first(refunds.KIND, intent["id"]))
    refunded = sum(refund["amount"] for refund in given_back if refund["status"] in ("pending", "succeeded"))
    tries = list(account.store.newest_first(charges.KIND, intent["id"]))
    error = intent["last_payment_error"]
    return {
        "id": intent["id"],
        "status": intent["status"],
        "currency": intent["currency"],
        "amount": intent["amount"],
        "received": intent["amount_received"],
        "refunded": refunded,
        "net": intent["amount_received"] - refunded,
        "metadata": intent["metadata"],
        "description": intent["description"],
        "created": intent["created"],
        "charges": [{name: charge[name] for name in ("id", "status", "amount")} for charge in tries],
        "refunds": [
            {name: refund[name] for name in ("id", "status", "amount", "reason", "metadata")}
            for refund in given_back
        ],
        "last_error": error and (error.get("decline_code") or error["code"]),
    }


def _totals(entries: list[Json]) -> Json:
    totals: Json = {}
    for entry in entries:
        total = totals.setdefault(entry["currency"], {"received": 0, "refunded": 0, "net": 0})
        for name in total:
            total[name] += entry[name]
    return totals
