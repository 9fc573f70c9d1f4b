"""The worker as it runs: events over a real broker, timers on the clock."""

import threading
from uuid import uuid4

import pytest
from sqlalchemy import text

from marquee.contracts.payment import PaymentSucceeded
from marquee.messaging import outbox
from marquee.messaging.broker import connect
from marquee.messaging.worker import Worker
from services.movies.domain import expiry
from services.movies.handlers import handlers_for
from services.movies.models import Reservation
from services.movies.worker import repeat, timers_for
from tests.factories.movies import add_screening
from tests.journeys.house import until
from tests.movies.booking.conftest import let_time_pass
from tests.movies.booking.people import guest


@pytest.fixture
def worker(database, settings, valkey_url):
    quick = settings.model_copy(update={"sweep_seconds": 0.1, "reconcile_seconds": 0.2})
    broker = connect(None, valkey_url, namespace=f"test-{uuid4()}")
    broker.declare()
    worker = Worker("movies", database.engine, broker, handlers_for(quick), timers_for(quick, database))
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    yield worker
    stop.set()
    thread.join()
    broker.close()


def test_a_payment_that_arrives_confirms_the_booking(database, worker, pay):
    booking = pay("C4")

    with database.transaction() as session:
        # Published by this very database's relay, as payment's own would.
        outbox.record(
            session,
            PaymentSucceeded(reservation_id=booking.id, attempt=1, amount_cents=1150, currency="EUR"),
        )

    def confirmed():
        with database.transaction() as session:
            return session.get_one(Reservation, booking.id).state == "confirmed"

    until(confirmed)


def test_a_hold_that_ran_out_is_swept_within_a_moment(database, worker, hold):
    held = hold("C4")
    let_time_pass(database, 601)

    def expired():
        with database.transaction() as session:
            return session.get_one(Reservation, held.id).state == "expired"

    until(expired)


def test_a_backlog_larger_than_a_batch_is_worked_off(database, settings, monkeypatch, hold):
    monkeypatch.setattr(expiry, "BATCH", 2)
    for number in range(1, 6):
        hold(f"C{number}", by=guest(f"buyer {number}"))
    with database.transaction() as session:
        add_screening(session)
    let_time_pass(database, 601)

    repeat(database, expiry.sweep_holds)

    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM seat_claims")) == 0
