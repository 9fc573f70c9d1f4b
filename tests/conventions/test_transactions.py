"""Nobody waits for a neighbour with a transaction open: every test looks (../conftest.py), these look whether it sees."""

import functools
import importlib
import inspect
import smtplib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests
import stripe
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from marquee.db import Database
from marquee.http import NeighbourAway, ServiceClient
from marquee.messaging.memory import MemoryBroker
from marquee.messaging.outbox import messaging_metadata
from marquee.messaging.relay import Relay
from tests.conventions.transactions import HANDED_IN, Watch

NOBODY = "127.0.0.1:1"


@pytest.fixture(scope="module")
def database(create_database: Callable[[str], str]) -> Iterator[Database]:
    database = Database(create_database("transactions"))
    with database.transaction() as session:
        session.execute(text("CREATE TABLE notes (id integer PRIMARY KEY)"))
    messaging_metadata.create_all(database.engine)
    yield database
    database.engine.dispose()


@pytest.fixture
def caught(transactions: Watch) -> Callable[[], list[str]]:
    """What was noticed until now, which is then no longer held against the test."""

    def take() -> list[str]:
        found, transactions.violations = transactions.violations, []
        return found

    return take


def call_a_neighbour() -> None:
    with suppress(NeighbourAway):
        ServiceClient("nobody", f"http://{NOBODY}").post("/")


def ask_the_issuer() -> None:
    with suppress(requests.ConnectionError):
        requests.get(f"http://{NOBODY}", timeout=1)


def ask_stripe() -> None:
    with suppress(stripe.APIConnectionError):
        client = stripe.StripeClient(
            "sk_test_1", base_addresses={"api": f"http://{NOBODY}"}, max_network_retries=0
        )
        client.v1.payment_intents.retrieve("pi_1")


def send_a_mail() -> None:
    with suppress(OSError):
        smtplib.SMTP("127.0.0.1", 1, timeout=1)


def tell_redis() -> None:
    with suppress(RedisError):
        Redis.from_url(f"redis://{NOBODY}").publish("news", "")


@pytest.mark.parametrize("call", [call_a_neighbour, ask_the_issuer, ask_stripe, send_a_mail, tell_redis])
def test_a_call_inside_a_transaction_is_noticed_and_one_after_it_is_not(database, caught, call):
    with database.transaction() as session:
        session.execute(text("SELECT 1"))
        call()

    assert "socket.connect() while a transaction of transactions_" in caught()[0]
    call()
    assert caught() == []


def test_a_stand_in_is_watched_like_the_real_thing(database, caught):
    relay = Relay(database.engine, MemoryBroker().publisher())

    with database.transaction() as session:
        session.execute(text("SELECT 1"))
        relay.publish_once()

    assert caught()[0].startswith("publisher.epoch() while a transaction of")
    relay.publish_once()
    assert caught() == []


@pytest.mark.parametrize(("module", "qualname", "parameter"), HANDED_IN)
def test_what_is_watched_where_it_is_handed_in_is_still_handed_in_there(module, qualname, parameter):
    taker = functools.reduce(getattr, qualname.split("."), importlib.import_module(module))

    assert parameter in inspect.signature(taker).parameters


def refused_at_the_end(database):
    with suppress(IntegrityError), database.transaction() as session:
        session.execute(text("INSERT INTO notes VALUES (1), (1)"))


def taken_back(database):
    with database.sessions() as session:
        session.execute(text("SELECT 1"))
        session.rollback()


def left_open_and_closed(database):
    with database.engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def broken_off(database):
    with suppress(DBAPIError), database.transaction() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


@pytest.mark.parametrize("ending", [refused_at_the_end, taken_back, left_open_and_closed, broken_off])
def test_a_transaction_is_over_however_it_ends(database, caught, ending):
    ending(database)
    call_a_neighbour()

    assert caught() == []


def test_another_threads_transaction_is_none_of_ours(database, caught):
    with ThreadPoolExecutor(1) as pool, database.transaction() as session:
        session.execute(text("SELECT 1"))
        pool.submit(call_a_neighbour).result()

    assert caught() == []


def test_a_transaction_of_the_test_itself_is_none_of_the_apps(database, caught):
    app = Flask("app")
    app.add_url_rule("/plain", "plain", lambda: (call_a_neighbour(), "fine")[1])

    @app.get("/held")
    def held():
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            call_a_neighbour()
        return "fine"

    with database.transaction() as session:
        session.execute(text("SELECT 1"))
        assert app.test_client().get("/plain").text == "fine"
        assert caught() == []
        assert app.test_client().get("/held").text == "fine"
        assert len(caught()) > 0
