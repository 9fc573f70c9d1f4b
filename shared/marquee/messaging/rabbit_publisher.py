"""Publishing to RabbitMQ in batches, each message persistent, mandatory and confirmed.

This is the one place that publishes over AMQP.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pika
from pika.spec import Basic

from marquee.messaging.transport import BrokerUnavailable

__all__ = ["BatchPublisher", "Settled", "ToExchange"]

CONFIRM_SECONDS = 5.0
PERSISTENT = 2


@dataclass(frozen=True)
class ToExchange:
    """`id` is the message id and must be unique in its batch."""

    exchange: str
    routing_key: str
    id: str
    body: bytes
    type: str
    headers: dict[str, Any] = field(default_factory=dict)


Settled = dict[str, str]
"""By message id: "ok", "nack" or "unroutable"; what is missing was not confirmed in time."""


class BatchPublisher:
    """One connection, driven by a thread of its own; `publish` is called from one thread at a time."""

    def __init__(self, parameters: pika.ConnectionParameters) -> None:
        self._ready, self._settled = threading.Event(), threading.Event()
        self._dead: object = None
        self._sequence = 0
        self._pending: dict[int, str] = {}
        self._result: Settled = {}
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
        """Raises BrokerUnavailable when the connection is gone before anything was sent."""
        if self._dead is not None:
            raise BrokerUnavailable(f"RabbitMQ: {self._dead!r}")
        self._settled.clear()
        self._connection.ioloop.add_callback_threadsafe(lambda: self._send(batch))
        self._settled.wait(timeout)
        return dict(self._result)

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
        self._pending, self._result = {}, {}
        for message in batch:
            if self._dead is not None:
                return
            self._sequence += 1
            self._pending[self._sequence] = message.id
            self._channel.basic_publish(
                message.exchange, message.routing_key, message.body, _properties(message), mandatory=True
            )

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._channel_lost)
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._ready.set())

    def _returned(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        # The broker sends the return first and the confirm after it, which must not overwrite this.
        self._result[properties.message_id] = "unroutable"

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        word = "ok" if isinstance(method, Basic.Ack) else "nack"
        upto = method.delivery_tag
        for tag in [t for t in self._pending if t <= upto] if method.multiple else [upto]:
            if message_id := self._pending.pop(tag, None):
                self._result.setdefault(message_id, word)
        if not self._pending:
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
