from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from marquee.db import asking
from marquee.errors import NotFound
from services.movies.domain import holds
from services.movies.domain.booking_problems import (
    CarerAlone,
    CompanionAlone,
    HoldExpired,
    NoMoreExtensions,
    NotOnSale,
    ScreeningCancelled,
    ScreeningStarted,
    SeatTaken,
    SofaSplit,
    TooManyHolds,
    TooManySeats,
    UnknownSeat,
)
from services.movies.domain.expiry import sweep_holds
from services.movies.domain.new_holds import hold_free_seats
from services.movies.domain.places import plan_last_seen
from services.movies.domain.sales import Wish
from services.movies.models import Reservation, Room, SeatClaim, SeatPlan
from tests.factories.movies import add_plan, add_room, add_screening, price_of
from tests.journeys.house import until
from tests.movies.booking.conftest import adults, hold_by_api, hold_by_steps, let_time_pass
from tests.movies.booking.people import guest, person


def claimed(session):
    return {claim.seat: claim.reservation_id for claim in session.query(SeatClaim)}


@pytest.fixture
def special(database):
    """Row A: wheelchair space and companions; row B: a sofa."""
    with database.transaction() as session:
        room = add_room(session)
        plan = add_plan(
            session,
            room,
            kinds={"A1": "wheelchair", "A2": "companion", "A3": "companion", "B4": "sofa", "B5": "sofa"},
            partners={"A2": "A1", "A3": "A1", "B4": "B5", "B5": "B4"},
        )
        return add_screening(session, room=room, plan=plan)


def test_a_hold_lasts_ten_minutes_by_the_database_clock(database, settings, hold):
    held = hold("C1")

    with database.transaction() as session:
        left = session.scalar(text("SELECT expires_at - created_at FROM reservations"))
        assert left == timedelta(seconds=settings.hold_ttl_seconds)
        assert claimed(session) == {"C1": held.id}


def test_each_seat_costs_what_its_kind_and_ticket_type_cost(database, settings, special):
    wishes = [Wish("A1"), Wish("A2", "carer"), Wish("B4", "child"), Wish("B5", "senior")]

    with database.transaction() as session:
        held = holds.hold_seats(session, special.id, wishes, guest("ann"), settings)

    assert held.total_cents == 1150 + 0 + price_of("sofa", "child") + price_of("sofa", "senior")


def test_a_later_price_change_does_not_touch_a_hold(database, settings, hold):
    held = hold("C1")
    with database.transaction() as session:
        session.execute(text("UPDATE screening_prices SET price_cents = 9900"))

    with database.transaction() as session:
        assert session.get(Reservation, held.id).seats[0].price_cents == 1150


def test_choosing_other_seats_keeps_the_clock_and_frees_the_old(database, settings, hold):
    first = hold("C1", "C2")
    let_time_pass(database, 60)

    second = hold("C2", "C3", "C4")

    assert second.id == first.id
    assert second.expires_at == first.expires_at - timedelta(seconds=60)
    assert second.total_cents == 3 * 1150
    with database.transaction() as session:
        assert set(claimed(session)) == {"C2", "C3", "C4"}


def test_when_other_seats_are_lost_the_old_stay(database, settings, screening, hold):
    hold("C1", "C2")
    hold("C5", by=guest("bob"))

    with pytest.raises(SeatTaken):
        hold("C2", "C5")

    with database.transaction() as session:
        assert set(claimed(session)) == {"C1", "C2", "C5"}


@pytest.mark.parametrize("seat", ["Z9", "A11", "A0", "A-1", "a1", "999"])
def test_a_seat_outside_the_room_is_unknown(hold, seat):
    with pytest.raises(UnknownSeat) as refusal:
        hold("A1", seat)

    assert refusal.value.members["unknown"] == [seat]


def test_a_seat_cannot_be_asked_for_twice_in_one_party(hold):
    with pytest.raises(UnknownSeat):
        hold("A1", "A1")


def test_half_a_sofa_is_refused_with_the_half_to_add(database, settings, special):
    with pytest.raises(SofaSplit) as refusal, database.transaction() as session:
        holds.hold_seats(session, special.id, adults("B4", "B3"), guest("ann"), settings)

    assert refusal.value.members["missing"] == ["B5"]


def test_a_companion_seat_goes_only_with_a_wheelchair_space(database, settings, special):
    with pytest.raises(CompanionAlone), database.transaction() as session:
        holds.hold_seats(session, special.id, adults("A2"), guest("ann"), settings)

    with database.transaction() as session:
        held = holds.hold_seats(session, special.id, adults("A1", "A2", "A3"), guest("ann"), settings)
        assert len(held.seats) == 3


def test_a_carer_comes_with_somebody(database, settings, screening):
    with pytest.raises(CarerAlone), database.transaction() as session:
        holds.hold_seats(session, screening.id, [Wish("C1", "carer")], guest("ann"), settings)


def test_a_ticket_without_a_price_is_not_on_sale(database, settings):
    with database.transaction() as session:
        screening = add_screening(session, kinds=["premium"])

    with pytest.raises(NotOnSale), database.transaction() as session:
        holds.hold_seats(session, screening.id, adults("C1"), guest("ann"), settings)


def test_seats_are_sold_until_ten_minutes_after_the_start(database, settings, hold):
    with database.transaction() as session:
        running = add_screening(session, starts_in=timedelta(minutes=-8))
        too_late = add_screening(session, starts_in=timedelta(minutes=-11))

    held = hold("C1", at=running)
    with pytest.raises(ScreeningStarted):
        hold("C1", at=too_late)

    assert held.expires_at == running.starts_at + timedelta(minutes=10)


def test_a_cancelled_screening_sells_nothing(database, hold):
    with database.transaction() as session:
        off = add_screening(session, state="cancelled")

    with pytest.raises(ScreeningCancelled):
        hold("C1", at=off)


def test_nobody_has_more_than_eight_seats_of_a_screening(hold, pay):
    pay("A1", "A2", "A3", "A4", "A5", "A6", "A7")

    with pytest.raises(TooManySeats) as refusal:
        hold("B1", "B2")

    assert refusal.value.members["seats_left"] == 1


def test_a_person_and_the_guest_they_were_share_one_cap(hold, pay):
    pay("A1", "A2", "A3", "A4", "A5", by=guest("ann"))

    with pytest.raises(TooManySeats):
        hold("B1", "B2", "B3", "B4", by=person("ann", also_guest="ann"))


def test_nobody_holds_seats_for_a_third_screening(database, hold):
    with database.transaction() as session:
        others = [add_screening(session) for _ in range(3)]
    for screening in others[:2]:
        hold("A1", at=screening)

    with pytest.raises(TooManyHolds):
        hold("A1", at=others[2])


def test_extending_starts_the_time_anew_up_to_ten_times(database, settings, hold):
    held = hold("C1")
    let_time_pass(database, 300)

    for _ in range(10):
        with database.transaction() as session:
            extended = holds.extend_hold(session, held.id, guest("ann"), settings)
    with pytest.raises(NoMoreExtensions), database.transaction() as session:
        holds.extend_hold(session, held.id, guest("ann"), settings)

    assert extended.expires_at > held.expires_at
    with database.transaction() as session:
        assert session.query(SeatClaim).one().expires_at == extended.expires_at


def test_extending_never_goes_past_the_end_of_sales(database, settings, hold):
    with database.transaction() as session:
        soon = add_screening(session, starts_in=timedelta(minutes=-2))
    held = hold("C1", at=soon)

    with database.transaction() as session:
        extended = holds.extend_hold(session, held.id, guest("ann"), settings)

    assert extended.expires_at == soon.starts_at + timedelta(minutes=10)


def test_a_hold_that_ran_out_cannot_be_extended(database, settings, hold):
    held = hold("C1", "C2")
    let_time_pass(database, 700)
    hold("C2", by=guest("bob"))

    with pytest.raises(HoldExpired) as refusal, database.transaction() as session:
        holds.extend_hold(session, held.id, guest("ann"), settings)

    assert refusal.value.members["still_free"] == ["C1"]
    assert ["C3", "C4"] in refusal.value.members["alternatives"]


def test_a_seat_given_back_is_free_at_once(database, hold):
    held = hold("C1")

    with database.transaction() as session:
        holds.release_hold(session, held.id, guest("ann"))

    assert hold("C1", by=guest("bob")).id != held.id


def test_giving_back_twice_changes_nothing(database, hold):
    held = hold("C1")

    for _ in range(2):
        with database.transaction() as session:
            holds.release_hold(session, held.id, guest("ann"))

    with database.transaction() as session:
        assert session.get(Reservation, held.id).version == 1


def test_somebody_elses_hold_is_not_there(database, settings, hold):
    held = hold("C1")

    for verb in (holds.find_hold, holds.release_hold):
        with pytest.raises(NotFound), database.transaction() as session:
            verb(session, held.id, guest("bob"))
    with pytest.raises(NotFound), database.transaction() as session:
        holds.extend_hold(session, held.id, guest("bob"), settings)


def test_taking_over_a_stale_hold_ends_it_whole(database, hold):
    stale = hold("C1", "C2", "C3", by=guest("bob"))
    let_time_pass(database, 700)

    fresh = hold("C2")

    with database.transaction() as session:
        assert session.get(Reservation, stale.id).state == "expired"
        assert claimed(session) == {"C2": fresh.id}


def test_a_holder_whose_time_ran_out_begins_anew(database, settings, hold):
    first = hold("C1", "C2")
    let_time_pass(database, 700)

    second = hold("C1")

    assert second.id != first.id
    assert second.expires_at - second.created_at == timedelta(seconds=settings.hold_ttl_seconds)


def test_the_sweeper_ends_only_what_ran_out(database, hold):
    hold("C1", by=guest("ann"))
    let_time_pass(database, 700)
    fresh = hold("C2", by=guest("bob"))

    with database.transaction() as session:
        assert sweep_holds(session) == 1
    with database.transaction() as session:
        assert claimed(session) == {"C2": fresh.id}


def test_a_sweeper_passes_over_what_another_is_working_on(database, hold):
    hold("C1")
    let_time_pass(database, 700)

    with database.transaction() as one:
        assert sweep_holds(one) == 1
        with database.transaction() as other:
            assert sweep_holds(other) == 0


def test_signing_in_takes_the_guests_hold_along(database, settings, screening, hold):
    held = hold("C1", by=guest("ann"))
    ann = person("ann", also_guest="ann")

    with database.transaction() as session:
        assert holds.adopt_holds(session, ann, settings) == 1

    with database.transaction() as session:
        assert holds.hold_of(session, screening.id, person("ann")).id == held.id


def test_adopting_leaves_what_would_break_a_cap_with_the_guest(database, settings, pay, hold):
    pay("A1", "A2", "A3", "A4", "A5", "A6", by=person("ann"))
    held = hold("B1", "B2", "B3", by=guest("ann"))

    with database.transaction() as session:
        assert holds.adopt_holds(session, person("ann", also_guest="ann"), settings) == 0

    with database.transaction() as session:
        assert session.get(Reservation, held.id).owner == guest("ann").id


def test_adopting_leaves_a_second_hold_on_a_screening_with_the_guest(database, settings, hold):
    hold("A1", by=person("ann"))
    hold("B1", by=guest("ann"))

    with database.transaction() as session:
        assert holds.adopt_holds(session, person("ann", also_guest="ann"), settings) == 0


def test_free_seats_are_held_at_once_as_they_would_be_step_by_step(database, settings, screening, hold):
    hold("A1", by=guest("the first tells the plan"))
    wishes = [Wish("C2", "child"), Wish("C1")]

    at_once = holds.hold_at_once(database.ask, screening.id, wishes, guest("ann"), settings)
    with database.transaction() as session:
        step_by_step = holds.hold_seats(
            session, screening.id, [Wish("D2", "child"), Wish("D1")], guest("bob"), settings
        )

    with database.transaction() as session:
        written = session.get_one(Reservation, at_once.id)
        assert (written.total_cents, written.currency, written.expires_at) == (
            at_once.total_cents, at_once.currency, at_once.expires_at
        )  # fmt: skip
        assert [(s.seat, s.ticket_type, s.price_cents) for s in written.seats] == [
            ("C1", "adult", price_of("standard")), ("C2", "child", price_of("standard", "child"))
        ]  # fmt: skip
    assert at_once.total_cents == step_by_step.total_cents
    assert at_once.expires_at - at_once.now == timedelta(seconds=settings.hold_ttl_seconds)


@pytest.mark.parametrize(
    ("who", "seats", "in_the_way"),
    [
        ("ann", ["C2"], "the holder's own hold"),
        ("bob", ["C1", "C2"], "somebody's hold"),
        ("bob", ["Z99"], "no such seat"),
        ("bob", [f"E{n}" for n in range(1, 10)], "a cap"),
        ("hoarder", ["D1"], "holds elsewhere"),
    ],
)
def test_where_anything_is_in_the_way_nothing_is_held_at_once(
    database, settings, screening, hold, who, seats, in_the_way
):
    hold("C1", by=guest("ann"))
    with database.transaction() as session:
        others = [add_screening(session) for _ in range(2)]
    for other in others:
        hold("C1", by=guest("hoarder"), at=other)

    assert holds.hold_at_once(database.ask, screening.id, adults(*seats), guest(who), settings) is None

    with database.transaction() as session:
        assert session.query(Reservation).count() == 3
        assert session.query(SeatClaim).count() == 3


def test_the_first_hold_on_a_screening_is_at_once_where_its_room_is_known(
    database, settings, screening, hold
):
    hold("A1", by=guest("the first tells the plan"))
    with database.transaction() as session:
        plan, room = session.get_one(SeatPlan, screening.plan_id), session.get_one(Room, screening.room_id)
        other = add_screening(session, room=room, plan=plan, starts_in=timedelta(days=2))

    assert holds.hold_at_once(database.ask, other.id, adults("C1"), guest("bob"), settings)
    assert holds.hold_at_once(database.ask, uuid4(), adults("C1"), guest("bob"), settings) is None


@pytest.mark.parametrize("change", ["state = 'cancelled'", "starts_at = now() - interval '1 hour'"])
def test_nothing_is_held_at_once_where_nothing_is_sold(database, settings, screening, hold, change):
    hold("A1")
    with database.transaction() as session:
        session.execute(text(f"UPDATE screenings SET {change}"))

    assert holds.hold_at_once(database.ask, screening.id, adults("C1"), guest("bob"), settings) is None


def test_a_screening_that_got_another_plan_is_looked_at_again(database, settings, screening, hold):
    hold("A1", by=guest("ann"))
    with database.transaction() as session:
        session.execute(text("DELETE FROM reservations"))
        plan = add_plan(session, session.get_one(Room, screening.room_id), version=2, kinds={"C1": "premium"})
        session.execute(text("UPDATE screenings SET plan_id = :plan"), {"plan": plan.id})

    assert holds.hold_at_once(database.ask, screening.id, adults("C1"), guest("bob"), settings) is None
    held = hold_by_api(database, screening.id, adults("C1"), guest("bob"), settings)

    assert held.total_cents == price_of("premium")
    assert holds.hold_at_once(database.ask, screening.id, adults("C2"), guest("carl"), settings)


@pytest.mark.parametrize("way", [hold_by_api, hold_by_steps])
def test_a_price_that_changes_while_we_wait_for_the_screening_is_the_new_one(
    database, settings, screening, hold, way
):
    hold("A1", by=guest("ann"))
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(text("SELECT FROM screenings FOR UPDATE"))
            session.execute(text("UPDATE screening_prices SET price_cents = 4200"))
            waiting = pool.submit(way, database, screening.id, adults("C1"), guest("bob"), settings)
            wait_for_a_lock(session)

        assert waiting.result(timeout=60).total_cents == 4200


def wait_for_a_lock(session):
    until(lambda: session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


MANY_HOLDS = text(
    """
    WITH booked AS (
        INSERT INTO reservations (id, screening_id, owner, state, version, expires_at, extensions, total_cents, currency,
            email, name, method, attempt, decline_message, link_key, cancel_reason)
        SELECT gen_random_uuid(), :screening_id, 'guest:' || n, 'held', 0, now() + interval '5 minutes', 0, 950, 'EUR',
            '', '', '', 0, '', '', '' FROM generate_series(1, 700) AS n RETURNING id
    )
    INSERT INTO reservation_seats (reservation_id, seat, kind, ticket_type, price_cents)
    SELECT id, 'A1', 'standard', 'adult', 950 FROM booked
    """
)
# By this transaction; a session may have read before.
BOOKINGS_READ = text(
    """
    SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables
    WHERE relname IN ('reservations', 'reservation_seats')
    """
)


def test_a_new_guests_hold_reads_nobody_elses_bookings(database, settings, screening, hold):
    """Also while PostgreSQL does not know yet how many there are, as on the evening sales begin."""
    plan = hold("C9", by=guest("zoe")).id and plan_last_seen(database.ask, screening.id)
    with database.transaction() as session:
        session.execute(MANY_HOLDS, {"screening_id": screening.id})
    database.engine.dispose()

    with database.transaction() as session:
        assert read_for_a_hold(session, settings, screening, plan) < 20


def test_a_hold_reads_nobody_elses_bookings_by_a_plan_from_when_there_were_none(
    database, settings, screening, hold
):
    """PostgreSQL plans once per session."""
    plan = hold("C9", by=guest("zoe")).id and plan_last_seen(database.ask, screening.id)
    with database.transaction() as session:
        session.execute(text("TRUNCATE reservations CASCADE"))
        session.execute(text("ANALYZE reservations, reservation_seats"))
        assert hold_free_seats(asking(session), screening.id, *plan, adults("C2"), guest("bob"), settings)
        session.execute(MANY_HOLDS, {"screening_id": screening.id})

        assert read_for_a_hold(session, settings, screening, plan) < 20


def read_for_a_hold(session, settings, screening, plan):
    """How many rows PostgreSQL looks at."""
    before = session.scalar(BOOKINGS_READ)
    assert hold_free_seats(asking(session), screening.id, *plan, adults("C1"), guest("ann"), settings)
    return session.scalar(BOOKINGS_READ) - before
