"""One moment of several databases.

Services agree through events, and an event is a row in its publisher's outbox before anybody can have heard it. So
while no outbox takes a row, snapshots of all databases can be taken one after the other: none of them knows of an
event that another does not have. That lasts some thousandths of a second; what is written meanwhile waits.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg2
from psycopg2.extensions import connection

from ops.addresses import Address

__all__ = ["Moment", "TooBusy", "one_moment"]

# A transaction that holds an outbox is over in milliseconds. Waiting for one that is not would hold up all others.
_LOCK_SECONDS = 1
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.5


class TooBusy(SystemExit):
    """Some transaction kept an outbox for itself all the time."""


@dataclass(frozen=True)
class Moment:
    at: datetime
    snapshots: Mapping[str, str]
    held_up_seconds: float


@contextmanager
def one_moment(addresses: Mapping[str, Address]) -> Iterator[Moment]:
    """Snapshots that pg_dump can take up, for as long as the block lasts."""
    with ExitStack() as both:
        readers = {name: both.enter_context(closing(at.connect())) for name, at in addresses.items()}
        gates = [both.enter_context(closing(at.connect())) for at in addresses.values()]
        for reader in readers.values():
            reader.set_session(isolation_level="REPEATABLE READ", readonly=True)
        for _ in range(_ATTEMPTS):
            if moment := _try(gates, readers):
                yield moment
                return
            time.sleep(_PAUSE_SECONDS)
    raise TooBusy("The databases were too busy for a common moment; try again.")


def _try(gates: list[connection], readers: Mapping[str, connection]) -> Moment | None:
    began = time.perf_counter()
    try:
        for gate in gates:
            _hold_outbox(gate)
        snapshots = {name: _snapshot(reader) for name, reader in readers.items()}
    except psycopg2.errors.LockNotAvailable:
        for reader in readers.values():
            reader.rollback()
        return None
    finally:
        for gate in gates:
            gate.rollback()
    return Moment(
        at=max(when for _, when in snapshots.values()),
        snapshots={name: snapshot for name, (snapshot, _) in snapshots.items()},
        held_up_seconds=time.perf_counter() - began,
    )


def _hold_outbox(gate: connection) -> None:
    with gate.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.outbox') IS NOT NULL")
        if cursor.fetchone() == (True,):
            cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'; LOCK TABLE outbox IN SHARE MODE")


def _snapshot(reader: connection) -> tuple[str, datetime]:
    with reader.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot(), clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    return row[0], row[1]
