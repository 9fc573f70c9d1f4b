"""What the operators' counters say of a checkout: one that failed by our fault is not one that was given up."""

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from marquee.contracts.payment import PaymentFailed, PaymentSucceeded
from services.movies.domain import expiry, reservations, settlement
from services.movies.domain.measures import measure_waiting
from tests.movies.booking.conftest import let_time_pass
from tests.movies.booking.people import guest

OUTCOMES = ("started", "confirmed", "given_up", "failed")


def checkouts():
    return {o: REGISTRY.get_sample_value("marquee_checkouts_total", {"outcome": o}) for o in OUTCOMES}


@pytest.fixture
def counted():
    """`counted()` answers what was added since the test began."""
    before = checkouts()
    return lambda: {o: int(now - before[o]) for o, now in checkouts().items() if now != before[o]}


@pytest.fixture
def do(database):
    def do(verb, *arguments):
        with database.transaction() as session:
            return verb(session, *arguments)

    return do


def paid(booking, cents=None):
    amount = booking.total_cents if cents is None else cents
    return PaymentSucceeded(
        reservation_id=booking.id, attempt=1, amount_cents=amount, currency=booking.currency
    )


def failed(booking):
    return PaymentFailed(reservation_id=booking.id, attempt=1, reason="it was")


def test_a_paid_booking_is_a_checkout_started_and_confirmed(do, pay, settings, counted):
    booking = pay("C1")

    for _ in range(2):
        do(settlement.settle_payment, paid(booking), settings)

    assert counted() == {"started": 1, "confirmed": 1}


def test_what_the_buyer_gives_up_is_not_our_failure(do, pay, counted):
    booking = pay("C1")

    do(reservations.release_payment, booking.id, guest("ann"))
    do(settlement.end_payment, failed(booking))

    assert counted() == {"started": 1, "given_up": 1}


def test_time_that_ran_out_is_not_our_failure(do, database, pay, counted):
    booking = pay("C1")
    let_time_pass(database, 601)

    do(expiry.release_overdue)
    do(settlement.end_payment, failed(booking))

    assert counted() == {"started": 1, "given_up": 1}


def test_a_payment_that_fails_unasked_is(do, pay, counted):
    do(settlement.end_payment, failed(pay("C1")))

    assert counted() == {"started": 1, "failed": 1}


def test_payment_that_never_answers_is(do, database, pay, settings, counted):
    pay("C1")
    let_time_pass(database, 601)
    do(expiry.release_overdue)
    let_time_pass(database, 1000)

    do(expiry.give_up_unanswered, settings)

    assert counted() == {"started": 1, "failed": 1}


def test_money_that_has_to_go_back_is(do, pay, settings, counted):
    do(settlement.settle_payment, paid(pay("C1"), 1), settings)

    assert counted() == {"started": 1, "failed": 1}


def test_what_is_rolled_back_is_not_counted(database, hold, settings, counted):
    held = hold("C1")
    session = database.sessions()
    reservations.start_payment(
        session, held.id, reservations.Buyer("a@example.org", "", "element"), guest("ann"), settings
    )
    session.rollback()
    session.close()

    assert counted() == {}


def test_holds_are_counted_by_what_becomes_of_them(do, database, hold):
    def ended(target):
        labels = {"source": "held", "target": target}
        return REGISTRY.get_sample_value("marquee_reservations_total", labels) or 0

    before = ended("expired")
    hold("C1")
    let_time_pass(database, 601)
    do(expiry.sweep_holds)

    assert ended("expired") - before == 1


def test_how_long_the_longest_waits_is_known_by_state(do, database, pay, settings):
    late, confirmed, owed = pay("C1"), pay("C3", by=guest("bob")), pay("C5", by=guest("eve"))
    do(settlement.settle_payment, paid(confirmed), settings)
    do(settlement.settle_payment, paid(owed, 1), settings)
    let_time_pass(database, 700)
    do(lambda session: session.execute(text("UPDATE reservation_transitions SET at = at - interval '50 s'")))

    do(measure_waiting)

    def gauge(name, state):
        return REGISTRY.get_sample_value(name, {"state": state})

    assert late.id
    assert [gauge("marquee_bookings_waiting", s) for s in ("paying", "confirmed", "refund_due")] == [1, 1, 1]
    assert 100 <= gauge("marquee_bookings_waiting_seconds", "paying") < 200
    assert 50 <= gauge("marquee_bookings_waiting_seconds", "confirmed") < 150
    assert 50 <= gauge("marquee_bookings_waiting_seconds", "refund_due") < 150


def test_when_nobody_waits_the_gauges_are_back_at_zero(do):
    do(measure_waiting)

    assert REGISTRY.get_sample_value("marquee_bookings_waiting", {"state": "paying"}) == 0
    assert REGISTRY.get_sample_value("marquee_bookings_waiting_seconds", {"state": "refund_due"}) == 0
