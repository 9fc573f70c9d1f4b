"""The product's own invariants, and those that only a house with a mailbox of ours can be asked about."""

from typing import Any

from local.topology import WITH_DATABASE
from ops.addresses import Address
from ops.invariants import QUERIES, open_books
from tests.journeys.house import House, header

# Older than this, and something that should have moved on is stuck.
QUIET_SECONDS = 15
MOMENT_SECONDS = 5

OF_THE_HOUSE = {
    "I12 a letter has one Message-ID and one telling": """
        SELECT message_id FROM letters GROUP BY message_id HAVING count(DISTINCT subject) > 1
    """,
    "I12 a letter that was sent has arrived": """
        SELECT template, subject_id FROM mails WHERE state = 'sent'
            AND NOT EXISTS (SELECT 1 FROM letters WHERE message_id LIKE '<' || template || '.' || subject_id || '@%')
    """,
    "I15 only Stripe's own events are kept": """
        SELECT id FROM stripe_events WHERE id NOT IN (SELECT id FROM stripe_told)
    """,
}


def violations(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """What is wrong, by invariant; empty when nothing is."""
    intents = [_intent(one) for one in house.stripe_control.get("/_control/ledger")["intents"]]
    letters = _letters(house)
    books = open_books(addresses(house), intents)
    try:
        told = house.stripe_control.get("/_control/webhooks?limit=100000")["deliveries"]
        books.fill("stripe_told", ["id"], [{"id": one["event_id"]} for one in told])
        books.fill("letters", ["message_id", "subject"], letters)
        return books.violations(
            QUERIES | OF_THE_HOUSE, quiet_seconds=QUIET_SECONDS, moment_seconds=MOMENT_SECONDS
        )
    finally:
        books.close()


def addresses(house: House) -> dict[str, Address]:
    return {name: Address(house.suite.database_url(name)) for name in WITH_DATABASE}


def _intent(intent: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: intent[name] for name in ("id", "currency", "received", "refunded", "net")},
        "reservation_id": intent["metadata"].get("reservation_id"),
        "refunds": sum(refund["status"] == "succeeded" for refund in intent["refunds"]),
    }


def _letters(house: House) -> list[dict[str, Any]]:
    listed = house.mailbox.get("/api/messages?limit=500")["messages"]
    letters = [house.mailbox.get(f"/api/messages/{one['id']}") for one in listed]
    return [{"message_id": header(letter, "Message-ID"), "subject": letter["subject"]} for letter in letters]
