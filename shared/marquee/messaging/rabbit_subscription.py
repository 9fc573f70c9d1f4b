"""Reading a queue on RabbitMQ: the connection's thread only moves messages, worker threads handle them."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pika
from pika.exceptions import AMQPError

from marquee.messaging.backoff import Backoff
from marquee.messaging.rabbit_publisher import (
    BatchPublisher,
    Servers,
    ToExchange,
    in_any_order,
    open_publisher,
)
from marquee.messaging.rabbit_topology import Names
from marquee.messaging.transport import BrokerUnavailable, Delivery, Done, Handle, Later, Leave, Park, Verdict

__all__ = ["RabbitSubscription"]

log = logging.getLogger(__name__)

# Giving up costs the message, and those fetched with it, one of their deliveries.
ASIDE_SECONDS = 30.0


class RabbitSubscription:
    def __init__(
        self,
        servers: Servers,
        *,
        names: Names,
        group: str,
        declare: Callable[[], None],
        prefetch: int,
        threads: int,
        grace_seconds: float,
    ) -> None:
        self._servers, self._names, self._group, self._declare = servers, names, group, declare
        self._prefetch, self._threads = max(prefetch, threads), threads
        self._grace_seconds = grace_seconds
        self._connected = False

    @property
    def connected(self) -> bool:
        return self._connected

    def run(self, handle: Handle, stop: threading.Event) -> None:
        backoff = Backoff(0.5, 3.0)
        while not stop.is_set():
            try:
                self._declare()
                _Session(self, handle, stop).run(self._now_connected(backoff))
            except (AMQPError, OSError, BrokerUnavailable) as error:
                self._connected = False
                log.warning("cannot read %s: %r", self._names.queue(self._group), error)
                backoff.wait(stop)
        self._connected = False

    def _now_connected(self, backoff: Backoff) -> Callable[[], None]:
        def note() -> None:
            self._connected = True
            backoff.reset()

        return note


class _Session:
    """One connection, from opening to loss or stop."""

    def __init__(self, subscription: RabbitSubscription, handle: Handle, stop: threading.Event) -> None:
        self._of, self._handle, self._stop = subscription, handle, stop
        self._jobs: queue.Queue[tuple[int, Any, bytes] | None] = queue.Queue()
        self._busy: set[int] = set()
        self._cancelled, self._failed = threading.Event(), threading.Event()
        self._aside = _Aside(subscription._servers)
        self._connection: Any = None
        self._channel: Any = None

    def run(self, connected: Callable[[], None]) -> None:
        """Raises AMQPError or ConnectionError when the connection, the channel or the queue is lost."""
        self._connection = pika.BlockingConnection(in_any_order(self._of._servers))
        self._channel = self._connection.channel()
        self._channel.basic_qos(prefetch_count=self._of._prefetch)
        self._channel.add_on_cancel_callback(lambda _: self._cancelled.set())
        for _ in range(self._of._threads):
            threading.Thread(target=self._work, daemon=True, name=f"handle {self._of._group}").start()
        try:
            tag = self._channel.basic_consume(self._of._names.queue(self._of._group), self._got)
            connected()
            self._pump()
            self._finish(tag)
        finally:
            for _ in range(self._of._threads):
                self._jobs.put(None)
            if self._connection.is_open:
                with suppress(AMQPError):
                    self._connection.close()
            self._aside.close()

    def _pump(self) -> None:
        while not self._stop.is_set():
            self._connection.process_data_events(0.2)
            # A closed channel and a deleted queue raise nothing by themselves.
            if self._failed.is_set() or self._cancelled.is_set() or not self._channel.is_open:
                raise ConnectionError("consumer cancelled, channel closed or verdict not stored")

    def _finish(self, consumer_tag: str) -> None:
        self._channel.basic_cancel(consumer_tag)
        with suppress(queue.Empty):
            while job := self._jobs.get_nowait():
                self._busy.discard(job[0])
        deadline = time.monotonic() + self._of._grace_seconds
        while self._busy and time.monotonic() < deadline:
            self._connection.process_data_events(0.05)

    def _got(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self._busy.add(method.delivery_tag)
        self._jobs.put((method.delivery_tag, properties, body))

    def _settle(self, tag: int, leave: bool) -> None:
        self._busy.discard(tag)
        if self._channel.is_open and not leave:
            self._channel.basic_ack(tag)

    # In the worker threads

    def _work(self) -> None:
        while job := self._jobs.get():
            tag, properties, body = job
            try:
                verdict = self._handle(_delivery(properties, body))
                self._store(verdict, properties, body)
            except Exception as error:  # noqa: BLE001 - a thread that died here would keep its message for ever
                log.warning("verdict not stored, the message comes again: %r", error)
                self._failed.set()
                return
            with suppress(AMQPError):  # the connection is gone: redelivered, and the inbox absorbs it
                self._connection.add_callback_threadsafe(self._settling(tag, isinstance(verdict, Leave)))

    def _settling(self, tag: int, leave: bool) -> Callable[[], None]:
        # The tag is bound now: a lambda in the loop would acknowledge whatever is at hand later.
        return lambda: self._settle(tag, leave)

    def _store(self, verdict: Verdict, properties: Any, body: bytes) -> None:
        names, group = self._of._names, self._of._group
        attempt = _attempt(properties)
        headers: dict[str, object]
        match verdict:
            case Done() | Leave():
                return
            case Later(delay_seconds):
                exchange, headers = names.retry(delay_seconds), {"attempt": attempt + 1}
            case Park(reason):
                exchange, headers = names.dead_letters, {"attempt": attempt, "reason": reason}
        message_id = properties.message_id or uuid4().hex
        self._aside.publish(
            ToExchange(exchange, names.queue(group), message_id, body, properties.type or "", headers)
        )


class _Aside:
    """Publishes retries and parked messages, on a connection that exists only once it is needed."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._publisher: BatchPublisher | None = None
        self._lock = threading.Lock()

    def publish(self, message: ToExchange) -> None:
        """Raises BrokerUnavailable unless the broker has confirmed."""
        with self._lock:
            if self._publisher is None or not self._publisher.is_open:
                self._publisher = open_publisher(self._servers)
            if self._publisher.publish([message], ASIDE_SECONDS).get(message.id) != "ok":
                raise BrokerUnavailable(f"not confirmed by {message.exchange}")

    def close(self) -> None:
        with self._lock:
            if self._publisher:
                self._publisher.close()


def _delivery(properties: Any, body: bytes) -> Delivery:
    return Delivery(properties.message_id or "", properties.type or "", body, _attempt(properties))


def _attempt(properties: Any) -> int:
    given = (properties.headers or {}).get("attempt", 1)
    return given if isinstance(given, int) and given > 0 else 1
