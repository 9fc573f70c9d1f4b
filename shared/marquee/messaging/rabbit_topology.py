"""The exchanges and queues on RabbitMQ, and how they are called.

<ns>.events (topic) -> <ns>.<group>, a quorum queue that gives up after DELIVERY_LIMIT redeliveries.
<ns>.dlx (direct)   -> <ns>.<group>.parking.
<ns>.retry.N (fanout) -> a queue that returns each message after N seconds to the queue named by its key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marquee.messaging.topology import DELIVERY_LIMIT, RETRY_SECONDS
from marquee.messaging.transport import Subscriptions

__all__ = ["Names", "all_queues", "declare_all"]

# Both or neither: at-least-once dead-lettering is silently off without the overflow setting.
AT_LEAST_ONCE = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}


@dataclass(frozen=True)
class Names:
    namespace: str = "marquee"

    @property
    def events(self) -> str:
        return f"{self.namespace}.events"

    @property
    def dead_letters(self) -> str:
        return f"{self.namespace}.dlx"

    def retry(self, seconds: int) -> str:
        """The exchange and its queue."""
        return f"{self.namespace}.retry.{seconds}"

    def queue(self, group: str) -> str:
        return f"{self.namespace}.{group}"

    def parking(self, group: str) -> str:
        return f"{self.namespace}.{group}.parking"


def all_queues(names: Names, subscriptions: Subscriptions) -> list[str]:
    groups = [name for group in subscriptions for name in (names.parking(group), names.queue(group))]
    return [*map(names.retry, RETRY_SECONDS), *groups]


def declare_all(channel: Any, names: Names, subscriptions: Subscriptions) -> None:
    """Safe to repeat and from many clients at once; refused (406) where a queue exists with other arguments."""
    channel.exchange_declare(names.events, "topic", durable=True)
    channel.exchange_declare(names.dead_letters, "direct", durable=True)
    for seconds in RETRY_SECONDS:
        _declare_retry(channel, names.retry(seconds), seconds)
    for group, patterns in subscriptions.items():
        _declare_group(channel, names, group)
        for pattern in patterns:
            channel.queue_bind(names.queue(group), names.events, pattern)


def _declare_retry(channel: Any, name: str, seconds: int) -> None:
    # A fanout keeps the routing key, which is the queue to come back to through the default exchange.
    channel.exchange_declare(name, "fanout", durable=True)
    back = {"x-message-ttl": seconds * 1000, "x-dead-letter-exchange": ""}
    _declare_quorum(channel, name, {**AT_LEAST_ONCE, **back})
    channel.queue_bind(name, name)


def _declare_group(channel: Any, names: Names, group: str) -> None:
    queue, parking = names.queue(group), names.parking(group)
    # No delivery limit on the parking queue: looking into it counts as a delivery.
    _declare_quorum(channel, parking, {})
    channel.queue_bind(parking, names.dead_letters, queue)
    limits = {
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": names.dead_letters,
        "x-dead-letter-routing-key": queue,
    }
    _declare_quorum(channel, queue, {**AT_LEAST_ONCE, **limits})


def _declare_quorum(channel: Any, name: str, arguments: dict[str, Any]) -> None:
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})
