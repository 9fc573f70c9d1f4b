"""The movies service on a real, migrated PostgreSQL, empty at the start of every test."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from marquee.db import Database
from marquee.testing.database import empty, migrated_database, url_of
from services.movies import create_app
from services.movies.settings import MoviesSettings


@pytest.fixture(scope="session")
def movies_database(
    create_database: Callable[[str], str], lent_by_pgbouncer: Callable[[str], str]
) -> Iterator[Database]:
    """Shared by all tests; ask for `database` to find it empty."""
    with migrated_database("movies", create_database, lent_by_pgbouncer) as database:
        yield database


@pytest.fixture
def database(movies_database: Database) -> Database:
    return empty(movies_database)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction, rolled back at the end unless the test commits."""
    with database.sessions() as session:
        yield session


@pytest.fixture
def settings(database: Database, valkey_url: str) -> MoviesSettings:
    return MoviesSettings(
        database_url=url_of(database),
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
