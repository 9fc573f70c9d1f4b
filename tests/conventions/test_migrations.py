"""Databases are built by numbered migrations alone, and they build what the models say."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from marquee.messaging.outbox import messaging_metadata
from marquee.migrate import SERVICES
from tests.conventions.migrations import ALL_STEPS, Step, migrations_of, sql_of

# By migration, the rules it breaks: why that does no harm.
EXCUSED: dict[str, dict[str, str]] = {
    "notification 0002": {
        "require-concurrent-index-creation": "made while `mails` was empty wherever Marquee ran"
    },
}
# Words of ours have a longest length on purpose, and whole numbers count seats, cents and tries.
OF_NO_CONCERN = "prefer-text-field,prefer-bigint-over-int"
# As marquee.migrate sets them before it begins; test_migrating_under_load.py shows that it does.
LIMITS = "SET lock_timeout = '2s'; SET statement_timeout = '5min';\n"


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


@pytest.mark.parametrize("step", ALL_STEPS, ids=str)
def test_a_migration_locks_nothing_for_long_and_breaks_no_older_code(step: Step):
    assert complaints_about(sql_of(step)) == {*EXCUSED.get(str(step), ())}


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("CREATE INDEX ix_films_year ON films (year)", "require-concurrent-index-creation"),
        ("ALTER TABLE films ADD CONSTRAINT ck_year CHECK (year > 0)", "constraint-missing-not-valid"),
        ("ALTER TABLE films ADD code uuid DEFAULT gen_random_uuid()", "adding-field-with-default"),
        ("ALTER TABLE films DROP COLUMN year", "ban-drop-column"),
    ],
)
def test_a_migration_that_does_is_complained_of(statement, complaint):
    assert complaints_about(f"BEGIN; {statement}; COMMIT;") == {complaint}


def complaints_about(sql: str) -> set[str]:
    """Names of squawk's rules (https://squawkhq.com/docs/rules)."""
    squawk = Path(sys.executable).with_name("squawk")
    options = ("--reporter", "json", "--pg-version", "17.0", "--exclude", OF_NO_CONCERN)
    said = subprocess.run([squawk, *options], input=LIMITS + sql, capture_output=True, text=True, check=False)
    assert said.stdout, said.stderr
    return {complaint["rule_name"] for complaint in json.loads(said.stdout)}


def is_ours(name, kind, parents):
    return not (kind == "table" and name == "alembic_version")


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
