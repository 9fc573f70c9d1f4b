"""What just changed, to whoever is looking: Redis pub/sub, best effort.

Nothing depends on a message arriving: pages fetch the full state when they connect and when they come back.
Channels: `screening:<id>` (seats changed), `reservation:<id>` (its state changed), `inbox:<owner>` (a notice came).
"""

import atexit
import contextlib
import os
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson
import structlog
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from marquee import db
from marquee.redis import blocking_client, fast_client
from marquee.settings import Settings

log = structlog.get_logger(__name__)
PREFIX = "live:"
PING_SECONDS = 15.0
# Nobody sees that a seat changed a twentieth of a second ago; a busy evening's changes then travel together.
GATHER_SECONDS = 0.05
MOST_AT_ONCE, MOST_WAITING = 200, 10_000
# Channel, message, channel, message ...: one command, one answer.
_PUBLISH_ALL = "for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end"
_publisher: "Publisher | None" = None


def connect(redis_url: str) -> None:
    """Where this process publishes; called by build_app and by workers."""
    global _publisher
    _publisher = Publisher(redis_url)


def install(app: Flask, settings: Settings) -> None:
    connect(settings.redis_url)


def publish(channel: str, message: dict[str, Any]) -> None:
    """Tell every listener in a moment; whoever calls waits for nothing."""
    if _publisher is not None:
        _publisher.publish(channel, message)


def publish_after_commit(session: Session, channel: str, message: dict[str, Any]) -> None:
    """Tell listeners once the change is durable."""
    db.after_commit(session, lambda: publish(channel, message))


class Publisher:
    """Sends what is published from a thread of its own, several messages in one round trip.

    Redis away: a line in the log, and what waited is gone. Redis hanging: so many wait, more are dropped.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = fast_client(redis_url)
        self._waiting: queue.SimpleQueue[tuple[str, bytes] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        # gunicorn loads the app once and forks: a thread does not come along, and is started by the first message.
        os.register_at_fork(after_in_child=self._forget_thread)
        atexit.register(self.flush)

    def publish(self, channel: str, message: dict[str, Any]) -> None:
        if self._waiting.qsize() >= MOST_WAITING:
            return
        self._waiting.put((PREFIX + channel, orjson.dumps(message, default=str)))
        if self._thread is None:
            self._start()

    def flush(self, seconds: float = 1.0) -> None:
        """Send what is waiting, and end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join(seconds)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-publisher", daemon=True)
                self._thread.start()

    def _forget_thread(self) -> None:
        self._waiting, self._lock, self._thread = queue.SimpleQueue(), threading.Lock(), None

    def _run(self) -> None:
        is_open = True
        while is_open:
            first = self._waiting.get()
            if first is not None:
                time.sleep(GATHER_SECONDS)
            messages, is_open = self._gather(first)
            if messages:
                self._send(messages)

    def _gather(self, first: tuple[str, bytes] | None) -> tuple[list[tuple[str, bytes]], bool]:
        """`first` and what came meanwhile; and whether there may be more."""
        messages, following = [], first
        while following is not None:
            messages.append(following)
            if len(messages) == MOST_AT_ONCE:
                return messages, True
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                return messages, True
        return messages, False

    def _send(self, messages: list[tuple[str, bytes]]) -> None:
        try:
            self._redis.eval(_PUBLISH_ALL, 0, *(part for message in messages for part in message))
        except RedisError as error:
            log.warning("live_unavailable", error=repr(error), lost=len(messages))


class Hub:
    """One Redis subscription for the whole process, fanned out to a queue per connected page."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._listeners: dict[str, set[queue.SimpleQueue[bytes]]] = defaultdict(set)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def listen(self, channel: str) -> Iterator[bytes | None]:
        """Messages as they come, and None every PING_SECONDS so that the caller can keep the line open."""
        self._start()
        inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with self._lock:
            self._listeners[channel].add(inbox)
        try:
            while True:
                try:
                    yield inbox.get(timeout=PING_SECONDS)
                except queue.Empty:
                    yield None
        finally:
            with self._lock:
                self._listeners[channel].discard(inbox)
                if not self._listeners[channel]:
                    del self._listeners[channel]

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-hub", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError):
                self._read()
            # Listeners missed an unknown number of messages: tell them to fetch the full state again.
            self._broadcast(b'{"kind":"refetch"}')
            time.sleep(1)

    def _read(self) -> None:
        client = blocking_client(self._url, block_seconds=10)
        with contextlib.closing(client), client.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
            subscription.psubscribe(PREFIX + "*")
            while True:
                message = subscription.get_message(timeout=10.0)
                if message is None:
                    subscription.ping()
                elif message["type"] == "pmessage":
                    self._deliver(message["channel"].decode().removeprefix(PREFIX), message["data"])

    def _deliver(self, channel: str, data: bytes) -> None:
        with self._lock:
            inboxes = list(self._listeners.get(channel, ()))
        for inbox in inboxes:
            inbox.put(data)

    def _broadcast(self, data: bytes) -> None:
        with self._lock:
            inboxes = [inbox for group in self._listeners.values() for inbox in group]
        for inbox in inboxes:
            inbox.put(data)
