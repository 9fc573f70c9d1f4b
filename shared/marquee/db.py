"""PostgreSQL through SQLAlchemy: named constraints, column types, and transactions that end.

Verbs take a `Session` and never commit; whoever opened `transaction()` does.
"""

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

import psycopg2
import structlog
from flask import current_app, has_app_context
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import URL, DateTime, Dialect, Engine, MetaData, create_engine, event, func, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidatePoolError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from marquee import metrics
from marquee.settings import several

log = structlog.get_logger(__name__)
Result = TypeVar("Result")
Row = tuple[Any, ...]
# One statement, with %s for each parameter, and the row it answers.
Ask = Callable[[str, Sequence[Any]], Row | None]

# serialization_failure and deadlock_detected: the loser need only try again.
_LOST_RACES = frozenset({"40001", "40P01"})
_ATTEMPTS = 5
# The server takes no more work of ours: it was demoted, shuts down, crashed, starts or is full.
_DEMOTED = "25006"
_AWAY = frozenset({_DEMOTED, "57P01", "57P02", "57P03", "53300"})
# A page would rather say so than keep somebody waiting; a worker goes on by itself.
_PATIENCE_SECONDS = 1.0
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


# Limits that hold for every session, also where a role was made without them.
_LIMITS = (
    "-c lock_timeout=2s -c statement_timeout=5s -c idle_in_transaction_session_timeout=15s -c timezone=UTC"
)


# A server that died is noticed within seconds, and of several the one is used that takes writes.
_CONNECTING = {
    "target_session_attrs": "read-write",
    "connect_timeout": "2",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "5000",
}


def address(url: str) -> URL:
    """`url` for SQLAlchemy. As with libpq it may name several servers: postgresql://me@pg1,pg2:5433/db.

    What the address does not say about connecting is filled in.
    """
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    several = hosts.split(",") if "," in hosts else []
    if several:
        url = f"{scheme}://{credentials}{at}{slash}{path}"
    found = make_url(url).set(drivername="postgresql+psycopg2")
    found = found.update_query_pairs([("host", host) for host in several], append=True)
    return found.update_query_dict({**_CONNECTING, **found.query})


def make_engine(url: str, *, pool_size: int = 3, name: str = "marquee") -> Engine:
    """A small pool; waiting more than a second for a connection is a 503, never a hang."""
    engine = create_engine(
        address(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=1.0,
        pool_recycle=1800,
        pool_reset_on_return=None,
        connect_args={"options": _LIMITS, "application_name": name},
    )
    take_any_password(engine)
    event.listen(engine, "reset", _leave_it_as_it_was)
    event.listen(engine, "checkout", _ping_after_idling)
    event.listen(engine, "handle_error", _drop_connections_to_a_server_that_leaves)
    metrics.watch_pool(engine, name)
    return engine


@contextmanager
def listening(engine: Engine, channel: str) -> Iterator[Any]:
    """psycopg2's connection, outside the pool and outside any transaction, or it would hear nothing.

    Through a pooler that lends connections by the transaction nothing is heard at all: whoever listens also polls.
    """
    # The pool's way of connecting knows the address, the time limits and the name.
    connection = engine.raw_connection()
    driver: Any = connection.driver_connection
    connection.detach()
    with closing(driver):
        driver.set_session(autocommit=True)
        with driver.cursor() as cursor:
            cursor.execute(f"LISTEN {channel}")
        yield driver


def take_any_password(engine: Engine) -> None:
    """The password may be a list while it is being rotated: a connection is made with whichever fits just now."""
    if len(several(str(engine.url.password or ""))) > 1:
        event.listen(engine, "do_connect", _try_passwords)


def _try_passwords(dialect: Dialect, _: Any, arguments: Any, parameters: dict[str, Any]) -> Any:
    *others, last = several(parameters["password"])
    for password in others:
        try:
            return dialect.connect(*arguments, **{**parameters, "password": password})
        except psycopg2.OperationalError as error:
            if "authentication failed" not in str(error):
                raise
    return dialect.connect(*arguments, **{**parameters, "password": last})


class OutcomeUnknown(OperationalError):
    """The connection broke at the commit, which may have happened: only the same key may be tried again."""


def is_away(error: BaseException) -> bool:
    """Whether the database is what failed: away, leaving, demoted or full. The same work may succeed on another try."""
    if isinstance(error, PoolTimeout):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_away(error.orig) if error.orig else False
    # Who cannot connect, or loses the connection, hears no code.
    code = getattr(error, "pgcode", None)
    return code in _AWAY or (code is None and isinstance(error, psycopg2.OperationalError))


def _drop_connections_to_a_server_that_leaves(context: ExceptionContext) -> None:
    """A demoted server keeps its connections, and every next borrower would meet the same refusal."""
    if getattr(context.original_exception, "pgcode", None) in _AWAY:
        context.is_disconnect = True


def _leave_it_as_it_was(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Mostly nothing was left open, and psycopg2 would let another thread in only to find that out."""
    if connection.get_transaction_status() != TRANSACTION_STATUS_IDLE:
        connection.rollback()
    record.info["idle_since"] = time.monotonic()


def _ping_after_idling(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """One that was in use a moment ago will do: a ping for each transaction costs more than it finds."""
    if time.monotonic() - record.info.get("idle_since", math.inf) < _TRUSTED_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise InvalidatePoolError from error


class Database:
    """An engine and its sessions."""

    def __init__(self, url: str, *, pool_size: int = 3, name: str = "marquee") -> None:
        self.engine = make_engine(url, pool_size=pool_size, name=name)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit when the block ends well, roll back when it does not.

        Raises OutcomeUnknown when the connection breaks at the commit.
        """
        committing = False
        try:
            with self.sessions.begin() as session:
                yield session
                session.flush()
                committing = True
        except DBAPIError as error:
            if committing and is_away(error):
                raise OutcomeUnknown(error.statement, error.params, error.orig or error) from error
            raise

    def run(self, work: Callable[[Session], Result]) -> Result:
        """`work` in a transaction of its own; again when it lost a race, and for a moment while the server is away.

        Safe to repeat, because nothing of an undone attempt remains: after_commit actions never ran either.
        What broke at the commit is not repeated: whoever asked knows whether it has a key.
        """

        def attempt() -> Result:
            with self.transaction() as session:
                return work(session)

        return _repeated(attempt)

    def ask(self, statement: str, parameters: Sequence[Any]) -> Row | None:
        """The one row `statement` answers, in a transaction of its own that takes one round trip; repeated like `run`.

        For what is done most: there the way through SQLAlchemy costs more than the statement itself. Raises
        OutcomeUnknown when the connection breaks.
        """
        return _repeated(lambda: self._ask_once(statement, parameters))

    def _ask_once(self, statement: str, parameters: Sequence[Any]) -> Row | None:
        try:
            pooled = self.engine.raw_connection()
        except psycopg2.OperationalError as error:
            raise OperationalError(statement, None, error) from error
        driver: Any = pooled.dbapi_connection
        try:
            driver.autocommit = True
            with driver.cursor() as cursor:
                cursor.execute(statement, parameters)
                row: Row | None = cursor.fetchone()
            driver.autocommit = False
        except BaseException as error:
            is_broken = bool(driver.closed)
            pooled.invalidate(error)
            if is_broken and isinstance(error, psycopg2.Error):
                raise OutcomeUnknown(statement, None, error) from error
            if isinstance(error, psycopg2.OperationalError):
                raise OperationalError(statement, None, error) from error
            if isinstance(error, psycopg2.Error):
                raise DBAPIError(statement, None, error) from error
            raise
        finally:
            pooled.close()
        return row

    def is_ready(self) -> bool:
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True


def _repeated(attempt: Callable[[], Result]) -> Result:
    patient_until = time.monotonic() + _PATIENCE_SECONDS
    number = 0
    while True:
        number += 1
        try:
            return attempt()
        except OutcomeUnknown:
            raise
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) in _LOST_RACES and number < _ATTEMPTS:
                wait = random.uniform(0.005, 0.03) * number  # noqa: S311 - spreads rivals, guards nothing
            elif is_away(error) and time.monotonic() < patient_until:
                wait = 0.1 * 2.0**number * random.uniform(0.25, 0.5)  # noqa: S311 - as above
            else:
                raise
            log.info("transaction_repeated", attempt=number, code=getattr(error.orig, "pgcode", None))
            time.sleep(wait)


def asking(session: Session) -> Ask:
    """`Database.ask` within `session`'s transaction."""

    def ask(statement: str, parameters: Sequence[Any]) -> Row | None:
        found = session.connection().exec_driver_sql(statement, tuple(parameters)).one_or_none()
        return None if found is None else tuple(found)

    return ask


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
