"""Events in, effects in the database: one transaction per event, acknowledged after its commit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from marquee import logs
from marquee.clock import utc_now
from marquee.contracts.base import Event
from marquee.db import is_away
from marquee.messaging import metrics
from marquee.messaging.backoff import Backoff
from marquee.messaging.envelope import Envelope, UnreadableEvent, open_envelope, traceparent
from marquee.messaging.inbox import claim, handler_name
from marquee.messaging.topology import RETRY_SECONDS, retry_level
from marquee.messaging.transport import Broker, Delivery, Done, Later, Leave, Park, Verdict

__all__ = ["MAX_ATTEMPTS", "Consumer", "Handler", "Handlers", "Meta", "Reject", "Retry"]

log = logging.getLogger(__name__)

MAX_ATTEMPTS = len(RETRY_SECONDS) + 1


class Retry(Exception):
    """Not now: again after `delay_seconds` (rounded up to 1, 5 or 25), parked after `max_attempts`."""

    def __init__(
        self, delay_seconds: float = 1, reason: str = "retry", *, max_attempts: int = MAX_ATTEMPTS
    ) -> None:
        super().__init__(reason)
        self.delay_seconds, self.max_attempts = delay_seconds, max_attempts


class Reject(Exception):
    """Never: parked at once, with the reason."""


@dataclass(frozen=True)
class Meta:
    """What is known about an event besides its data. `attempt` counts from 1."""

    event_id: UUID
    routing_key: str
    time: datetime
    source: str
    subject: str | None
    attempt: int
    request_id: str
    traceparent: str


# Any: a table of handlers, each for its own event class, cannot be typed by its key.
Handler = Callable[[Session, Any, Meta], None]
Handlers = Mapping[type[Event], Sequence[Handler]]


class Consumer:
    """Reads the queue of `service` and calls the handlers of each event.

    All handlers of an event share one transaction with their inbox rows. An exception rolls all back and
    brings the event again after 1, 5 and 25 seconds, then parks it; `Retry` and `Reject` say otherwise.
    While the database is away no attempt is spent: the event waits in hand.
    """

    def __init__(
        self,
        service: str,
        handlers: Handlers,
        sessions: sessionmaker[Session],
        broker: Broker,
        *,
        prefetch: int = 1,
        threads: int = 1,
        grace_seconds: float = 8,
    ) -> None:
        self._service, self._sessions = service, sessions
        self._handlers = {
            event: [(handler_name(service, handler), handler) for handler in chosen]
            for event, chosen in handlers.items()
        }
        self._subscription = broker.subscription(
            service, prefetch=prefetch, threads=threads, grace_seconds=grace_seconds
        )
        self._stop = threading.Event()

    @property
    def connected(self) -> bool:
        return self._subscription.connected

    def run(self, stop: threading.Event) -> None:
        self._stop = stop
        self._subscription.run(self.handle, stop)

    def handle(self, delivery: Delivery) -> Verdict:
        """The verdict on one delivery; never raises."""
        try:
            envelope, event = open_envelope(delivery.body)
        except UnreadableEvent as unreadable:
            return self._report(delivery, Park(str(unreadable)))
        with _context_of(envelope, event):
            verdict = self._apply(event, _meta(envelope, delivery))
            log.info("event %s: %s", delivery.routing_key, type(verdict).__name__.lower())
            metrics.AGE.labels(self._service).observe((utc_now() - envelope.time).total_seconds())
            return self._report(delivery, verdict)

    def _apply(self, event: Event, meta: Meta) -> Verdict:
        backoff = Backoff(0.1, 1.0)
        while True:
            try:
                self._run_handlers(event, meta)
                return Done()
            except Reject as rejection:
                return Park(str(rejection) or "rejected")
            except Retry as wish:
                return _again(meta, wish.delay_seconds, str(wish), wish.max_attempts)
            except Exception as error:
                if not is_away(error):
                    log.warning("handler failed: %s %s", meta.routing_key, meta.event_id, exc_info=error)
                    return _again(meta, _usual_delay(meta.attempt), _reason(error), MAX_ATTEMPTS)
            log.warning("database is away, %s waits in hand", meta.event_id)
            backoff.wait(self._stop)
            if self._stop.is_set():
                return Leave()

    def _run_handlers(self, event: Event, meta: Meta) -> None:
        with self._sessions() as session:
            for name, handler in self._handlers.get(type(event), ()):
                if claim(session, name, meta.event_id):
                    handler(session, event, meta)
            session.commit()

    def _report(self, delivery: Delivery, verdict: Verdict) -> Verdict:
        metrics.HANDLED.labels(self._service, delivery.routing_key, type(verdict).__name__.lower()).inc()
        if isinstance(verdict, Park):
            log.error("event parked: %s %s: %s", delivery.routing_key, delivery.id, verdict.reason)
        return verdict


def _again(meta: Meta, delay_seconds: float, reason: str, max_attempts: int) -> Verdict:
    if meta.attempt >= max_attempts:
        return Park(reason)
    return Later(retry_level(delay_seconds))


def _usual_delay(attempt: int) -> int:
    return RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1]


def _reason(error: Exception) -> str:
    # The type alone for database errors: their text carries the statement with people's data.
    return type(error).__name__ if isinstance(error, SQLAlchemyError) else f"{type(error).__name__}: {error}"


def _meta(envelope: Envelope, delivery: Delivery) -> Meta:
    return Meta(
        event_id=envelope.id,
        routing_key=envelope.type,
        time=envelope.time,
        source=envelope.source,
        subject=envelope.subject,
        attempt=delivery.attempt,
        request_id=envelope.requestid or "",
        traceparent=envelope.traceparent or "",
    )


@contextmanager
def _context_of(envelope: Envelope, event: Event) -> Iterator[None]:
    """Log lines and further events of this handling belong to the request that began it all."""
    trace = traceparent.set(envelope.traceparent or "")
    try:
        with logs.about(logs.booking_in(event), request=envelope.requestid or envelope.id.hex):
            yield
    finally:
        traceparent.reset(trace)
