"""Two hundred buyers of one seat, each by HTTP, at movies as `make run` serves it: everybody gets a clear answer.

The verbs alone: tests/movies/booking/test_races.py.
"""

import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import urllib3

from tests.journeys.house import House

BUYERS = 200
ROUNDS = 20
# A disk that stalls for a second makes them wait for a connection too long, and then 503 is the answer they should get.
STALLED_ROUNDS = 5
CLEAR = Counter({201: 1, 409: BUYERS - 1})

pytestmark = pytest.mark.journey


@pytest.fixture
def street(house: House) -> Iterator[urllib3.HTTPConnectionPool]:
    """A connection for each of them; nobody asks twice."""
    with urllib3.connection_from_url(
        house.suite.url("movies"), maxsize=BUYERS, block=True, retries=False, timeout=60
    ) as pool:
        yield pool


@pytest.mark.slow
def test_of_two_hundred_buyers_one_gets_the_seat_and_all_others_are_told_so(
    house: House, street: urllib3.HTTPConnectionPool
) -> None:
    screening = house.screening(3)["id"]
    [seat] = house.seats_for(screening, 1)
    wish = {"seats": [{"seat": seat, "ticket_type": "adult"}]}
    start = Barrier(BUYERS)

    def reach_for_it(token: str) -> int | str:
        buyer = {"X-Guest-Token": token}
        start.wait(60)
        answer = street.request("POST", f"/screenings/{screening}/holds", json=wish, headers=buyer)
        if answer.status == 201:
            won.append((answer.json()["id"], buyer))
        return answer.status if answer.status < 500 else f"{answer.status} {answer.data.decode()}"

    told: list[Counter[int | str]] = []
    with ThreadPoolExecutor(BUYERS) as buyers:
        while len(told) < ROUNDS + STALLED_ROUNDS and told.count(CLEAR) < ROUNDS:
            won: list[tuple[str, dict[str, str]]] = []
            told.append(Counter(buyers.map(reach_for_it, [secrets.token_urlsafe(32) for _ in range(BUYERS)])))
            assert told[-1][201] == 1
            # For the next round, and for who comes after us.
            for hold, buyer in won:
                street.request("DELETE", f"/holds/{hold}", headers=buyer)

    assert told.count(CLEAR) == ROUNDS, [answers for answers in told if answers != CLEAR]
