"""Money that has to go back, and what stands in its way."""

import pytest

from services.movies.domain import expiry, reservations
from services.movies.domain.booking_problems import (
    NothingToRefund,
)
from services.movies.domain.office import refunds_in_trouble
from tests.movies.booking.conftest import let_time_pass
from tests.movies.booking.people import guest

BOB = guest("bob")


@pytest.mark.parametrize(("amount", "currency"), [(1149, "EUR"), (1150, "USD"), (0, "EUR")])
def test_a_wrong_amount_goes_back(desk, pay, amount, currency):
    booking = pay("C1")

    desk.succeed(booking, amount, currency)

    assert desk.state(booking) == "refund_due"
    assert desk.claimed() == {}
    assert desk.events()[1:] == ["reservation.refund_due", "refund.requested"]


def test_money_for_an_unknown_booking_goes_back(desk, pay):
    booking = pay("C1")
    booking.id = booking.screening_id

    desk.succeed(booking)

    assert desk.events()[1:] == ["refund.requested"]


def test_what_hangs_is_asked_for_again(desk, database, settings, pay):
    waiting, going, leaving = pay("A1"), pay("B1", by=BOB), pay("C1", by=guest("carla"))
    desk.succeed(waiting)
    desk.succeed(going)
    desk.cancel(going, by=BOB)
    desk.release(leaving, by=guest("carla"))
    before = desk.events()

    assert desk.run(expiry.remind, settings) == 0
    let_time_pass(database, settings.remind_seconds)
    assert desk.run(expiry.remind, settings) == 3
    assert desk.run(expiry.remind, settings) == 0

    again = desk.events()[len(before) :]
    assert sorted(again) == ["payment.cancel_requested", "refund.requested", "reservation.confirmed"]


def test_reminders_become_rarer(desk, database, settings, pay):
    booking = pay("A1")
    desk.succeed(booking)
    asked = 0
    for _ in range(40):
        let_time_pass(database, settings.remind_seconds)
        asked += desk.run(expiry.remind, settings)

    assert asked == 3 + 4  # at 1, 2 and 3 turns, then after 2, 4, 8 and 16 more

    desk.issue(booking)
    assert desk.state(booking) == "ticketed"


def test_a_refund_in_trouble_waits_for_the_office_and_not_for_the_next_turn(desk, database, settings, pay):
    booking = pay("A1")
    desk.succeed(booking)
    desk.cancel(booking)
    desk.refund_fails(booking)
    told = desk.events()

    for _ in range(5):
        let_time_pass(database, settings.remind_seconds * 100)
        assert desk.run(expiry.remind, settings) == 0

    [listed] = desk.run(refunds_in_trouble)
    assert (listed.id, listed.refund_trouble) == (booking.id, "the bank did not take it")
    assert desk.events() == told

    desk.run(reservations.refund_again, booking.id)
    assert desk.events() == [*told, "refund.requested"]
    assert desk.run(refunds_in_trouble) == []

    desk.refund(booking)
    assert desk.state(booking) == "refunded"


def test_a_refund_that_the_bank_sends_back_days_later_comes_before_the_office(desk, pay):
    booking = pay("A1")
    desk.succeed(booking)
    desk.cancel(booking)
    desk.refund(booking)

    desk.refund_fails(booking)

    [listed] = desk.run(refunds_in_trouble)
    assert (listed.id, listed.state, desk.claimed()) == (booking.id, "refund_due", {})
    desk.run(reservations.refund_again, booking.id)
    desk.refund(booking)
    assert desk.state(booking) == "refunded"


def test_a_refund_that_nobody_answers_comes_before_the_office_too(desk, database, settings, pay):
    booking = pay("A1")
    desk.succeed(booking)
    desk.cancel(booking)
    assert desk.run(refunds_in_trouble) == []

    for _ in range(40):
        let_time_pass(database, settings.remind_seconds)
        desk.run(expiry.remind, settings)

    assert [one.id for one in desk.run(refunds_in_trouble)] == [booking.id]


def test_only_money_that_waits_to_go_back_is_sent_again(desk, pay):
    booking = pay("A1")
    desk.succeed(booking)
    told = desk.events()

    with pytest.raises(NothingToRefund):
        desk.run(reservations.refund_again, booking.id)

    assert desk.events() == told


def test_money_that_went_back_without_our_asking_ends_the_booking(desk, pay):
    booking = pay("C1")
    desk.succeed(booking)
    desk.issue(booking)

    desk.refund(booking)

    assert desk.state(booking) == "refunded"
    assert desk.claimed() == {}
    assert desk.events()[-2:] == ["reservation.cancelled", "reservation.refunded"]
    assert desk.facts_of("reservation.cancelled")["reason"] == "the money was given back"


def test_money_back_for_a_hold_that_was_never_paid_here_says_nothing(desk, hold):
    held = hold("C1")

    desk.refund(held)

    assert (desk.state(held), desk.events()) == ("held", [])
