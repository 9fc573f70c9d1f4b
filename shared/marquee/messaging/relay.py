"""Carries the outbox to the broker: at once when told, and every `poll_seconds` in any case.

One transaction leases rows, another marks them once the broker has confirmed; they are sent between the two, so
nobody waits for a broker with rows locked (docs/decisions/0011). What a relay that died had leased, another sends
when the lease has run out; what was sent twice so, the readers' inboxes absorb. When the broker turns out to have
lost its memory, what it may have lost is sent again from here.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg2
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    delete,
    exists,
    func,
    or_,
    tuple_,
    update,
)
from sqlalchemy import select as sql_select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.dml import ReturningUpdate

from marquee.db import listening
from marquee.messaging import metrics
from marquee.messaging.backoff import Backoff
from marquee.messaging.outbox import CHANNEL, inbox, outbox
from marquee.messaging.transport import (
    CONFIRM_SECONDS,
    BrokerUnavailable,
    Epoch,
    Message,
    Outcome,
    Publisher,
)

__all__ = ["LEASE", "Relay"]

log = logging.getLogger(__name__)

# While a relay waits for the broker, its rows come to no other; when it has died, to another soon.
LEASE = timedelta(seconds=CONFIRM_SECONDS + 1)
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
        self._batch, self._poll_seconds, self._lease = batch, poll_seconds, _lease(batch)
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
        rows = self._take()
        if not rows:
            return 0
        try:
            outcomes = self._publisher.publish([_message(row) for row in rows])
        except BrokerUnavailable:
            with self._begin() as connection:
                self._give_back(connection, rows)
            raise
        with self._begin() as connection:
            confirmed = self._mark(connection, rows, outcomes)
        if not outcomes:
            raise BrokerUnavailable("nothing was confirmed")
        return confirmed

    def _empty_outbox(self, stop: threading.Event, backoff: Backoff) -> None:
        while not stop.is_set():
            confirmed = self.publish_once()
            self._flows = True
            backoff.reset()
            if confirmed < self._batch:
                return

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        """A transaction whose commit waits for no disk: what a crash of the database undoes of it is sent twice."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield connection

    def _take(self) -> Sequence[Any]:
        """The first rows that are due, leased to this relay, in their order."""
        with self._begin() as connection:
            return sorted(connection.execute(self._lease), key=lambda row: row.id)

    def _mark(self, connection: Connection, rows: Sequence[Any], outcomes: dict[UUID, Outcome]) -> int:
        confirmed = [row.id for row in rows if outcomes.get(row.event_id) is Outcome.CONFIRMED]
        if confirmed:
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_(confirmed))
                .values(
                    published_at=func.clock_timestamp(),
                    broker_epoch=str(self._epoch),
                    refusal=None,
                    # Or it would not be due when the broker forgets it in the next moment.
                    not_before=None,
                )
            )
            metrics.PUBLISHED.labels(self._service).inc(len(confirmed))
        for row in rows:
            if (outcome := outcomes.get(row.event_id)) in (Outcome.UNROUTABLE, Outcome.TOO_LARGE):
                self._postpone(connection, row, str(outcome))
        self._give_back(connection, [row for row in rows if row.event_id not in outcomes])
        return len(confirmed)

    def _postpone(self, connection: Connection, row: Any, refusal: str) -> None:
        """A row nobody can receive must not hold up the others: it is tried ever more rarely."""
        log.error("event %s %s is refused: %s", row.routing_key, row.event_id, refusal)
        seconds = func.least(600, func.power(2, outbox.c.attempts))
        connection.execute(
            update(outbox)
            .where(*_are_leased([row]))
            .values(
                attempts=outbox.c.attempts + 1,
                refusal=refusal,
                not_before=func.now() + seconds * timedelta(seconds=1),
            )
        )

    def _give_back(self, connection: Connection, rows: Sequence[Any]) -> None:
        """To whoever comes next, at once: they are not published, as far as one can know."""
        if rows:
            connection.execute(update(outbox).where(*_are_leased(rows)).values(not_before=None))

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


def _lease(batch: int) -> ReturningUpdate[Any]:
    due = (
        sql_select(outbox.c.id)
        .where(outbox.c.published_at.is_(None), _is_due())
        .order_by(outbox.c.id)
        .limit(batch)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    # Looked at once for the whole batch, which is known by it when rows are given back.
    now = sql_select(func.clock_timestamp(type_=DateTime(timezone=True))).scalar_subquery()
    return (
        update(outbox)
        .where(outbox.c.id == due.c.id)
        .values(not_before=now + LEASE)
        .returning(
            outbox.c.id, outbox.c.event_id, outbox.c.routing_key, outbox.c.envelope, outbox.c.not_before
        )
    )


def _are_leased(rows: Sequence[Any]) -> tuple[ColumnElement[bool], ...]:
    """Still, and by the lease they were taken with: a relay that was away for longer has lost them to another."""
    return outbox.c.id.in_([row.id for row in rows]), outbox.c.not_before == rows[0].not_before


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
