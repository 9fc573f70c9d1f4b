"""The broker on RabbitMQ."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from marquee.messaging.rabbit_publisher import (
    BatchPublisher,
    Servers,
    Settled,
    ToExchange,
    in_any_order,
    open_publisher,
)
from marquee.messaging.rabbit_subscription import RabbitSubscription
from marquee.messaging.rabbit_topology import Names, all_queues, declare_all
from marquee.messaging.topology import SUBSCRIPTIONS
from marquee.messaging.transport import (
    CONFIRM_SECONDS,
    BrokerUnavailable,
    Epoch,
    Message,
    Outcome,
    Parked,
    QueueState,
    Subscriptions,
    refuse_too_large,
)

__all__ = ["RabbitBroker", "RabbitPublisher", "servers_from"]

log = logging.getLogger(__name__)

ACCESS_REFUSED = 403
# RabbitMQ keeps its queues on disk: one life for ever. After losing that disk, change the namespace.
EPOCH = Epoch("rabbitmq")
# RabbitMQ writes down on which log a new quorum queue stands only when nothing was declared for half a second to a
# second (ra_directory's auto_save). Killed before that, it starts with the queue empty, whatever it had confirmed, and
# on a single node without a leader, so that nothing sent there is ever confirmed again. Seen with 3.10.8.
NOTED_SECONDS = 2.0
# How often nothing may be confirmed in time before a channel that lives is given up all the same.
PATIENCE, LONGEST_PATIENCE = 2, 12


class RabbitBroker:
    def __init__(
        self,
        url: str,
        *,
        subscriptions: Subscriptions = SUBSCRIPTIONS,
        namespace: str = "marquee",
        noted_seconds: float = NOTED_SECONDS,
    ) -> None:
        self._servers = servers_from(url)
        self._noted_seconds, self._declaring = noted_seconds, threading.Lock()
        self._subscriptions, self._names = subscriptions, Names(namespace)

    def declare(self) -> None:
        # One thread at a time: none may use what another has just made.
        with self._declaring:
            lacking = self._lacks_queues()
            with self._channel() as channel:
                try:
                    declare_all(channel, self._names, self._subscriptions)
                except ChannelClosedByBroker as refused:
                    if refused.reply_code != ACCESS_REFUSED:
                        raise
                    # A service's own account may not configure; then the deployment has declared it.
                    log.info("not allowed to declare queues, taking them as given")
                    return
            if lacking:
                time.sleep(self._noted_seconds)

    def _lacks_queues(self) -> bool:
        with self._channel() as channel:
            try:
                for queue in all_queues(self._names, self._subscriptions):
                    channel.queue_declare(queue, passive=True)
            except ChannelClosedByBroker:
                return True
        return False

    def publisher(self) -> RabbitPublisher:
        return RabbitPublisher(self)

    def subscription(
        self, group: str, *, prefetch: int = 1, threads: int = 1, grace_seconds: float = 8
    ) -> RabbitSubscription:
        return RabbitSubscription(
            self._servers,
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
        publisher = open_publisher(self._servers)
        try:
            with self._channel() as channel:
                return self._replay(channel, publisher, group, ids, limit)
        finally:
            publisher.close()

    def ping(self) -> None:
        with self._channel():
            pass

    def forget(self) -> None:
        """Remove all queues with what waits in them; whoever needs them makes them anew."""
        with self._channel() as channel:
            for queue in all_queues(self._names, self._subscriptions):
                channel.queue_delete(queue)

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
            connection = pika.BlockingConnection(in_any_order(self._servers))
            try:
                yield connection.channel()
            finally:
                with suppress(AMQPError):
                    connection.close()


class RabbitPublisher:
    """Keeps its connection while that lives, and opens it anew where it was refused or silent for too long."""

    def __init__(self, broker: RabbitBroker) -> None:
        self._broker = broker
        self._open: BatchPublisher | None = None
        self._lock = threading.Lock()
        self._silences, self._patience = 0, PATIENCE

    def epoch(self) -> Epoch:
        # Connecting takes time that would be lacking where rows are leased.
        with self._lock:
            self._opened()
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
        publisher = self._opened()
        settled = publisher.publish(batch)
        if "nack" in settled.values():
            # A channel that was nacked once during an election is nacked for ever.
            log.warning("RabbitMQ refused some of %s messages, on with another channel", len(batch))
            self.close()
        elif settled:
            self._silences, self._patience = 0, PATIENCE
        elif publisher.is_open:
            self._bear_silence(len(batch))
        return settled

    def _opened(self) -> BatchPublisher:
        if self._open is None or not self._open.is_open:
            self.close()
            self._broker.declare()
            self._open = open_publisher(self._broker._servers)
            self._silences = 0
        return self._open

    def _bear_silence(self, count: int) -> None:
        """Slow or lost? The next channel gets twice the time, so that in the end the slow arrive too."""
        self._silences += 1
        log.warning("RabbitMQ confirmed none of %s messages in %g s", count, self._silences * CONFIRM_SECONDS)
        if self._silences >= self._patience:
            self._patience = min(2 * self._patience, LONGEST_PATIENCE)
            self.close()


def servers_from(url: str) -> Servers:
    """Of `amqp://me@mq1,amqp://me@mq2` or, shorter, `amqp://me@mq1,mq2:5673/vhost`."""
    if url.count("://") > 1:
        return [_parameters_from(one) for one in url.split(",")]
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    return [
        _parameters_from(parts._replace(netloc=f"{credentials}{at}{host}").geturl())
        for host in hosts.split(",")
    ]


def _parameters_from(url: str) -> pika.URLParameters:
    # A server that died or is cut off is noticed within seconds.
    parameters = pika.URLParameters(url)
    parameters.heartbeat = 5
    parameters.blocked_connection_timeout = 5
    parameters.stack_timeout = 5
    parameters.socket_timeout = 2
    parameters.tcp_options = {"TCP_USER_TIMEOUT": 5000}
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
