"""Bring databases to the newest schema: `python -m marquee.migrate movies` (or `all`).

Each service keeps its numbered migrations in services/<name>/migrations/; one head each. Several processes may
start this at once: an advisory lock lets one through, the others find nothing left to do.
"""

import os
import sys
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from marquee.databases import PATIENCE_SECONDS, SERVICES, address_of
from marquee.db import address, take_any_password

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = 5_204_001


def migrate(service: str, database_url: str, *, patience_seconds: float = 0) -> str:
    """Upgrade `service`'s database to its head and return the revision it now has.

    A server that does not answer is asked again for `patience_seconds`.
    """
    scripts = ScriptDirectory.from_config(_config(service))
    # Nobody waits for a page here, and a machine that starts everything at once is slow.
    engine = create_engine(address(database_url), connect_args={"connect_timeout": 15})
    take_any_password(engine)
    try:
        with connected(engine, patience_seconds) as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            # A migration waits two seconds for a lock, then gives way to the people who are booking.
            connection.execute(text("SET lock_timeout = '2s'; SET statement_timeout = '5min'"))
            connection.commit()
            _upgrade(scripts, connection)
            connection.commit()
        return str(scripts.get_current_head())
    finally:
        engine.dispose()


def connected(engine: Engine, patience_seconds: float) -> Connection:
    """A connection, as soon as the server has one for us; its last refusal when the patience is at an end."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return engine.connect()
        except OperationalError as error:
            if time.monotonic() > deadline:
                raise
            sys.stderr.write(f"PostgreSQL does not answer: {str(error.orig).strip()}\n")
            time.sleep(1)


def _upgrade(scripts: ScriptDirectory, connection: Connection) -> None:
    def steps(revision: object, _: object) -> list[object]:
        return scripts._upgrade_revs("head", revision)  # type: ignore[arg-type, return-value]

    environment = EnvironmentContext(Config(), scripts, fn=steps)
    environment.configure(connection=connection, transaction_per_migration=True)
    with environment.begin_transaction():
        environment.run_migrations()


def knows(service: str, revision: str) -> bool:
    """Whether `revision` is one of `service`'s migrations; one of a newer Marquee is not."""
    scripts = ScriptDirectory.from_config(_config(service))
    return revision in {script.revision for script in scripts.walk_revisions()}


def revise(service: str, message: str) -> None:
    """A new, empty, numbered migration."""
    scripts = ScriptDirectory.from_config(_config(service))
    number = f"{sum(1 for _ in scripts.walk_revisions()) + 1:04d}"
    command.revision(_config(service), message, rev_id=number)


def _config(service: str) -> Config:
    folder = _ROOT / "services" / service / "migrations"
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", str(folder))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def database_url(service: str) -> str:
    """DATABASE_URL_<SERVICE>, or from DATABASE_HOSTS, or DATABASE_URL where only one service is at hand."""
    if "DATABASE_HOSTS" in os.environ:
        return address_of(service)
    return os.environ.get(f"DATABASE_URL_{service.upper()}") or os.environ["DATABASE_URL"]


def main(arguments: list[str]) -> None:
    if len(arguments) == 3 and arguments[0] == "revise":
        revise(arguments[1], arguments[2])
        return
    wanted = SERVICES if arguments in ([], ["all"]) else tuple(arguments)
    for service in wanted:
        began = time.perf_counter()
        head = migrate(service, database_url(service), patience_seconds=PATIENCE_SECONDS)
        sys.stdout.write(f"{service}: schema {head} ({time.perf_counter() - began:.1f} s)\n")


if __name__ == "__main__":
    main(sys.argv[1:])
