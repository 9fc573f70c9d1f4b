"""Migrations run while people are booking: nobody waits two seconds for one, and it gives way to those who do not end."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from marquee.db import Database
from marquee.migrate import migrate
from marquee.testing.database import url_of
from tests.conventions.migrations import migrate_to
from tests.conventions.schemas import insert_rows, read_schema

LONGEST_SECONDS = 2.0
# Enough for whatever goes through all rows to take its time.
BOOKINGS, SEATS, WRITERS = 200_000, 400, 4
# The first schema that knows how code books until today.
FIRST = "0003"
_PAST_BOOKINGS = """
    INSERT INTO reservations (id, screening_id, owner, state, version, expires_at, extensions, total_cents, currency,
            email, name, method, attempt, decline_message, link_key, cancel_reason)
        SELECT gen_random_uuid(), s.id, 'guest:' || n, 'ticketed', 3, now(), 0, 1200, 'EUR',
            n || '@marquee.example', '', 'element', 1, '', '', ''
        FROM screenings s, generate_series(1, :bookings) AS n
"""
_ITS_SEATS = """
    INSERT INTO reservation_seats (reservation_id, seat, kind, ticket_type, price_cents)
        SELECT id, 'A1', 'standard', 'adult', 1200 FROM reservations
"""
_FREE_SEATS = """
    INSERT INTO seats (plan_id, label, row, row_rank, number, kind, x, y, angle)
        SELECT plan_id, 'B' || n, 'B', 2, n, 'standard', n, 2, 0 FROM screenings, generate_series(1, :seats) AS n
"""
_PRICE = """
    INSERT INTO screening_prices (screening_id, kind, ticket_type, price_cents)
        SELECT id, 'standard', 'adult', 1200 FROM screenings
"""
_HOLD = "SELECT held_until FROM hold_new_seats(%s, %s, %s, %s, %s, %s, ARRAY['standard'], ARRAY['adult'], 600, 5, 10, 3)"
_EVENT = "INSERT INTO outbox (event_id, routing_key, envelope) VALUES (:id, 'reservation.confirmed', '{}')"
_LET_GO = "DELETE FROM reservations WHERE id = :id"


@pytest.fixture
def database(create_database: Callable[[str], str]) -> Iterator[Database]:
    """Of a house that has been open for years, at the first schema."""
    database = Database(create_database("busy"), pool_size=WRITERS, name="tests-busy")
    migrate_to(database.engine, "movies", FIRST)
    assert insert_rows(database.engine, read_schema(database.engine), 1) == []
    with database.transaction() as session:
        session.execute(text("SET LOCAL statement_timeout = '2min'"))
        session.execute(text(_PAST_BOOKINGS), {"bookings": BOOKINGS})
        session.execute(text(_ITS_SEATS))
        session.execute(text(_FREE_SEATS), {"seats": SEATS})
        session.execute(text(_PRICE))
    yield database
    database.engine.dispose()


class Bookings:
    """What the writers met."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.made, self.longest_seconds, self.refused = 0, 0.0, list[SQLAlchemyError]()
        with database.transaction() as session:
            self._sold = session.execute(text("SELECT id, plan_id FROM screenings")).one()

    def book_until(self, stop: threading.Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._book_one(uuid4())
            except SQLAlchemyError as error:
                self.refused.append(error)
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)

    def _book_one(self, wanted: UUID) -> None:
        screening, plan = self._sold
        owner, seat = f"guest:{wanted}", f"B{random.randint(1, SEATS)}"
        ids = [str(wanted), str(screening), str(plan)]
        if self._database.ask(_HOLD, [*ids, owner, [owner], [seat]]):
            self.made += 1
            with self._database.transaction() as session:
                session.execute(text(_EVENT), {"id": wanted})
                session.execute(text(_LET_GO), {"id": wanted})


@contextmanager
def booking(database: Database) -> Iterator[Bookings]:
    """People book as long as the block lasts, and a moment before and after."""
    bookings, stop = Bookings(database), threading.Event()
    threads = [threading.Thread(target=bookings.book_until, args=(stop,)) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        yield bookings
        time.sleep(1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_nobody_who_books_waits_two_seconds_for_a_migration(database):
    with booking(database) as bookings:
        migrate("movies", url_of(database))

    assert bookings.refused == []
    assert bookings.longest_seconds < LONGEST_SECONDS
    assert bookings.made > 100


@pytest.mark.slow
def test_a_migration_that_keeps_people_waiting_is_noticed(database):
    with booking(database) as bookings, database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE reservations ADD COLUMN stars integer"))
        time.sleep(LONGEST_SECONDS + 0.5)

    assert bookings.refused or bookings.longest_seconds > LONGEST_SECONDS


def test_a_migration_gives_way_to_a_transaction_that_does_not_end(create_database):
    database = Database(create_database("waiting"), name="tests-waiting")
    migrate_to(database.engine, "movies", "0001")
    with database.sessions() as session:
        session.execute(text("LOCK TABLE reservations IN ROW EXCLUSIVE MODE"))
        began = time.monotonic()
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate("movies", url_of(database))
        assert 1.5 < time.monotonic() - began < 30

    assert migrate("movies", url_of(database)) > "0001"
    database.engine.dispose()
