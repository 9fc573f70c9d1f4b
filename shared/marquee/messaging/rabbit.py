"""The broker on RabbitMQ."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from marquee.messaging.rabbit_publisher import BatchPublisher, Settled, ToExchange
from marquee.messaging.rabbit_subscription import RabbitSubscription
from marquee.messaging.rabbit_topology import Names, declare_all
from marquee.messaging.topology import SUBSCRIPTIONS
from marquee.messaging.transport import (
    BrokerUnavailable,
    Epoch,
    Message,
    Outcome,
    Parked,
    QueueState,
    Subscriptions,
    refuse_too_large,
)

__all__ = ["RabbitBroker", "RabbitPublisher", "parameters_from"]

log = logging.getLogger(__name__)

ACCESS_REFUSED = 403
# RabbitMQ keeps its queues on disk: one life for ever. After losing that disk, change the namespace.
EPOCH = Epoch("rabbitmq")


class RabbitBroker:
    def __init__(
        self, url: str, *, subscriptions: Subscriptions = SUBSCRIPTIONS, namespace: str = "marquee"
    ) -> None:
        self._parameters = parameters_from(url)
        self._subscriptions, self._names = subscriptions, Names(namespace)

    def declare(self) -> None:
        with self._channel() as channel:
            try:
                declare_all(channel, self._names, self._subscriptions)
            except ChannelClosedByBroker as refused:
                if refused.reply_code != ACCESS_REFUSED:
                    raise
                # A service's own account may not configure; then the deployment has declared it.
                log.info("not allowed to declare queues, taking them as given")

    def publisher(self) -> RabbitPublisher:
        return RabbitPublisher(self)

    def subscription(
        self, group: str, *, prefetch: int = 1, threads: int = 1, grace_seconds: float = 8
    ) -> RabbitSubscription:
        return RabbitSubscription(
            self._parameters,
            names=self._names,
            group=group,
            declare=self.declare,
            prefetch=prefetch,
            threads=threads,
            grace_seconds=grace_seconds,
        )

    def lag(self, group: str) -> QueueState:
        with self._channel() as channel:
            return QueueState(
                waiting=_count(channel, self._names.queue(group)),
                parked=_count(channel, self._names.parking(group)),
            )

    def parked(self, group: str, *, limit: int = 100) -> list[Parked]:
        # What is got and not acknowledged goes back when the channel closes.
        with self._channel() as channel:
            return [_parked(*got) for got in _get(channel, self._names.parking(group), limit)]

    def replay(self, group: str, *, ids: Sequence[str] | None = None, limit: int = 1000) -> int:
        publisher = BatchPublisher(self._parameters)
        try:
            with self._channel() as channel:
                return self._replay(channel, publisher, group, ids, limit)
        finally:
            publisher.close()

    def ping(self) -> None:
        with self._channel():
            pass

    def close(self) -> None:
        """Each use had a connection of its own."""

    def _replay(
        self, channel: Any, publisher: BatchPublisher, group: str, ids: Sequence[str] | None, limit: int
    ) -> int:
        replayed = 0
        for method, properties, body in _get(channel, self._names.parking(group), limit):
            if ids is not None and properties.message_id not in ids:
                continue
            # To this group only: the others have long handled it. Without the old headers it starts afresh.
            fresh = ToExchange(
                "", self._names.queue(group), properties.message_id, body, properties.type, {"attempt": 1}
            )
            if publisher.publish([fresh]).get(fresh.id) != "ok":
                raise BrokerUnavailable("RabbitMQ did not confirm a replayed message; it stays parked")
            channel.basic_ack(method.delivery_tag)
            replayed += 1
        return replayed

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        with _as_unavailable():
            connection = pika.BlockingConnection(self._parameters)
            try:
                yield connection.channel()
            finally:
                with suppress(AMQPError):
                    connection.close()


class RabbitPublisher:
    """Opens its connection when first used, and anew after anything it did not confirm."""

    def __init__(self, broker: RabbitBroker) -> None:
        self._broker = broker
        self._open: BatchPublisher | None = None
        self._lock = threading.Lock()

    def epoch(self) -> Epoch:
        return EPOCH

    def publish(self, messages: Sequence[Message]) -> dict[UUID, Outcome]:
        outcomes = refuse_too_large(messages)
        batch = [self._addressed(message) for message in messages if message.id not in outcomes]
        with self._lock:
            settled = self._publish(batch)
        for message in messages:
            match settled.get(str(message.id)):
                case "ok":
                    outcomes[message.id] = Outcome.CONFIRMED
                case "unroutable":
                    outcomes[message.id] = Outcome.UNROUTABLE
        return outcomes

    def close(self) -> None:
        if self._open:
            self._open.close()
            self._open = None

    def _addressed(self, message: Message) -> ToExchange:
        key = message.routing_key
        return ToExchange(self._broker._names.events, key, str(message.id), message.body, key, {"attempt": 1})

    def _publish(self, batch: Sequence[ToExchange]) -> Settled:
        if not batch:
            return {}
        if self._open is None or not self._open.is_open:
            self.close()
            self._broker.declare()
            self._open = BatchPublisher(self._broker._parameters)
        settled = self._open.publish(batch)
        if len(settled) < len(batch) or "nack" in settled.values():
            # A channel that was nacked once during an election is nacked for ever.
            self.close()
        return settled


def parameters_from(url: str) -> pika.URLParameters:
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 5
    parameters.blocked_connection_timeout = 8
    parameters.stack_timeout = 5
    parameters.socket_timeout = 5
    return parameters


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except (AMQPError, OSError) as error:
        # repr: these errors have no text.
        raise BrokerUnavailable(f"RabbitMQ: {error!r}") from error


def _count(channel: Any, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def _get(channel: Any, queue: str, limit: int) -> Iterator[tuple[Any, Any, bytes]]:
    for _ in range(min(limit, _count(channel, queue))):
        method, properties, body = channel.basic_get(queue)
        if method is None:
            return
        yield method, properties, body


def _parked(_method: Any, properties: Any, body: bytes) -> Parked:
    headers = properties.headers or {}
    return Parked(
        id=properties.message_id or "",
        routing_key=properties.type or "",
        body=body,
        reason=str(headers.get("reason") or headers.get("x-first-death-reason") or "unknown"),
        attempts=int(headers.get("attempt", 1)),
    )
