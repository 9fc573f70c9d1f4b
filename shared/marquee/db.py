"""PostgreSQL through SQLAlchemy: named constraints, column types, and transactions that end.

Verbs take a `Session` and never commit; whoever opened `transaction()` does.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

import structlog
from flask import current_app, has_app_context
from psycopg2 import DatabaseError, InterfaceError
from psycopg2 import OperationalError as ConnectionRefused
from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event, func, text
from sqlalchemy.exc import IntegrityError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from marquee import metrics
from marquee.settings import several

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

# serialization_failure and deadlock_detected: the loser need only try again.
_WORTH_REPEATING = frozenset({"40001", "40P01"})
_ATTEMPTS = 5
_TRUSTED_SECONDS = 1.0

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

uuid_pk = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]
utc_time = Annotated[datetime, mapped_column(DateTime(timezone=True))]
utc_now = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]


def new_metadata() -> MetaData:
    """Metadata of its own for each service: its tables stand in no other service's."""
    return MetaData(naming_convention=NAMES)


# Limits that hold for every session, also where a role was made without them (RELIABILITY M3.3).
_LIMITS = (
    "-c lock_timeout=2s -c statement_timeout=5s -c idle_in_transaction_session_timeout=15s -c timezone=UTC"
)


def make_engine(url: str, *, pool_size: int = 3, name: str = "marquee") -> Engine:
    """A small pool; waiting more than a second for a connection is a 503, never a hang."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=1.0,
        pool_recycle=1800,
        connect_args={"connect_timeout": 3, "options": _LIMITS, "application_name": name},
    )
    take_any_password(engine)
    event.listen(engine, "checkin", _note_idle)
    event.listen(engine, "checkout", _ping_after_idling)
    metrics.watch_pool(engine, name)
    return engine


def take_any_password(engine: Engine) -> None:
    """The password may be a list while it is being rotated: a connection is made with whichever fits just now."""
    if len(several(str(engine.url.password or ""))) > 1:
        event.listen(engine, "do_connect", _try_passwords)


def _try_passwords(dialect: Dialect, _: Any, arguments: Any, parameters: dict[str, Any]) -> Any:
    *others, last = several(parameters["password"])
    for password in others:
        try:
            return dialect.connect(*arguments, **{**parameters, "password": password})
        except ConnectionRefused as error:
            if "authentication failed" not in str(error):
                raise
    return dialect.connect(*arguments, **{**parameters, "password": last})


def _note_idle(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["idle_since"] = time.monotonic()


def _ping_after_idling(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """One that was in use a moment ago will do: a ping for each transaction costs more than it finds."""
    if time.monotonic() - record.info.get("idle_since", math.inf) < _TRUSTED_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except (DatabaseError, InterfaceError) as error:
        raise InvalidatePoolError from error


class Database:
    """An engine and its sessions."""

    def __init__(self, url: str, *, pool_size: int = 3, name: str = "marquee") -> None:
        self.engine = make_engine(url, pool_size=pool_size, name=name)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit when the block ends well, roll back when it does not."""
        with self.sessions.begin() as session:
            yield session

    def run(self, work: Callable[[Session], Result]) -> Result:
        """`work` in a transaction of its own; again when PostgreSQL undid it over a deadlock or a lost race.

        Safe to repeat, because nothing of an undone attempt remains: after_commit actions never ran either.
        """
        for attempt in range(1, _ATTEMPTS):
            try:
                with self.transaction() as session:
                    return work(session)
            except OperationalError as error:
                if getattr(error.orig, "pgcode", None) not in _WORTH_REPEATING:
                    raise
                log.info("transaction_repeated", attempt=attempt, code=getattr(error.orig, "pgcode", None))
                time.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 - spreads rivals, guards nothing
        with self.transaction() as session:
            return work(session)

    def is_ready(self) -> bool:
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError:
            return False
        return True


def in_transaction(work: Callable[[Session], Result]) -> Result:
    """`work` in one transaction of the current app's database, repeated where that helps."""
    return current_database().run(work)


def transaction() -> Any:
    """The current app's database, one transaction: `with transaction() as session:`."""
    return current_database().transaction()


def current_database() -> Database:
    if not has_app_context():
        raise RuntimeError("transaction() needs an app context; a worker uses its own Database")
    database: Database = current_app.extensions["marquee.database"]
    return database


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` once `session`'s transaction is durable; never when it is rolled back."""
    session.info.setdefault("after_commit", []).append(action)


@event.listens_for(Session, "after_commit")
def _run_actions(session: Session) -> None:
    for action in session.info.pop("after_commit", []):
        action()


@event.listens_for(Session, "after_soft_rollback")
def _forget_actions(session: Session, _: Any) -> None:
    session.info.pop("after_commit", None)


def database_now(session: Session) -> datetime:
    """The transaction's time by the database's clock, the only one that decides expiry."""
    now: datetime = session.execute(text("SELECT now()")).scalar_one()
    return now


def constraint_of(error: IntegrityError) -> str:
    """The name of the constraint that refused, to turn it into a kind answer."""
    return str(getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "")
