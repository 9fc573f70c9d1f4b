"""Paying for a hold: asked once, answered once, given up only on payment's word."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from marquee.errors import NotFound
from services.movies.domain import expiry
from services.movies.domain.booking_problems import (
    AlreadyPaying,
    HoldExpired,
)
from services.movies.domain.holds import hold_seats
from services.movies.domain.reservations import Buyer
from services.movies.domain.sales import Wish
from services.movies.models import Reservation
from tests.movies.booking.conftest import let_time_pass
from tests.movies.booking.people import guest

ANN, BOB = guest("ann"), guest("bob")


def test_paying_asks_for_exactly_what_was_shown(desk, pay):
    booking = pay("C1", "C2")

    asked = desk.facts_of("payment.requested")

    assert asked["reservation_id"] == str(booking.id)
    assert (asked["amount_cents"], asked["currency"], asked["attempt"]) == (2300, "EUR", 1)
    assert asked["link_key"] == booking.link_key
    assert len(booking.link_key) >= 22
    assert asked["description"].endswith("The Orion, 2 seats")


def test_a_second_submit_answers_the_same_and_asks_once(desk, hold):
    held = hold("C1")

    first, second = desk.start(held), desk.start(held)

    assert (first.id, first.link_key) == (second.id, second.link_key)
    assert desk.events() == ["payment.requested"]


def test_a_second_submit_puts_the_address_right_and_asks_once(desk, hold):
    held = hold("C1")
    desk.start(held)

    booking = desk.start(held, Buyer("anne@example.org", "Anne", "element"))

    assert (booking.email, booking.name) == ("anne@example.org", "Anne")
    assert desk.events() == ["payment.requested"]


def test_an_address_is_not_changed_once_it_is_paid(desk, pay):
    booking = pay("C1")
    desk.succeed(booking)

    with pytest.raises(AlreadyPaying):
        desk.start(booking, Buyer("bob@example.org", "Ann", "element"))


def test_a_second_submit_to_pay_another_way_is_refused(desk, hold):
    held = hold("C1")
    desk.start(held)

    with pytest.raises(AlreadyPaying):
        desk.start(held, Buyer("ann@example.org", "Ann", "hosted"))


def test_seats_being_paid_cannot_be_taken_over(desk, database, pay, hold):
    pay("C1")
    let_time_pass(database, 5000)

    with pytest.raises(Exception, match="C1 was just taken"):
        hold("C1", by=BOB)


def test_a_hold_that_ran_out_is_taken_up_again_when_its_seats_are_free(desk, database, hold):
    held = hold("C1", "C2")
    let_time_pass(database, 700)
    desk.run(expiry.sweep_holds)

    desk.start(held)

    assert desk.state(held) == "paying"
    assert desk.claimed() == {"C1": held.id, "C2": held.id}


def test_a_hold_that_ran_out_is_refused_when_a_seat_is_gone(desk, database, hold):
    held = hold("C1", "C2")
    let_time_pass(database, 700)
    hold("C2", by=BOB)

    with pytest.raises(HoldExpired) as refusal:
        desk.start(held)

    assert refusal.value.members["still_free"] == ["C1"]


def test_somebody_elses_hold_cannot_be_paid(desk, hold):
    with pytest.raises(NotFound):
        desk.start(hold("C1"), by=BOB)


def test_a_free_booking_needs_no_payment(desk, database, settings, screening):
    with database.transaction() as session:
        session.execute(text("UPDATE screening_prices SET price_cents = 0"))
    with database.transaction() as session:
        held = hold_seats(session, screening.id, [Wish("C1")], ANN, settings)

    desk.start(held)
    assert desk.state(held) == "confirmed"
    desk.cancel(held)

    assert desk.state(held) == "refunded"
    assert desk.events() == ["reservation.confirmed", "reservation.cancelled", "reservation.refunded"]


def test_success_confirms_once_however_often_it_is_told(desk, pay):
    booking = pay("C1")

    for _ in range(3):
        desk.succeed(booking)

    assert desk.state(booking) == "confirmed"
    assert desk.events().count("reservation.confirmed") == 1


def test_a_decline_is_told_and_leaves_three_minutes(desk, database, pay):
    booking = pay("C1")
    let_time_pass(database, 590)

    desk.decline(booking, "Your bank said no.")

    with database.transaction() as session:
        row = session.get_one(Reservation, booking.id)
        left = row.expires_at - session.scalar(text("SELECT now()"))
        assert timedelta(seconds=120) < left <= timedelta(seconds=180)
        assert row.decline_message == "Your bank said no."


def test_declines_cannot_keep_seats_for_ever(desk, database, pay):
    booking = pay("C1")
    for _ in range(20):
        let_time_pass(database, 150)
        desk.decline(booking)

    with database.transaction() as session:
        row = session.get_one(Reservation, booking.id)
        assert row.expires_at - row.paying_since <= timedelta(seconds=1800)


def test_when_the_time_to_pay_is_over_the_seats_wait_for_payments_word(desk, database, pay):
    booking = pay("C1")
    let_time_pass(database, 601)

    assert desk.run(expiry.release_overdue) == 1
    assert desk.run(expiry.release_overdue) == 0

    assert desk.state(booking) == "paying"
    assert desk.claimed() == {"C1": booking.id}
    assert desk.events() == ["payment.requested", "payment.cancel_requested"]

    desk.fail(booking)

    assert desk.state(booking) == "expired"
    assert desk.claimed() == {}


def test_going_back_asks_payment_once(desk, pay):
    booking = pay("C1")

    desk.release(booking)
    desk.release(booking)

    assert desk.state(booking) == "paying"
    assert desk.events().count("payment.cancel_requested") == 1


def test_a_payment_that_succeeded_while_going_back_counts(desk, pay):
    booking = pay("C1")
    desk.release(booking)

    desk.succeed(booking)

    assert desk.state(booking) == "confirmed"


def test_a_paid_booking_is_cancelled_not_released(desk, pay):
    booking = pay("C1")
    desk.succeed(booking)

    with pytest.raises(AlreadyPaying):
        desk.release(booking)


def test_seats_are_freed_when_payment_does_not_answer(desk, database, settings, pay):
    booking = pay("C1")
    let_time_pass(database, 601)
    desk.run(expiry.release_overdue)
    let_time_pass(database, 901)

    assert desk.run(expiry.give_up_unanswered, settings) == 1

    assert desk.state(booking) == "expired"
    assert desk.claimed() == {}
    assert desk.is_payment_unknown(booking)


def test_tickets_come_after_the_confirmation(desk, pay):
    booking = pay("C1")
    desk.issue(booking)
    assert desk.state(booking) == "paying"

    desk.succeed(booking)
    desk.issue(booking)

    assert desk.state(booking) == "ticketed"


def test_a_failed_message_that_comes_late_changes_nothing(desk, pay):
    booking = pay("C1")
    desk.succeed(booking)

    desk.fail(booking)
    desk.decline(booking)

    assert desk.state(booking) == "confirmed"
    assert desk.claimed() == {"C1": booking.id}
