"""A service's real, migrated database for tests, empty at the start of each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import text

from marquee.db import Database
from marquee.migrate import migrate


@contextmanager
def migrated_database(
    service: str, create_database: Callable[[str], str], lent_by: Callable[[str], str] = str
) -> Iterator[Database]:
    """Once per test session: a new database at the newest schema; `lent_by` answers where a pooler lends it."""
    url = create_database(service)
    migrate(service, url)
    database = Database(lent_by(url), pool_size=12, name=f"tests-{service}")
    yield database
    database.engine.dispose()


def empty(database: Database) -> Database:
    """Forget all rows, keep the schema."""
    with database.transaction() as session:
        tables = session.scalars(
            text(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
        ).all()
        session.execute(text(f"TRUNCATE {', '.join(sorted(tables))} RESTART IDENTITY"))
    return database


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)
