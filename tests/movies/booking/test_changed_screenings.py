"""What somebody paid for stays what it was; what nobody paid for may change, and can then no longer be paid."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from marquee.clock import utc_now
from marquee.errors import NotFound
from services.movies.domain import catalogue, expiry, plans, screenings
from services.movies.domain.cancelling import cancel_screening
from services.movies.domain.layouts import Layout, LayoutRow
from services.movies.domain.programme_problems import ScreeningOver, ScreeningSold
from services.movies.domain.reservations import reservations_of
from services.movies.domain.screenings import ScreeningWish
from services.movies.models import Movie, Screening
from services.movies.routes.booking_views import to_reservations
from tests.factories.movies import add_screening
from tests.movies.booking.conftest import let_time_pass
from tests.movies.booking.people import guest

ANN = guest("ann")


@pytest.fixture
def redraw(database, screening):
    """The room is drawn anew, with two seats left of it."""

    def redraw():
        with database.transaction() as session:
            layout = Layout((LayoutRow("A", "ss"),))
            return plans.save_layout(session, screening.room_id, layout, now=utc_now())

    return redraw


@pytest.fixture
def move(database, screening):
    def move():
        wish = ScreeningWish(
            screening.movie_id, screening.room_id, screening.starts_at + timedelta(days=1), ["OmU"]
        )
        with database.transaction() as session:
            return screenings.change(session, screening.id, wish, now=utc_now())

    return move


def test_a_booking_that_was_cancelled_keeps_the_seats_it_had_when_the_room_is_drawn_anew(
    desk, database, settings, screening, pay, redraw
):
    booking = pay("C1", "C2")
    desk.succeed(booking)
    desk.cancel(booking)

    saved = redraw()

    assert (saved.moved, saved.kept) == ([], [screening.id])
    desk.refund(booking)
    assert [seat["label"] for seat in desk.facts_of("reservation.refunded")["booking"]["seats"]] == [
        "C1",
        "C2",
    ]
    with database.transaction() as session:
        shown = to_reservations(session, reservations_of(session, ANN), ANN, settings).reservations
    assert [seat.seat for seat in shown[0].seats] == ["C1", "C2"]


def test_a_screening_somebody_paid_for_is_not_moved_though_nobody_has_seats(desk, pay, move):
    booking = pay("C1")
    desk.succeed(booking)
    desk.cancel(booking)

    with pytest.raises(ScreeningSold):
        move()


def test_late_money_meets_the_screening_it_was_meant_for(desk, database, settings, pay, redraw, move):
    booking = pay("C1")
    let_time_pass(database, 601)
    desk.run(expiry.release_overdue)
    let_time_pass(database, 901)
    desk.run(expiry.give_up_unanswered, settings)
    redraw()
    with pytest.raises(ScreeningSold):
        move()

    desk.succeed(booking)

    assert desk.state(booking) == "confirmed"
    assert desk.claimed() == {"C1": booking.id}


@pytest.mark.parametrize(("change", "is_swept"), [("move", True), ("move", False), ("redraw", True)])
def test_a_hold_that_ran_out_cannot_be_paid_once_its_screening_has_changed(
    desk, database, hold, request, change, is_swept
):
    held = hold("A1")
    let_time_pass(database, 601)
    if is_swept:
        desk.run(expiry.sweep_holds)
    request.getfixturevalue(change)()

    with pytest.raises(NotFound):
        desk.start(held)


def test_a_screening_is_called_off_until_a_day_after_its_end(database):
    with database.transaction() as session:
        tonight = add_screening(session, starts_in=timedelta(hours=-20))
        long_ago = add_screening(session, starts_in=timedelta(days=-3))

    with database.transaction() as session:
        cancel_screening(session, session.get_one(Screening, tonight.id), "The film tore")
        with pytest.raises(ScreeningOver):
            cancel_screening(session, session.get_one(Screening, long_ago.id), "A slip of the hand")


def test_a_film_that_is_just_being_removed_is_not_put_on(database, screening):
    wish = ScreeningWish(screening.movie_id, screening.room_id, screening.starts_at + timedelta(days=2), [])

    def put_on():
        with database.transaction() as session:
            return screenings.put_on(session, wish, now=utc_now())

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            catalogue.remove_movie(session, screening.movie_id, now=utc_now())
            session.flush()
            asked = pool.submit(put_on)
            with pytest.raises(TimeoutError):
                asked.result(0.3)
        with pytest.raises(NotFound):
            asked.result(10)
    with database.transaction() as session:
        assert session.get_one(Movie, screening.movie_id).deleted_at
        assert {s.state for s in session.query(Screening)} == {"cancelled"}
