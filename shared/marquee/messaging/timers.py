"""Work that comes round: expiring holds, reconciling, tidying."""

from __future__ import annotations

import inspect
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from marquee.logs import new_request_id, request_id

__all__ = ["Timer", "run_timer"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timer:
    """`run(session)` gets a transaction of its own, committed when it returns; `run()` takes care itself.

    `exclusive`: in any number of workers only one runs it at a time; the others skip that turn.
    """

    name: str
    every_seconds: float
    run: Callable[..., Any]
    exclusive: bool = False

    @property
    def wants_session(self) -> bool:
        return bool(inspect.signature(self.run).parameters)


def run_timer(timer: Timer, engine: Engine, sessions: sessionmaker[Session], stop: threading.Event) -> None:
    """Until `stop`. A failed turn is logged and the next one tries again."""
    # Workers that start together should not knock together for ever after.
    stop.wait(min(1.0, timer.every_seconds) * random.random())  # noqa: S311 - spreads load
    while not stop.is_set():
        began = time.monotonic()
        token = request_id.set(new_request_id())
        try:
            _take_turn(timer, engine, sessions)
        except Exception:
            log.exception("timer %s failed", timer.name)
        finally:
            request_id.reset(token)
        stop.wait(max(0.05, timer.every_seconds - (time.monotonic() - began)))


def _take_turn(timer: Timer, engine: Engine, sessions: sessionmaker[Session]) -> None:
    if timer.wants_session:
        with sessions.begin() as session:
            if not timer.exclusive or _lock_in_transaction(session, timer.name):
                timer.run(session)
    elif timer.exclusive:
        with _locked(engine, timer.name) as mine:
            if mine:
                timer.run()
    else:
        timer.run()


def _lock_in_transaction(session: Session, name: str) -> bool:
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool(session.execute(statement, {"name": f"timer {name}"}).scalar_one())


@contextmanager
def _locked(engine: Engine, name: str) -> Iterator[bool]:
    """Held by the connection, not by a transaction: what runs inside may well call other systems."""
    parameters = {"name": f"timer {name}"}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = connection.execute(
            text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), parameters
        ).scalar_one()
        try:
            yield bool(mine)
        finally:
            if mine:
                connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), parameters)
