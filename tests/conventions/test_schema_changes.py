"""Old code survives the new schema: what a release needs gone goes with the next one (docs/rules/migrations.md)."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from marquee.migrate import SERVICES
from tests.conventions.migrations import migrate_to, steps_of
from tests.conventions.schemas import insert_rows, missed_by_old_code, read_schema

# By step, what was changed under code that still ran: why that did no harm.
ALLOWED: dict[str, dict[str, str]] = {}


@pytest.fixture
def engine(create_database: Callable[[str], str]) -> Iterator[Engine]:
    engine = create_engine(create_database("changing"))
    yield engine
    engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
def test_no_migration_takes_from_old_code_what_it_knows(engine, service):
    missed = {}
    first, *later = steps_of(service)
    migrate_to(engine, service, first.revision)

    for number, step in enumerate(later, start=1):
        before = read_schema(engine)
        assert insert_rows(engine, before, number) == []
        migrate_to(engine, service, step.revision)
        found = missed_by_old_code(before, read_schema(engine)) + insert_rows(engine, before, 1000 + number)
        missed |= {str(step): found} if found else {}

    assert missed == {step: [*why] for step, why in ALLOWED.items() if step.startswith(f"{service} ")}


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ("DROP TABLE prints", "prints is gone"),
        ("ALTER TABLE films DROP COLUMN about", "films.about is gone"),
        ("ALTER TABLE films RENAME COLUMN about TO outline", "films.about is gone"),
        ("ALTER TABLE films ALTER year TYPE bigint", "films.year was integer and is bigint"),
        ("ALTER TABLE films ALTER about SET NOT NULL", "films.about could be left out"),
        ("ALTER TABLE films ALTER state DROP DEFAULT", "films.state could be left out"),
        ("ALTER TABLE films ADD rating integer NOT NULL", "films.rating is new and cannot be left out"),
        (
            "ALTER TABLE films ADD CONSTRAINT ck_old CHECK (year < 2000)",
            "films must keep ck_old: CHECK ((year < 2000))",
        ),
        (
            "CREATE UNIQUE INDEX uq_title ON films (lower(title), year)",
            "films must keep uq_title: CREATE UNIQUE INDEX uq_title ON public.films USING btree (lower(title), year)",
        ),
        ("ALTER TABLE films DROP CONSTRAINT ck_state", "films no longer keeps ck_state"),
        ("DROP FUNCTION age(integer)", "function age(year integer) → integer is gone"),
        (
            "ALTER TABLE films ADD grade text DEFAULT '' CONSTRAINT ck_grade CHECK (grade <> '')",
            'films refuses a row: new row for relation "films" violates check constraint "ck_grade"',
        ),
    ],
)
def test_a_change_that_old_code_would_meet_is_found(engine, change, missed):
    assert missed_after(engine, change) == [missed]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE films ADD rating integer",
        "ALTER TABLE films ADD rating integer NOT NULL DEFAULT 0 CONSTRAINT ck_rating CHECK (rating >= 0)",
        "ALTER TABLE films ADD number bigint GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE films ALTER title DROP NOT NULL",
        "ALTER TABLE films VALIDATE CONSTRAINT ck_year",
        "CREATE TABLE posters (id uuid PRIMARY KEY, film_id uuid REFERENCES films)",
        "CREATE INDEX ix_films_year ON films (year)",
        "CREATE FUNCTION twice(year integer) RETURNS integer LANGUAGE sql RETURN 2 * year",
    ],
)
def test_a_change_that_only_adds_is_none_to_old_code(engine, change):
    assert missed_after(engine, change) == []


def missed_after(engine: Engine, change: str) -> list[str]:
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE films (id uuid PRIMARY KEY, title text NOT NULL, about text, year integer NOT NULL,"
            " state varchar(5) NOT NULL DEFAULT 'new' CONSTRAINT ck_state CHECK (state IN ('new', 'old')))",
            "ALTER TABLE films ADD CONSTRAINT ck_year CHECK (year > 1) NOT VALID",
            "CREATE TABLE prints (film_id uuid REFERENCES films, place varchar(3))",
            "CREATE FUNCTION age(year integer) RETURNS integer LANGUAGE sql RETURN 2026 - year",
        ):
            connection.execute(text(statement))
    before = read_schema(engine)
    assert insert_rows(engine, before, 1) == []
    with engine.begin() as connection:
        # Only what inserting is to show may have rows that already break the new rule.
        connection.execute(text("TRUNCATE films, prints"))
        connection.execute(text(change))
    missed = missed_by_old_code(before, read_schema(engine))
    return missed or insert_rows(engine, before, 2)
