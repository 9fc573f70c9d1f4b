"""Every crash point of a booking, before and after, by kill -9 of the running program: nothing lost, nothing doubled."""

import time
from contextlib import closing
from functools import partial

import psycopg2
import pytest
import requests

from tests.faults.injected.crash_points import POINTS
from tests.faults.persistence import cancel, client_secret, ends, hold, insist, pay, reserve, wish_for
from tests.journeys.house import until

# As many as the normal run can afford, once; .ci/run takes all of them, three times.
QUICK_ONES = {("C1", "after", 1), ("C3", "before", 1), ("C5", "after", 1), ("C12", "after", 1)}
RUNS = (1, 2, 3)
# One program after the other, so that each has settled before its next death.
IN_TURN = ("C1", "C2", "C4", "C11", "C12", "C8", "C3", "C5", "C7", "C6", "C9", "C10")
CASES = [
    pytest.param(
        point,
        when,
        marks=[] if (point, when, run) in QUICK_ONES else [pytest.mark.slow],
        id=f"{point}-{when}-{run}",
    )
    for run in RUNS
    for when in ("before", "after")
    for point in IN_TURN
]
# Most need less than five; the others of a loaded machine's two cores are somebody else's.
LEGAL_SECONDS = 45

pytestmark = pytest.mark.journey


def test_there_are_twelve_points_and_72_deaths():
    assert sorted(POINTS, key=lambda point: int(point[1:])) == [f"C{number}" for number in range(1, 13)]
    assert set(IN_TURN) == set(POINTS)
    assert len(CASES) == 72


@pytest.mark.parametrize(("point", "when"), CASES)
def test_a_death_at_this_point_ends_legally(house, faults, sound, point, when):
    program = POINTS[point][0]
    plays = {"C1": partial(book_over_a_lost_hold, when), "C9": pay_late, "C10": book_and_cancel}
    play = plays.get(point, book)

    def arm() -> None:
        faults.arm(point, when)

    buyer, reservation, wanted = play(house, arm)
    until(lambda: faults.struck(point, when), what=f"the crash at {point}")
    house.suite.wait_ready(program)
    back = time.monotonic()
    ends(buyer, reservation, wanted, seconds=LEGAL_SECONDS)
    house.mail("tickets" if wanted == "ticketed" else "refunded", reservation["id"], LEGAL_SECONDS)
    took = time.monotonic() - back
    sound()

    print(f"{point} {when}: {wanted} {took:.1f} s after {program} was back")
    assert took <= LEGAL_SECONDS
    rest(house, program)


def book(house, arm):
    """Seats, payment, tickets, mail."""
    buyer, screening = house.guest(), house.screening(16)["id"]
    seats = house.seats_for(screening, 2)
    arm()
    reservation = reserve(buyer, hold(buyer, screening, seats))
    assert pay(buyer, reservation) == "succeeded"
    return buyer, reservation, "ticketed"


def book_over_a_lost_hold(when, house, arm):
    """The first answer never comes; whether the seats were held by then is what the point is about."""
    buyer, screening = house.guest(), house.screening(16)["id"]
    # Who advises on seats has loaded their plan: without it they would not be held at once.
    seats = house.seats_for(screening, 2)
    arm()
    with pytest.raises(requests.ConnectionError):
        buyer.at["movies"].ask("POST", f"/screenings/{screening}/holds", wish_for(seats))
    assert claimed(house, screening, seats) == (sorted(seats) if when == "after" else [])
    reservation = reserve(buyer, hold(buyer, screening, seats))
    assert pay(buyer, reservation) == "succeeded"
    return buyer, reservation, "ticketed"


def claimed(house, screening_id, seats):
    """What the database has, while the program that would say so is dead."""
    address = house.suite.database_url("movies").replace("postgresql+psycopg2", "postgresql")
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT seat FROM seat_claims WHERE screening_id = %s AND seat = ANY(%s) ORDER BY seat",
            (screening_id, seats),
        )
        return [seat for (seat,) in cursor]


def book_and_cancel(house, arm):
    buyer, reservation, _ = book(house, lambda: None)
    buyer.becomes(reservation["id"], "ticketed")
    arm()
    cancel(buyer, reservation)
    return buyer, reservation, "refunded"


def pay_late(house, arm):
    """The time is up because payment did not answer; then the buyer pays all the same."""
    buyer, screening = house.guest(), house.screening(17)["id"]
    reservation = reserve(buyer, hold(buyer, screening, house.seats_for(screening, 2)))
    secret = client_secret(buyer, reservation)
    with house.without("payment-worker"):
        insist(buyer, "movies", "POST", f"/reservations/{reservation['id']}/release")
        ends(buyer, reservation, "expired")
        assert house.pay(secret) == "succeeded"
        arm()
    return buyer, reservation, "ticketed"


def rest(house, program):
    """A program that dies often is restarted ever later; the next test's death is its first again."""
    if program.endswith("-worker"):
        house.suite.restart(program)
