"""Connections that outlive the server they led to, and servers that leave or change their part."""

import time
from contextlib import closing

import psycopg2
import pytest
from flask import Flask
from prometheus_client import REGISTRY
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from local.ports import free_port
from local.servers import Postgres
from marquee import db
from marquee.db import Database, OutcomeUnknown, address
from marquee.errors import install
from tests.journeys.house import until

NAME, PASSWORD = "example", "scratch"


@pytest.fixture
def server(scratch_folder):
    server = started(scratch_folder)
    yield server
    server.stop()


@pytest.fixture
def pair(scratch_folder):
    """Two servers with the same database, each knowing who it is, and the address of both."""
    servers = [started(scratch_folder / name, durable=True) for name in ("first", "second")]
    for server, name in zip(servers, ("first", "second"), strict=True):
        as_superuser(server, f"CREATE TABLE written AS SELECT '{name}' AS by", database=NAME)
        as_superuser(server, f"GRANT ALL ON written TO {NAME}", database=NAME)
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    database = Database(f"postgresql://{NAME}:{PASSWORD}@{hosts}/{NAME}")
    yield *servers, database
    database.engine.dispose()
    for server in servers:
        server.stop()


def started(folder, *, durable=False):
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    server = Postgres(folder, free_port(), durable=durable)
    server.start()
    server.ensure_database(NAME, PASSWORD)
    return server


def as_superuser(server, statement, database="postgres"):
    with closing(psycopg2.connect(server.superuser_url(database).replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None


def demote(server):
    as_superuser(server, "ALTER SYSTEM SET default_transaction_read_only = on")
    as_superuser(server, "SELECT pg_reload_conf()")
    # Who is connected already was told before the first who comes anew.
    until(lambda: as_superuser(server, "SHOW default_transaction_read_only") == ("on",))


def ask(database):
    return database.run(lambda session: session.scalar(text("SELECT 1")))


def write(database):
    """Which of the servers took it."""
    return database.run(lambda session: session.scalar(text("UPDATE written SET by = by RETURNING by")))


# --- one server ------------------------------------------------------------------------------------


def test_after_a_restart_of_the_server_an_idle_connection_is_replaced_unnoticed(server):
    database = Database(server.url(NAME, PASSWORD))
    assert ask(database) == 1

    server.stop()
    server.start()
    time.sleep(db._TRUSTED_SECONDS)

    assert ask(database) == 1
    database.engine.dispose()


def test_a_password_being_rotated_is_taken_before_and_after_the_change(server):
    server.ensure_database("example", "old")
    url = server.url("example", "old,new")
    before, after = Database(url), Database(url)
    assert ask(before) == 1

    server.ensure_database("example", "new")

    assert ask(before) == ask(after) == 1
    for database in (before, after):
        database.engine.dispose()


def test_where_no_password_fits_the_server_says_so(server):
    server.ensure_database("example", "right")
    database = Database(server.url("example", "wrong,also-wrong"))

    with pytest.raises(OperationalError, match="authentication failed"):
        ask(database)
    database.engine.dispose()


def test_what_a_borrower_left_open_is_taken_back(server):
    database = Database(server.ensure_database("example", "scratch"), pool_size=1)
    database.run(lambda session: session.execute(text("CREATE TABLE left_open (words text)")))

    borrowed = database.engine.raw_connection()
    borrowed.cursor().execute("INSERT INTO left_open VALUES ('half done')")
    borrowed.close()

    with database.sessions() as session:
        assert session.scalar(text("SELECT count(*) FROM left_open")) == 0
    database.engine.dispose()


def test_the_pool_tells_how_many_connections_are_lent(server):
    database = Database(server.ensure_database("example", "scratch"), pool_size=2, name="counted")

    def lent():
        return REGISTRY.get_sample_value("marquee_database_connections_in_use", {"pool": "counted"})

    with database.engine.connect(), database.engine.connect() as broken:
        assert lent() == 2
        broken.invalidate()
    assert lent() == 0
    assert REGISTRY.get_sample_value("marquee_database_connections", {"pool": "counted"}) == 2
    database.engine.dispose()


def test_work_whose_connection_breaks_is_done_again_on_a_new_one(server):
    database = Database(server.url(NAME, PASSWORD))
    attempts = []

    def work(session):
        attempts.append(session.scalar(text("SELECT pg_backend_pid()")))
        if len(attempts) == 1:
            as_superuser(server, f"SELECT pg_terminate_backend({attempts[0]})")
        return session.scalar(text("SELECT 'done'"))

    assert database.run(work) == "done"
    assert len(set(attempts)) == 2
    database.engine.dispose()


def test_what_breaks_at_the_commit_is_unknown_and_not_done_again(server):
    database = Database(server.url(NAME, PASSWORD))
    attempts = []

    def work(session):
        attempts.append(session.scalar(text("SELECT pg_backend_pid()")))
        terminate = f"SELECT pg_terminate_backend({attempts[0]})"
        event.listen(session, "before_commit", lambda _: as_superuser(server, terminate))

    with pytest.raises(OutcomeUnknown):
        database.run(work)

    assert len(attempts) == 1
    database.engine.dispose()


def test_a_page_hears_503_and_when_to_try_again(server):
    app = Flask("example")
    install(app)
    database = Database(server.url(NAME, PASSWORD))
    app.add_url_rule("/", view_func=lambda: str(ask(database)))
    server.stop()

    answer = app.test_client().get("/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert not database.is_ready()
    database.engine.dispose()


def test_who_finds_all_connections_lent_hears_503_and_does_not_hang(server):
    app = Flask("example")
    install(app)
    database = Database(server.url(NAME, PASSWORD), pool_size=1)
    app.add_url_rule("/", view_func=lambda: str(ask(database)))
    with database.transaction() as session:
        session.execute(text("SELECT 1"))

        answer = app.test_client().get("/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert app.test_client().get("/").status_code == 200
    database.engine.dispose()


@pytest.mark.parametrize(
    ("trouble", "away"),
    [
        ("SELECT 1/0", False),
        ("SELECT * FROM nowhere", False),
        ("SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)", False),
        ("SET TRANSACTION READ ONLY; CREATE TABLE refused ()", True),
        ("SELECT pg_terminate_backend(pg_backend_pid())", True),
    ],
)
def test_only_the_servers_own_trouble_counts_as_away(server, trouble, away):
    database = Database(server.url(NAME, PASSWORD))
    with pytest.raises(db.DBAPIError) as failure, database.transaction() as session:
        session.execute(text(trouble))
    assert db.is_away(failure.value) is away
    database.engine.dispose()


def test_nobody_at_the_address_counts_as_away():
    for host in (f"127.0.0.1:{free_port()}", "nowhere.invalid"):
        database = Database(f"postgresql://me:secret@{host}/example")
        with pytest.raises(db.DBAPIError) as failure:
            ask(database)
        assert db.is_away(failure.value)


# --- one statement alone ----------------------------------------------------------------------------


def test_a_statement_asked_alone_is_durable_and_leaves_the_connection_as_it_was(server):
    database = Database(server.ensure_database("example", "scratch"), pool_size=1)
    database.run(lambda session: session.execute(text("CREATE TABLE notes (words text)")))

    assert database.ask("INSERT INTO notes VALUES (%s) RETURNING words", ["kept"]) == ("kept",)
    assert database.ask("SELECT words FROM notes WHERE words = %s", ["other"]) is None

    with database.sessions() as session:
        session.execute(text("INSERT INTO notes VALUES ('rolled back')"))
        session.rollback()
    assert database.ask("SELECT count(*) FROM notes", []) == (1,)
    database.engine.dispose()


def test_a_statement_that_fails_alone_is_told_like_any_other_and_the_pool_goes_on(server):
    database = Database(server.ensure_database("example", "scratch"), pool_size=1)

    with pytest.raises(OperationalError):
        database.ask("SET lock_timeout = '1ms'; DO $$ BEGIN RAISE lock_not_available; END $$", [])

    assert database.ask("SELECT 1", []) == (1,)
    database.engine.dispose()


def test_a_statement_whose_connection_breaks_may_have_been_done(server):
    database = Database(server.ensure_database("example", "scratch"), pool_size=1)

    with pytest.raises(OutcomeUnknown):
        database.ask("SELECT pg_terminate_backend(pg_backend_pid())", [])

    assert database.ask("SELECT 1", []) == (1,)
    database.engine.dispose()


# --- several ---------------------------------------------------------------------------------------


def test_an_address_may_name_several_servers():
    found = address("postgresql://me:p%2Cw@pg1,pg2:5433,pg3/movies?connect_timeout=7")

    assert found.drivername == "postgresql+psycopg2"
    assert found.query["host"] == ("pg1", "pg2:5433", "pg3")
    assert (found.username, found.password, found.database) == ("me", "p,w", "movies")
    assert found.query["connect_timeout"] == "7"
    assert found.query["target_session_attrs"] == "read-write"
    assert found.query["tcp_user_timeout"] == "5000"


def test_an_address_of_one_server_stays_as_it_is():
    assert (address("postgresql+psycopg2://me@postgres:5433/movies").host) == "postgres"
    assert address("postgresql://me@/movies?host=pg1&host=pg2").query["host"] == ("pg1", "pg2")


def test_when_the_first_server_dies_the_second_takes_over_and_the_other_way_round(pair):
    first, second, database = pair
    assert write(database) == "first"

    first.kill()
    assert write(database) == "second"

    first.start()
    second.kill()
    assert write(database) == "first"


def test_a_server_that_was_demoted_is_left_at_once(pair):
    first, _, database = pair
    assert write(database) == "first"

    demote(first)

    assert write(database) == "second"


def test_a_statement_alone_leaves_a_server_that_was_demoted(pair):
    first, _, database = pair
    assert write(database) == "first"

    demote(first)

    assert database.ask("CREATE TABLE new_one AS SELECT 1 AS number; SELECT number FROM new_one", []) == (1,)
