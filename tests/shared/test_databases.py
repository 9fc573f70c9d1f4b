"""Databases, roles and the wait for a schema, as a deployment does them."""

import time
from pathlib import Path
from types import SimpleNamespace

import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from marquee import databases, migrate, schema


@pytest.fixture
def passwords(postgres, tmp_path, monkeypatch) -> Path:
    for service in databases.SERVICES:
        (tmp_path / f"db_{service}").write_text(f"pass/word of {service}\n")
    (tmp_path / "db_superuser").write_text(postgres.superuser_url().split(":")[2].split("@")[0])
    monkeypatch.setenv("DATABASE_HOSTS", f"127.0.0.1:{postgres.port}")
    monkeypatch.setenv("DATABASE_PASSWORDS", str(tmp_path))
    yield tmp_path
    for service in databases.SERVICES:
        postgres.drop_database(service)


def connect(service: str, database: str | None = None):
    address = databases.address_of(service).replace("+psycopg2", "")
    return psycopg2.connect(address if database is None else f"{address.rpartition('/')[0]}/{database}")


def test_each_service_gets_a_database_nobody_else_may_enter(passwords):
    databases.main()
    databases.main()

    connect("movies").close()
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        connect("movies", "payment")


def test_a_changed_password_counts_from_the_next_run_on(passwords):
    databases.main()
    old = databases.address_of("review").replace("+psycopg2", "")
    (passwords / "db_review").write_text("another,pass/word of review")

    databases.main()

    connect("review").close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(old)


def test_a_master_user_who_is_no_superuser_is_enough(passwords, postgres, monkeypatch):
    """As a provider's PostgreSQL has it: may make roles and databases, and no more."""
    with postgres._superuser() as cursor:
        cursor.execute("CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'pw'")
    (passwords / "db_superuser").write_text("pw")
    monkeypatch.setenv("DATABASE_SUPERUSER", "master")
    try:
        databases.main()
        (passwords / "db_review").write_text("another password")
        databases.main()

        assert migrate.migrate("review", databases.address_of("review"))
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            connect("movies", "payment")
    finally:
        for service in databases.SERVICES:
            postgres.drop_database(service)
        postgres.drop_database("master")


def test_the_superusers_password_is_rotated_by_the_one_that_still_fits(passwords):
    file = passwords / "db_superuser"
    old = file.read_text()
    try:
        file.write_text(f"{old},new/one")
        databases.main()
        file.write_text(f"new/one,{old}")
        databases.main()
        file.write_text("new/one")
        databases.main()

        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            databases._connection("postgres", old)
    finally:
        (passwords / "db_superuser_first").write_text("new/one")
        file.write_text(old)
        databases.main()  # a server made anew has the password it was made with


def test_code_waits_for_the_schema_of_its_version_and_takes_a_newer_one(passwords, monkeypatch):
    databases.main()
    address = databases.address_of("review")
    assert schema.found_revision(address) == ""

    newest = migrate.migrate("review", address)

    assert schema.found_revision(address) == newest == schema.needed_revision("review")
    with connect("review") as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    schema.wait_until_current("review", [address])


def test_migrations_wait_for_a_server_that_does_not_answer_yet(passwords, monkeypatch, capsys):
    databases.main()
    address = databases.address_of("review")
    (passwords / "db_review").write_text("not known yet")
    too_early = databases.address_of("review")
    meanwhile = SimpleNamespace(sleep=lambda _: databases.main(), monotonic=time.monotonic)
    monkeypatch.setattr(migrate, "time", meanwhile)

    newest = migrate.migrate("review", too_early, patience_seconds=60)

    assert schema.found_revision(too_early) == newest
    assert "PostgreSQL does not answer" in capsys.readouterr().err
    with pytest.raises(OperationalError):
        migrate.migrate("review", address)


def test_a_wait_says_what_for_and_ends_when_the_schema_is_there(passwords, monkeypatch, capsys):
    databases.main()
    address = databases.address_of("review")
    meanwhile = SimpleNamespace(sleep=lambda _: migrate.migrate("review", address))
    monkeypatch.setattr(schema, "time", meanwhile)  # not time.sleep itself: other threads sleep, too

    schema.wait_until_current("review", [address])

    assert "review waits: the schema is not there" in capsys.readouterr().err
