from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from marquee.db import Database
from marquee.migrate import SERVICES as WITH_DATABASE
from marquee.testing.database import migrated_database, url_of
from marquee.testing.tokens import TokenMint
from tests.conventions.houses import SERVICES, build


@pytest.fixture(scope="session")
def mint() -> TokenMint:
    return TokenMint()


@pytest.fixture(scope="session")
def databases(create_database: Callable[[str], str]) -> Iterator[dict[str, Database]]:
    with ExitStack() as stack:
        yield {
            service: stack.enter_context(migrated_database(service, create_database))
            for service in WITH_DATABASE
        }


@pytest.fixture(scope="session")
def apps(databases: dict[str, Database], mint: TokenMint) -> Iterator[dict[str, Flask]]:
    """Every service by its name."""
    built = {
        service: build(service, mint, url_of(databases[service]) if service in databases else None)
        for service in SERVICES
    }
    yield built
    for app in built.values():
        if "marquee.database" in app.extensions:
            app.extensions["marquee.database"].engine.dispose()
