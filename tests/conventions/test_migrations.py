"""Databases are built by numbered migrations alone, and they build what the models say."""

import importlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from marquee.messaging.outbox import messaging_metadata
from marquee.migrate import SERVICES

FOLDER = Path(__file__).resolve().parents[2] / "services"


def migrations_of(service: str) -> list[Path]:
    return sorted((FOLDER / service / "migrations").glob("[0-9]*.py"))


def expected(service: str) -> MetaData:
    """The service's own tables and those every service has for its messages."""
    metadata = MetaData()
    own = importlib.import_module(f"services.{service}.models").Base.metadata
    for table in (*own.sorted_tables, *messaging_metadata.sorted_tables):
        table.to_metadata(metadata)
    return metadata


@pytest.mark.parametrize("service", SERVICES)
def test_the_migrations_build_exactly_the_tables_of_the_models(databases, service):
    with databases[service].engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})

        assert compare_metadata(context, expected(service)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_are_numbered_without_a_gap_and_follow_one_another(service):
    found = [path.name.partition("_")[0] for path in migrations_of(service)]
    modules = [load(path) for path in migrations_of(service)]

    assert found == [f"{number:04d}" for number in range(1, len(found) + 1)]
    assert [module.revision for module in modules] == found
    assert [module.down_revision for module in modules] == [None, *found[:-1]]


@pytest.mark.parametrize("service", SERVICES)
def test_a_second_migration_finds_nothing_to_do(databases, service):
    from marquee.migrate import migrate
    from marquee.testing.database import url_of

    assert migrate(service, url_of(databases[service])) == migrations_of(service)[-1].name.partition("_")[0]


def is_ours(name, kind, parents):
    return not (kind == "table" and name == "alembic_version")


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
