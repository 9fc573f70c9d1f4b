"""Connections that outlive the server they led to."""

import time

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from local.ports import free_port
from local.servers import Postgres
from marquee import db
from marquee.db import Database


@pytest.fixture
def server(scratch_folder):
    server = Postgres(scratch_folder, free_port(), durable=False)
    server.start()
    yield server
    server.stop()


def ask(database):
    return database.run(lambda session: session.scalar(text("SELECT 1")))


def test_after_a_restart_of_the_server_an_idle_connection_is_replaced_unnoticed(server):
    database = Database(server.ensure_database("example", "scratch"))
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
