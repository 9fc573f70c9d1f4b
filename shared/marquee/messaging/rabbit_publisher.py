"""Publishing to RabbitMQ in batches, each message persistent, mandatory and confirmed.

This is the one place that publishes over AMQP.

A channel's first message to a quorum queue costs the broker two writes to disk, one after the other, and that for
each queue it goes to: a fresh channel is slow where the disk is. Who gives it up for silence and begins again with
another one never arrives, so messages stay under way on a living channel, and asking again only waits on.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pika
from pika.spec import Basic

from marquee.messaging.transport import CONFIRM_SECONDS, BrokerUnavailable

__all__ = ["BatchPublisher", "Servers", "Settled", "ToExchange", "in_any_order", "open_publisher"]

PERSISTENT = 2


@dataclass(frozen=True)
class ToExchange:
    """`id` is the message id: the same on every attempt, and unique in its batch."""

    exchange: str
    routing_key: str
    id: str
    body: bytes
    type: str
    headers: dict[str, Any] = field(default_factory=dict)


Settled = dict[str, str]
"""By message id: "ok", "nack" or "unroutable"; what is missing was not confirmed in time."""

Servers = Sequence[pika.ConnectionParameters]
"""The brokers of one cluster; any will do."""


def in_any_order(servers: Servers) -> list[pika.ConnectionParameters]:
    """So that not all clients crowd at the first."""
    return random.sample(servers, len(servers))


def open_publisher(servers: Servers) -> BatchPublisher:
    """At the first server that answers. Raises BrokerUnavailable when none does."""
    away = BrokerUnavailable("RabbitMQ: no address")
    for parameters in in_any_order(servers):
        try:
            return BatchPublisher(parameters)
        except BrokerUnavailable as error:
            away = error
    raise away


class BatchPublisher:
    """One connection, driven by a thread of its own; `publish` is called from one thread at a time."""

    def __init__(self, parameters: pika.ConnectionParameters) -> None:
        self._ready, self._settled = threading.Event(), threading.Event()
        self._dead: object = None
        self._sequence = 0
        # Sent and not settled, by delivery tag; settled and not told yet; and what `publish` waits for.
        self._under_way: dict[int, str] = {}
        self._news: Settled = {}
        self._awaited: set[str] = set()
        self._channel: Any = None
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=self._lost,
            on_close_callback=self._lost,
        )
        self._thread = threading.Thread(target=self._drive, daemon=True, name="publisher")
        self._thread.start()
        if not self._ready.wait(10) or self._dead is not None:
            self.close()
            raise BrokerUnavailable(f"RabbitMQ: {self._dead!r}")

    @property
    def is_open(self) -> bool:
        return self._dead is None

    def publish(self, batch: Sequence[ToExchange], timeout: float = CONFIRM_SECONDS) -> Settled:
        """What became of each within the time. Asked again, what is under way is waited for and not sent twice.

        Raises BrokerUnavailable when the connection is gone before anything was sent.
        """
        if self._dead is not None:
            raise BrokerUnavailable(f"RabbitMQ: {self._dead!r}")
        self._settled.clear()
        self._connection.ioloop.add_callback_threadsafe(lambda: self._send(batch))
        self._settled.wait(timeout)
        # A confirm that slips in between these two is lost, and its message sent again.
        news, self._news = self._news, {}
        return dict(news)

    def close(self) -> None:
        """Say goodbye; a broker that does not answer is left to the connection's own time limits."""
        if self._thread.is_alive():
            self._connection.ioloop.add_callback_threadsafe(self._close)
            self._thread.join(2)

    # In the connection's thread

    def _drive(self) -> None:
        self._connection.ioloop.start()
        self._connection.ioloop.close()

    def _send(self, batch: Sequence[ToExchange]) -> None:
        asked = {message.id for message in batch}
        # What came late for messages that nobody asks for again is of no use.
        self._news = {message_id: word for message_id, word in self._news.items() if message_id in asked}
        under_way = set(self._under_way.values())
        self._awaited = asked - self._news.keys()
        for message in batch:
            if self._dead is not None:
                return
            if message.id in self._awaited and message.id not in under_way:
                self._sequence += 1
                self._under_way[self._sequence] = message.id
                self._channel.basic_publish(
                    message.exchange, message.routing_key, message.body, _properties(message), mandatory=True
                )
        if not self._awaited:
            self._settled.set()

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._channel_lost)
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._ready.set())

    def _returned(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        # The broker sends the return first and the confirm after it, which must not overwrite this.
        self._news[properties.message_id] = "unroutable"

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        word = "ok" if isinstance(method, Basic.Ack) else "nack"
        upto = method.delivery_tag
        for tag in [t for t in self._under_way if t <= upto] if method.multiple else [upto]:
            if message_id := self._under_way.pop(tag, None):
                self._news.setdefault(message_id, word)
                self._awaited.discard(message_id)
        if not self._awaited:
            self._settled.set()

    def _channel_lost(self, _: Any, error: object) -> None:
        self._note_death(error)
        self._close()

    def _lost(self, _: Any, error: object) -> None:
        self._note_death(error)
        # A little later: the loop still has to close the socket of a connection that failed.
        self._connection.ioloop.call_later(0.1, self._connection.ioloop.stop)

    def _note_death(self, error: object) -> None:
        self._dead = self._dead or error
        self._ready.set()
        self._settled.set()

    def _close(self) -> None:
        # While it closes it closes its channels, which ends here again: only the end of the connection may
        # stop the loop, or the socket stays open.
        if self._connection.is_open:
            self._connection.close()


def _properties(message: ToExchange) -> pika.BasicProperties:
    return pika.BasicProperties(
        delivery_mode=PERSISTENT,
        message_id=message.id,
        type=message.type,
        content_type="application/cloudevents+json",
        headers=message.headers,
    )
