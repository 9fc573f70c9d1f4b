"""Calling a booking or a whole screening off."""

from datetime import timedelta

import pytest

from services.movies.domain.booking_problems import (
    NothingToCancel,
    SomebodyIsIn,
    TooLateToCancel,
)
from services.movies.domain.cancelling import cancel_screening
from services.movies.models import Screening
from tests.factories.movies import add_screening
from tests.movies.booking.people import guest

BOB = guest("bob")


def test_cancelling_frees_the_seats_at_once_and_sends_the_money_back(desk, pay):
    booking = pay("C1")
    desk.succeed(booking)
    desk.issue(booking)

    desk.cancel(booking)
    desk.cancel(booking)

    assert desk.state(booking) == "refund_due"
    assert desk.claimed() == {}
    assert desk.facts_of("reservation.cancelled")["by"] == "buyer"
    assert desk.events().count("refund.requested") == 1

    desk.refund(booking)
    desk.refund(booking)

    assert desk.state(booking) == "refunded"
    assert desk.events().count("reservation.refunded") == 1


def test_who_is_in_gets_no_money_back_until_the_scan_is_taken_back(desk, pay):
    booking = pay("C1")
    desk.succeed(booking)
    desk.issue(booking)
    desk.let_in(booking)

    with pytest.raises(SomebodyIsIn):
        desk.cancel(booking)
    desk.let_in(booking, -1)
    desk.cancel(booking)

    assert desk.state(booking) == "refund_due"


def test_cancelling_ends_an_hour_before_the_start(desk, database, pay):
    with database.transaction() as session:
        soon = add_screening(session, starts_in=timedelta(minutes=59))
    booking = pay("C1", at=soon)
    desk.succeed(booking)

    with pytest.raises(TooLateToCancel):
        desk.cancel(booking)


def test_only_what_is_paid_can_be_cancelled(desk, pay):
    with pytest.raises(NothingToCancel):
        desk.cancel(pay("C1"))


def test_a_cancelled_screening_gives_everybody_their_money_back(desk, database, screening, hold, pay):
    held, paying = hold("A1"), pay("B1", by=BOB)
    paid = pay("C1", by=guest("carla"))
    desk.succeed(paid)

    with database.transaction() as session:
        row = session.get_one(Screening, screening.id)
        assert cancel_screening(session, row, "The projector is broken") == 3
        assert cancel_screening(session, row, "Again") == 0

    assert [desk.state(b) for b in (held, paying, paid)] == ["cancelled", "paying", "refund_due"]
    assert desk.facts_of("reservation.cancelled")["by"] == "cinema"
    assert desk.facts_of("reservation.cancelled")["reason"] == "The projector is broken"

    desk.fail(paying)
    assert desk.state(paying) == "cancelled"
    assert desk.claimed() == {}


def test_a_payment_that_beats_the_cancelled_screening_goes_back(desk, database, screening, pay):
    booking = pay("B1")
    with database.transaction() as session:
        cancel_screening(session, session.get_one(Screening, screening.id), "Flooded")

    desk.succeed(booking)

    assert desk.state(booking) == "refund_due"
    assert desk.events()[-1] == "refund.requested"
