"""Money that comes when the seats were already given up."""

import pytest

from services.movies.domain import expiry
from services.movies.domain.booking_problems import (
    HoldExpired,
)
from services.movies.models import Reservation
from tests.movies.booking.conftest import let_time_pass
from tests.movies.booking.people import guest

BOB = guest("bob")


def given_up(desk, database, settings, booking):
    let_time_pass(database, 601)
    desk.run(expiry.release_overdue)
    let_time_pass(database, 901)
    desk.run(expiry.give_up_unanswered, settings)


def test_late_money_gets_its_seats_when_they_are_still_free(desk, database, settings, pay):
    booking = pay("C1", "C2")
    given_up(desk, database, settings, booking)

    desk.succeed(booking)

    assert desk.state(booking) == "confirmed"
    assert desk.claimed() == {"C1": booking.id, "C2": booking.id}
    assert "refund.requested" not in desk.events()
    with database.transaction() as session:
        assert session.get_one(Reservation, booking.id).cancel_reason == ""


def test_whether_it_was_paid_is_unknown_until_payment_says_so(desk, database, settings, pay):
    booking, never_paid = pay("C1"), pay("C2", by=BOB)
    desk.fail(never_paid)
    given_up(desk, database, settings, booking)
    assert (desk.is_payment_unknown(booking), desk.is_payment_unknown(never_paid)) == (True, False)

    desk.fail(booking)

    assert (desk.state(booking), desk.is_payment_unknown(booking)) == ("expired", False)


def test_late_money_goes_back_when_a_seat_is_sold(desk, database, settings, pay, hold):
    booking = pay("C1", "C2")
    given_up(desk, database, settings, booking)
    rival = hold("C2", by=BOB)

    desk.succeed(booking)
    desk.succeed(booking)

    assert desk.state(booking) == "refund_due"
    assert desk.claimed() == {"C2": rival.id}
    assert desk.events().count("refund.requested") == 1
    assert desk.events().count("reservation.refund_due") == 1


def test_late_money_goes_back_when_it_would_break_the_cap(desk, database, settings, pay):
    booking = pay("C1", "C2")
    given_up(desk, database, settings, booking)
    pay("A1", "A2", "A3", "A4", "A5", "A6", "A7")

    desk.succeed(booking)

    assert desk.state(booking) == "refund_due"


def test_late_money_takes_over_a_stale_hold(desk, database, settings, pay, hold):
    booking = pay("C1")
    given_up(desk, database, settings, booking)
    stale = hold("C1", "C2", by=BOB)
    let_time_pass(database, 700)

    desk.succeed(booking)

    assert desk.state(booking) == "confirmed"
    assert desk.state(stale) == "expired"
    assert desk.claimed() == {"C1": booking.id}


def test_a_booking_given_up_is_not_paid_a_second_time(desk, database, settings, pay):
    booking = pay("C1")
    given_up(desk, database, settings, booking)

    with pytest.raises(HoldExpired):
        desk.start(booking)
