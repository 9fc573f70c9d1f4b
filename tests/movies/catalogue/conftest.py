"""The movies app as an editor, a viewer and a passer-by see it."""

from dataclasses import dataclass

import pytest
import redis
from sqlalchemy import text

from marquee.auth import Holder, guest_id
from marquee.testing.apps import trust
from marquee.testing.tokens import TokenMint
from services.movies.domain.holds import hold_seats
from services.movies.domain.sales import Wish


@dataclass
class Caller:
    """A test client that sends one person's token and reads JSON."""

    client: object
    headers: dict

    def get(self, path, **options):
        return self.client.get(path, headers=self.headers, **options)

    def post(self, path, json, **options):
        return self.client.post(path, json=json, headers=self.headers, **options)

    def put(self, path, json):
        return self.client.put(path, json=json, headers=self.headers)

    def delete(self, path):
        return self.client.delete(path, headers=self.headers)


@pytest.fixture(scope="session")
def mint():
    return TokenMint()


@pytest.fixture
def client(app, mint, valkey):
    redis.Redis.from_url(valkey.url()).flushall()
    return trust(app, mint).test_client()


@pytest.fixture
def visitor(client):
    return Caller(client, {})


@pytest.fixture
def viewer(client, mint):
    return Caller(client, mint.headers(roles=["viewer"]))


@pytest.fixture
def staff(client, mint):
    return Caller(client, mint.headers(roles=["staff"]))


@pytest.fixture
def editor(client, mint):
    return Caller(client, mint.headers(roles=["editor"]))


@pytest.fixture
def book(database, settings):
    """`book(screening, "A1", "A2")`: a guest holds these seats."""

    def book(screening, *seats, by="ann"):
        with database.transaction() as session:
            wishes = [Wish(seat) for seat in seats]
            return hold_seats(session, screening.id, wishes, guest_of(by), settings)

    return book


def guest_of(name):
    return Holder((guest_id(name * 32),))


@pytest.fixture
def events(database):
    """What has been recorded for publishing, oldest first: (routing key, data)."""

    def events():
        with database.transaction() as session:
            rows = session.execute(text("SELECT routing_key, envelope FROM outbox ORDER BY id"))
            return [(key, envelope["data"]) for key, envelope in rows]

    return events


@pytest.fixture
def add(database):
    """`add(add_room, number="2")`: a row of tests/factories in a transaction of its own."""

    def add(maker, *given, **facts):
        with database.transaction() as session:
            return maker(session, *given, **facts)

    return add
