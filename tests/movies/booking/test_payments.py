from datetime import timedelta

import pytest
from sqlalchemy import text

from marquee.contracts.payment import (
    PaymentDeclined,
    PaymentFailed,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentSucceeded,
)
from marquee.contracts.ticket import TicketIssued
from marquee.errors import NotFound
from services.movies.domain import expiry, reservations, settlement
from services.movies.domain.booking_problems import (
    AlreadyPaying,
    HoldExpired,
    NothingToCancel,
    NothingToRefund,
    TooLateToCancel,
)
from services.movies.domain.cancelling import cancel_screening
from services.movies.domain.facts import booking_facts
from services.movies.domain.holds import hold_seats
from services.movies.domain.office import refunds_in_trouble
from services.movies.domain.reservations import Buyer
from services.movies.domain.sales import Wish
from services.movies.models import Reservation, Screening, SeatClaim
from tests.factories.movies import add_screening
from tests.movies.booking.conftest import BUYER, guest, let_time_pass

ANN, BOB = guest("ann"), guest("bob")


class Desk:
    """What the rest of Marquee does to a booking, a transaction at a time."""

    def __init__(self, database, settings):
        self.database, self.settings = database, settings

    def events(self):
        with self.database.transaction() as session:
            return list(session.scalars(text("SELECT routing_key FROM outbox ORDER BY id")))

    def facts_of(self, routing_key):
        with self.database.transaction() as session:
            return session.scalar(
                text(
                    "SELECT envelope -> 'data' FROM outbox WHERE routing_key = :key ORDER BY id DESC LIMIT 1"
                ),
                {"key": routing_key},
            )

    def state(self, booking):
        with self.database.transaction() as session:
            return session.get_one(Reservation, booking.id).state

    def claimed(self):
        with self.database.transaction() as session:
            return {claim.seat: claim.reservation_id for claim in session.query(SeatClaim)}

    def succeed(self, booking, amount=None, currency="EUR"):
        cents = booking.total_cents if amount is None else amount
        paid = PaymentSucceeded(reservation_id=booking.id, attempt=1, amount_cents=cents, currency=currency)
        with self.database.transaction() as session:
            settlement.settle_payment(session, paid, self.settings)

    def decline(self, booking, message="Not enough funds."):
        event = PaymentDeclined(reservation_id=booking.id, attempt=1, code="card_declined", message=message)
        with self.database.transaction() as session:
            settlement.note_decline(session, event, self.settings)

    def fail(self, booking):
        event = PaymentFailed(reservation_id=booking.id, attempt=1, reason="canceled")
        with self.database.transaction() as session:
            settlement.end_payment(session, event)

    def issue(self, booking):
        with self.database.transaction() as session:
            facts = booking_facts(session, session.get_one(Reservation, booking.id))
            settlement.note_tickets(session, TicketIssued(booking=facts, ticket_ids=[]))

    def refund_fails(self, booking):
        event = PaymentRefundFailed(reservation_id=booking.id, reason="the bank did not take it")
        with self.database.transaction() as session:
            settlement.note_refund_trouble(session, event)

    def refund(self, booking):
        event = PaymentRefunded(
            reservation_id=booking.id, amount_cents=booking.total_cents, currency=booking.currency
        )
        with self.database.transaction() as session:
            settlement.note_refund(session, event)

    def cancel(self, booking, by=ANN):
        with self.database.transaction() as session:
            return reservations.cancel_reservation(session, booking.id, by, self.settings)

    def release(self, booking, by=ANN):
        with self.database.transaction() as session:
            return reservations.release_payment(session, booking.id, by)

    def start(self, hold, buyer=BUYER, by=ANN):
        with self.database.transaction() as session:
            return reservations.start_payment(session, hold.id, buyer, by, self.settings)

    def run(self, timer, *given):
        with self.database.transaction() as session:
            return timer(session, *given)


@pytest.fixture
def desk(database, settings):
    return Desk(database, settings)


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


def test_a_second_submit_with_other_details_is_refused(desk, hold):
    held = hold("C1")
    desk.start(held)

    with pytest.raises(AlreadyPaying):
        desk.start(held, Buyer("bob@example.org", "Ann", "element"))


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


def test_a_decline_is_told_and_leaves_three_minutes(desk, database, pay):
    booking = pay("C1")
    let_time_pass(database, 590)

    desk.decline(booking, "Your bank said no.")

    with database.transaction() as session:
        row = session.get_one(Reservation, booking.id)
        left = row.expires_at - session.scalar(text("SELECT now()"))
        assert timedelta(seconds=175) < left <= timedelta(seconds=180)
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


def test_the_mails_link_opens_the_booking_and_no_other_key_does(database, pay):
    booking = pay("C1")

    with database.transaction() as session:
        assert reservations.find_reservation(session, booking.id, None, booking.link_key)
        for key in ("", "wrong", booking.link_key[:-1]):
            with pytest.raises(NotFound):
                reservations.find_reservation(session, booking.id, BOB, key)


def test_a_hold_without_a_key_is_not_opened_by_an_empty_one(database, hold):
    held = hold("C1")

    with pytest.raises(NotFound), database.transaction() as session:
        reservations.find_reservation(session, held.id, None, "")


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
