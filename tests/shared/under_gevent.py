"""Run by test_green.py in a process that gevent has patched, where its plugin is this module too."""

import socket

import gevent
import psycopg2
import pytest

from local.ports import free_port
from local.servers import Postgres
from marquee import green
from marquee.db import Database

green.install()


@pytest.fixture
def server(scratch_folder):
    server = Postgres(scratch_folder, free_port())
    server.start()
    server.ensure_database("example", "scratch")
    yield server
    server.stop()


@pytest.fixture
def silent():
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_while_one_waits_for_its_answer_the_others_go_on(server):
    database = Database(server.url("example", "scratch"), pool_size=4)

    waiting = gevent.spawn(database.ask, "SELECT pg_sleep(3)", [])
    gevent.joinall([gevent.spawn(database.ask, "SELECT 1", []) for _ in range(3)], raise_error=True)

    assert not waiting.ready()
    waiting.get()


def test_a_server_that_says_nothing_is_left_for_the_next_and_stops_nobody_meanwhile(server, silent):
    url = server.url("example", "scratch").replace(
        f"127.0.0.1:{server.port}", f"localhost:{silent},127.0.0.1:{server.port}"
    )
    database = Database(url)
    asking = gevent.spawn(database.ask, "SELECT 1", [])
    steps = 0
    while not asking.ready():
        gevent.sleep(0.05)
        steps += 1

    assert asking.get() == (1,)
    assert steps > 4


def test_where_nobody_is_known_by_the_name_the_reason_is_told():
    with pytest.raises(psycopg2.OperationalError, match=r"nowhere\.invalid"):
        psycopg2.connect("postgresql://me@nowhere.invalid/example")


def test_a_socket_in_a_folder_and_one_port_for_several_are_understood():
    found = list(green._servers("/run/postgresql,127.0.0.1", "5433"))

    assert [(one["host"], one["port"], one["hostaddr"]) for one in found] == [
        ("/run/postgresql", "5433", ""),
        ("127.0.0.1", "5433", "127.0.0.1"),
    ]


def test_so_many_work_at_once_and_the_rest_wait_in_line():
    working, seen = set(), []

    def app(environ, start_response):
        working.add(gevent.getcurrent())
        seen.append(len(working))
        gevent.sleep(0.01)
        working.remove(gevent.getcurrent())
        return [b"done"]

    admitted = green.at_most(3, app)
    answers = gevent.joinall([gevent.spawn(admitted, {}, None) for _ in range(12)], raise_error=True)

    assert [one.value for one in answers] == [[b"done"]] * 12
    assert max(seen) == 3
