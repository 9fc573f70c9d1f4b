"""Carries the outbox to the broker: at once when told, and every `poll_seconds` in any case.

A row is marked only after the broker has confirmed it. A relay that dies in between sends it again; the
readers' inboxes absorb that. When the broker turns out to have lost its memory, what it may have lost is
sent again from here.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg2
from sqlalchemy import ColumnElement, Connection, Engine, delete, exists, func, or_, tuple_, update
from sqlalchemy import select as sql_select
from sqlalchemy.exc import SQLAlchemyError

from marquee.db import listening
from marquee.messaging import metrics
from marquee.messaging.backoff import Backoff
from marquee.messaging.outbox import CHANNEL, inbox, outbox
from marquee.messaging.transport import BrokerUnavailable, Epoch, Message, Outcome, Publisher

__all__ = ["Relay"]

log = logging.getLogger(__name__)

# A broker that kept its disk may lack what came within its last second; ten leave room for clocks.
RESTART_MARGIN = timedelta(seconds=10)
PURGE_BATCH = 500
PURGE_EVERY_SECONDS = 60.0


class Relay:
    """`keep`: published rows stay that long. `resend`: how far back a broker that lost all is filled again.

    `keep_inbox` must be longer than `keep`, or what is sent again would be handled again.
    """

    def __init__(
        self,
        engine: Engine,
        publisher: Publisher,
        *,
        batch: int = 200,
        poll_seconds: float = 0.5,
        service: str = "",
        keep: timedelta = timedelta(days=7),
        resend: timedelta = timedelta(days=2),
        keep_inbox: timedelta = timedelta(days=30),
    ) -> None:
        self._engine, self._publisher = engine, publisher
        self._batch, self._poll_seconds = batch, poll_seconds
        self._service, self._keep, self._resend, self._keep_inbox = service, keep, resend, keep_inbox
        self._epoch: Epoch | None = None
        self._flows = False
        self._purge_at = 0.0

    @property
    def flows(self) -> bool:
        """Whether the last look into the outbox found broker and database willing."""
        return self._flows

    def run(self, stop: threading.Event) -> None:
        """Until `stop`, through every outage of the database and the broker."""
        backoff = Backoff(0.1, 1.0)
        while not stop.is_set():
            try:
                with listening(self._engine, CHANNEL) as bell:
                    while not stop.is_set():
                        self._empty_outbox(stop, backoff)
                        self._purge_now_and_then()
                        _wait_for_ring(bell, self._poll_seconds, stop)
            except (SQLAlchemyError, psycopg2.Error, BrokerUnavailable) as trouble:
                self._flows = False
                log.warning("relay waits: %r", trouble)
                backoff.wait(stop)
        self._publisher.close()

    def publish_once(self) -> int:
        """Send one batch; answers how many rows the broker confirmed. Raises BrokerUnavailable."""
        self._notice_lost_memory()
        with self._engine.begin() as connection:
            rows = self._take(connection)
            if not rows:
                return 0
            outcomes = self._publisher.publish([_message(row) for row in rows])
            return self._mark(connection, rows, outcomes)

    def _empty_outbox(self, stop: threading.Event, backoff: Backoff) -> None:
        while not stop.is_set():
            confirmed = self.publish_once()
            self._flows = True
            backoff.reset()
            if confirmed < self._batch:
                return

    def _take(self, connection: Connection) -> Sequence[Any]:
        return connection.execute(
            sql_select(outbox.c.id, outbox.c.event_id, outbox.c.routing_key, outbox.c.envelope)
            .where(outbox.c.published_at.is_(None), _is_due())
            .order_by(outbox.c.id)
            .limit(self._batch)
            .with_for_update(skip_locked=True)
        ).all()

    def _mark(self, connection: Connection, rows: Sequence[Any], outcomes: dict[UUID, Outcome]) -> int:
        confirmed = [row.id for row in rows if outcomes.get(row.event_id) is Outcome.CONFIRMED]
        if confirmed:
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_(confirmed))
                .values(published_at=func.clock_timestamp(), broker_epoch=str(self._epoch), refusal=None)
            )
            metrics.PUBLISHED.labels(self._service).inc(len(confirmed))
        for row in rows:
            if (outcome := outcomes.get(row.event_id)) in (Outcome.UNROUTABLE, Outcome.TOO_LARGE):
                self._postpone(connection, row, str(outcome))
        if len(confirmed) < len(rows) and not outcomes:
            raise BrokerUnavailable("nothing was confirmed")
        return len(confirmed)

    def _postpone(self, connection: Connection, row: Any, refusal: str) -> None:
        """A row nobody can receive must not hold up the others: it is tried ever more rarely."""
        log.error("event %s %s is refused: %s", row.routing_key, row.event_id, refusal)
        seconds = func.least(600, func.power(2, outbox.c.attempts))
        connection.execute(
            update(outbox)
            .where(outbox.c.id == row.id)
            .values(
                attempts=outbox.c.attempts + 1,
                refusal=refusal,
                not_before=func.now() + seconds * timedelta(seconds=1),
            )
        )

    # When the broker has lost its memory

    def _notice_lost_memory(self) -> None:
        epoch = self._publisher.epoch()
        if epoch == self._epoch:
            return
        with self._engine.begin() as connection:
            count = self._send_again(connection, epoch)
        if count:
            log.warning("broker lost its memory or restarted: %s events are sent again", count)
        # Also when it is none: a rise is only seen from a value that was told before.
        metrics.REPUBLISHED.labels(self._service).inc(count)
        self._epoch = epoch

    def _send_again(self, connection: Connection, epoch: Epoch) -> int:
        recent = outbox.c.published_at > func.now() - self._resend
        same_life = outbox.c.broker_epoch.startswith(f"{epoch.id}/", autoescape=True)
        reopened = connection.execute(
            update(outbox)
            .where(recent, or_(~same_life, same_life & _is_doubtful(recent & same_life, str(epoch))))
            .values(published_at=None, broker_epoch=None)
        )
        return int(reopened.rowcount)

    # Housekeeping

    def _purge_now_and_then(self) -> None:
        if time.monotonic() < self._purge_at:
            return
        self._purge_at = time.monotonic() + PURGE_EVERY_SECONDS
        self.purge()

    def purge(self) -> int:
        """Delete what is long done, in small batches so that no one waits for it."""
        return self._purge_outbox() + self._purge_inbox()

    def _purge_outbox(self) -> int:
        old = (
            sql_select(outbox.c.id)
            .where(outbox.c.published_at < func.now() - self._keep)
            .order_by(outbox.c.published_at)
            .limit(PURGE_BATCH)
            .with_for_update(skip_locked=True)
        )
        return self._repeat(delete(outbox).where(outbox.c.id.in_(old)))

    def _purge_inbox(self) -> int:
        old = (
            sql_select(inbox.c.consumer, inbox.c.event_id)
            .where(inbox.c.received_at < func.now() - self._keep_inbox)
            .order_by(inbox.c.received_at)
            .limit(PURGE_BATCH)
        )
        return self._repeat(delete(inbox).where(tuple_(inbox.c.consumer, inbox.c.event_id).in_(old)))

    def _repeat(self, statement: Any) -> int:
        total = 0
        while True:
            with self._engine.begin() as connection:
                count = int(connection.execute(statement).rowcount)
            total += count
            if count < PURGE_BATCH:
                return total


def _is_doubtful(of_this_life: ColumnElement[bool], run: str) -> ColumnElement[bool]:
    """Published in the last seconds of an earlier run, and this run not yet served by any row."""
    published = outbox.alias()
    last_of_earlier_run = (
        sql_select(func.max(outbox.c.published_at)).where(of_this_life, outbox.c.broker_epoch != run)
    ).scalar_subquery()
    served = exists().where(published.c.broker_epoch == run)
    return ~served & (outbox.c.published_at > last_of_earlier_run - RESTART_MARGIN)


def _is_due() -> ColumnElement[bool]:
    return or_(outbox.c.not_before.is_(None), outbox.c.not_before <= func.now())


def _message(row: Any) -> Message:
    return Message(row.event_id, row.routing_key, orjson.dumps(row.envelope))


def _wait_for_ring(bell: Any, seconds: float, stop: threading.Event) -> None:
    deadline = time.monotonic() + seconds
    while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([bell], [], [], min(left, 0.5))
        if readable:
            bell.poll()
            bell.notifies.clear()
            return
