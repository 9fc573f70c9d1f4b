"""Who hears what. Publishers and consumers declare the broker's queues from this one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

__all__ = ["DELIVERY_LIMIT", "RETRY_SECONDS", "SUBSCRIPTIONS", "groups_for", "matches", "retry_level"]

SUBSCRIPTIONS: dict[str, list[str]] = {
    "movies": [
        "payment.succeeded",
        "payment.declined",
        "payment.failed",
        "payment.refunded",
        "payment.refund_failed",
        "ticket.issued",
        "ticket.admitted",
        "ticket.admission_undone",
    ],
    "payment": ["payment.requested", "payment.cancel_requested", "refund.requested"],
    "ticket": [
        "reservation.confirmed",
        "reservation.cancelled",
        "reservation.refund_due",
        "reservation.refunded",
    ],
    "review": ["user.*", "movie.*", "ticket.admitted", "ticket.admission_undone"],
    "notification": [
        "reservation.cancelled",
        "reservation.refund_due",
        "reservation.refunded",
        "ticket.issued",
    ],
}

RETRY_SECONDS = (1, 5, 25)
"""Waits between attempts. A longer wait is made of several turns at the last level."""

DELIVERY_LIMIT = 5
"""Redeliveries without any verdict (the consumer died each time) before a message is parked."""


def groups_for(routing_key: str, subscriptions: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        group for group, patterns in subscriptions.items() if any(matches(p, routing_key) for p in patterns)
    ]


def matches(pattern: str, routing_key: str) -> bool:
    """AMQP's topic rules: `*` is exactly one word, `#` any number of words."""
    return _fits(tuple(pattern.split(".")), tuple(routing_key.split(".")))


def retry_level(delay_seconds: float) -> int:
    """The shortest wait the broker offers that is not shorter than asked for."""
    return next((level for level in RETRY_SECONDS if level >= delay_seconds), RETRY_SECONDS[-1])


@lru_cache(maxsize=4096)
def _fits(pattern: tuple[str, ...], words: tuple[str, ...]) -> bool:
    if not pattern:
        return not words
    first, *rest = pattern
    if first == "#":
        return any(_fits(tuple(rest), words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and first in ("*", words[0]) and _fits(tuple(rest), words[1:])
