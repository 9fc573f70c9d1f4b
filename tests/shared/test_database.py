"""Connections that outlive the server they led to."""

import time

import pytest
from sqlalchemy import text

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
