"""The movies service on a real, migrated PostgreSQL, empty at the start of every test."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from marquee.db import Database
from marquee.migrate import migrate
from services.movies import create_app
from services.movies.settings import MoviesSettings


@pytest.fixture(scope="session")
def movies_database_url(create_database: Callable[[str], str]) -> str:
    url = create_database("movies")
    migrate("movies", url)
    return url


@pytest.fixture(scope="session")
def movies_database(movies_database_url: str) -> Iterator[Database]:
    """Shared by all tests; ask for `database` to find it empty."""
    database = Database(movies_database_url, pool_size=12, name="tests-movies")
    yield database
    database.engine.dispose()


@pytest.fixture
def database(movies_database: Database) -> Database:
    with movies_database.transaction() as session:
        session.execute(text(f"TRUNCATE {', '.join(_tables(session))} RESTART IDENTITY"))
    return movies_database


def _tables(session: Session) -> list[str]:
    found = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    return sorted(set(found) - {"alembic_version"})


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction, rolled back at the end unless the test commits."""
    with database.sessions() as session:
        yield session


@pytest.fixture
def settings(movies_database_url: str, valkey_url: str) -> MoviesSettings:
    return MoviesSettings(
        database_url=movies_database_url,
        database_pool_size=8,
        redis_url=valkey_url,
        keycloak_url_external="http://localhost:8180",
        keycloak_url_internal="http://127.0.0.1:1",
        rate_limits=False,
    )


@pytest.fixture
def app(settings: MoviesSettings, database: Database) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    app.extensions["marquee.database"].engine.dispose()
