"""Many buyers at once, on a real PostgreSQL: the database decides, and everybody gets a clear answer."""

import random
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier

import pytest
from sqlalchemy import text

from marquee.db import Database
from marquee.migrate import migrate
from services.movies.domain import holds
from services.movies.domain.booking_problems import SeatTaken, TooManyHolds, TooManySeats
from services.movies.domain.holds import hold_seats
from services.movies.models import Reservation, SeatClaim
from tests.factories.movies import add_screening
from tests.movies.booking.conftest import adults, hold_by_api
from tests.movies.booking.people import guest

THREADS = 12
_names = count(1)


def rush(database, settings, screening_id, parties):
    """Every (holder, seats) tries at once; answers what each got: "won" or the refusal's or error's name."""
    start = Barrier(THREADS)

    def attempt(party):
        if party is None:
            start.wait()
            return None
        holder, seats = party
        try:
            hold_by_api(database, screening_id, adults(*seats), holder, settings)
        except Exception as refusal:  # noqa: BLE001 - the kind of refusal is what the test is about
            return type(refusal).__name__
        return "won"

    with ThreadPoolExecutor(THREADS) as pool:
        return [got for got in pool.map(attempt, [None] * THREADS + list(parties)) if got]


def strangers(number, *seats):
    return [(guest(f"buyer {next(_names)}"), seats) for _ in range(number)]


def race_for_one_seat(database, settings, clients):
    with database.transaction() as session:
        screening = add_screening(session)
    return Counter(rush(database, settings, screening.id, strangers(clients, "C4")))


def assert_one_winner(database, settings, *, clients, rounds):
    for _ in range(rounds):
        assert race_for_one_seat(database, settings, clients) == {"won": 1, "SeatTaken": clients - 1}


def test_of_many_buyers_of_one_seat_exactly_one_wins(database, settings):
    assert_one_winner(database, settings, clients=60, rounds=4)


@pytest.mark.slow
def test_of_two_hundred_buyers_exactly_one_wins_in_each_of_twenty_rounds(database, settings):
    assert_one_winner(database, settings, clients=200, rounds=20)


@pytest.fixture
def unchecked(create_database, monkeypatch):
    """A database and verbs that no longer look whether a seat is taken before they claim it."""
    url = create_database("unchecked")
    migrate("movies", url)
    database = Database(url, pool_size=THREADS)
    with database.transaction() as session:
        function = session.scalar(text("SELECT pg_get_functiondef('hold_new_seats'::regproc)"))
        blind, replaced = re.subn(
            r"EXISTS \(SELECT FROM seat_claims[^)]*\)\)\s*AS is_claimed", "false AS is_claimed", function
        )
        assert replaced == 1
        session.connection().exec_driver_sql(blind)
    monkeypatch.setattr(holds, "require_free", lambda *_, **__: None)
    yield database
    database.engine.dispose()


def test_the_constraint_alone_is_enough_without_the_check_before_it(unchecked, settings):
    assert_one_winner(unchecked, settings, clients=40, rounds=3)


def test_without_the_constraint_these_tests_fail(unchecked, settings):
    """The planted fault: were it not for the primary key, the race above would sell the seat twice."""
    with unchecked.transaction() as session:
        session.execute(text("ALTER TABLE seat_claims DROP CONSTRAINT pk_seat_claims"))

    assert any(race_for_one_seat(unchecked, settings, 40)["won"] > 1 for _ in range(10))


def test_overlapping_parties_get_all_their_seats_or_none(database, settings, screening):
    wanted = [[f"B{first + step}" for step in range(4)] for first in range(1, 7)]
    parties = [(guest(f"party {number}"), random.sample(wanted[number % 6], 4)) for number in range(72)]

    got = Counter(rush(database, settings, screening.id, parties))

    assert set(got) == {"won", "SeatTaken"}
    with database.transaction() as session:
        by_holder = Counter(claim.reservation_id for claim in session.query(SeatClaim))
        assert len(by_holder) == got["won"]
        assert set(by_holder.values()) == {4}


def test_parties_that_swap_seats_with_each_other_never_block(database, settings, screening, hold):
    """Each gives up its own and wants the others': the meeting that deadlocks when locks are not sorted."""
    pairs = [(guest(f"one {n}"), guest(f"two {n}"), f"{row}3", f"{row}7") for n, row in enumerate("ABCDEF")]
    for one, other, left, right in pairs:
        hold(left, by=one)
        hold(right, by=other)
    moves = [
        move
        for one, other, left, right in pairs
        for move in ((one, [right]), (other, [left]), (one, [left, right]), (other, [right, left]))
    ]

    for _ in range(4):
        got = Counter(rush(database, settings, screening.id, random.sample(moves, len(moves))))
        assert set(got) <= {"won", "SeatTaken"}
    with database.transaction() as session:
        holds_now = {hold.id: {seat.seat for seat in hold.seats} for hold in session.query(Reservation)}
        claimed = {(claim.reservation_id, claim.seat) for claim in session.query(SeatClaim)}
        assert claimed == {(id_, seat) for id_, seats in holds_now.items() for seat in seats}


def test_many_rivals_for_a_stale_hold_take_it_over_once(database, settings, screening, hold):
    stale = hold("D1", "D2", "D3", by=guest("gone for a walk"))
    with database.transaction() as session:
        session.execute(text("UPDATE reservations SET expires_at = now() - interval '1 s'"))
        session.execute(text("UPDATE seat_claims SET expires_at = now() - interval '1 s'"))

    got = Counter(rush(database, settings, screening.id, strangers(40, "D2", "D3")))

    assert got == {"won": 1, "SeatTaken": 39}
    with database.transaction() as session:
        assert session.get(Reservation, stale.id).state == "expired"
        assert {claim.seat for claim in session.query(SeatClaim)} == {"D2", "D3"}


def test_nobody_gets_more_than_eight_seats_however_fast(database, settings, screening, pay):
    greedy = guest("greedy")
    pay("A1", "A2", "A3", "A4", "A5", by=greedy)
    wishes = [(greedy, [f"{row}{n}" for n in range(1, 4)]) for row in "BCD"]
    wishes += [(greedy, [f"{row}{n}" for n in range(1, 5)]) for row in "EF"]

    got = Counter(rush(database, settings, screening.id, wishes * 4))

    assert set(got) <= {"won", TooManySeats.__name__}
    with database.transaction() as session:
        assert session.query(SeatClaim).count() == 8


def test_nobody_holds_seats_for_more_than_two_screenings_however_fast(database, settings):
    with database.transaction() as session:
        screenings = [add_screening(session) for _ in range(6)]
    hoarder = guest("hoarder")

    def hold_one(screening):
        try:
            hold_by_api(database, screening.id, adults("A1"), hoarder, settings)
        except TooManyHolds:
            return "refused"
        return "won"

    with ThreadPoolExecutor(THREADS) as pool:
        got = Counter(pool.map(hold_one, screenings * 2))

    assert got["refused"] > 0
    with database.transaction() as session:
        assert session.query(Reservation).filter_by(state="held").count() == 2


def test_a_double_click_makes_one_hold(database, settings, screening):
    clicks = [(guest("double"), ["E5", "E6"])] * 10

    assert Counter(rush(database, settings, screening.id, clicks)) == {"won": 10}

    with database.transaction() as session:
        assert session.query(Reservation).count() == 1


def test_the_refusal_names_the_lost_seats_and_what_is_free_nearby(database, settings, screening, hold):
    hold("C4", by=guest("first"))

    with pytest.raises(SeatTaken) as refusal, database.transaction() as session:
        hold_seats(session, screening.id, adults("C4", "C5"), guest("second"), settings)

    assert refusal.value.members["lost"] == ["C4"]
    assert refusal.value.members["alternatives"] == [["C5", "C6"], ["C2", "C3"], ["C7", "C8"]]
