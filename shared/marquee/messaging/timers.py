"""Work that comes round: expiring holds, reconciling, tidying."""

from __future__ import annotations

import inspect
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from marquee.db import is_away
from marquee.logs import new_request_id, request_id
from marquee.messaging.backoff import Backoff

__all__ = ["Timer", "run_timer"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timer:
    """`run(session)` gets a transaction of its own, committed when it returns; `run()` takes care itself.

    `exclusive`: in any number of workers only one runs it at a time; the others skip that turn. The lock is the
    transaction's, so only a timer with a session can have it.
    """

    name: str
    every_seconds: float
    run: Callable[..., Any]
    exclusive: bool = False

    def __post_init__(self) -> None:
        if self.exclusive and not self.wants_session:
            raise ValueError(f"timer {self.name} cannot be exclusive without a session")

    @property
    def wants_session(self) -> bool:
        return bool(inspect.signature(self.run).parameters)


def run_timer(timer: Timer, sessions: sessionmaker[Session], stop: threading.Event) -> None:
    """Until `stop`. A failed turn is logged and the next one tries again; soon, when only the database was away."""
    # Workers that start together should not knock together for ever after.
    stop.wait(min(1.0, timer.every_seconds) * random.random())  # noqa: S311 - spreads load
    backoff = Backoff(0.1, 1.0)
    while not stop.is_set():
        began = time.monotonic()
        token = request_id.set(new_request_id())
        try:
            _take_turn(timer, sessions)
            backoff.reset()
        except Exception as error:
            if is_away(error):
                log.warning("timer %s waits for the database: %s", timer.name, type(error).__name__)
                backoff.wait(stop)
                continue
            log.exception("timer %s failed", timer.name)
        finally:
            request_id.reset(token)
        stop.wait(max(0.05, timer.every_seconds - (time.monotonic() - began)))


def _take_turn(timer: Timer, sessions: sessionmaker[Session]) -> None:
    if not timer.wants_session:
        timer.run()
        return
    with sessions.begin() as session:
        if not timer.exclusive or _lock_in_transaction(session, timer.name):
            timer.run(session)


def _lock_in_transaction(session: Session, name: str) -> bool:
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool(session.execute(statement, {"name": f"timer {name}"}).scalar_one())
