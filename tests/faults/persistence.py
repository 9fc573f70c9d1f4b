"""People who try again: what a buyer does when the page does not answer."""

import time
from typing import Any

import requests

from tests.journeys.house import VISA, Buyer, House, until

PATIENCE_SECONDS = 90


def insist(buyer: Buyer, service: str, method: str, path: str, body: Any = None) -> Any:
    """Ask until there is an answer that is not an outage; answers its JSON."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = buyer.at[service].ask(method, path, body)
        except requests.ConnectionError:
            answer = None
        if answer is not None and answer.status_code < 500 and answer.status_code != 429:
            assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
            return answer.json() if answer.content else None
        assert time.monotonic() < deadline, f"{method} {path} got no answer in {PATIENCE_SECONDS} s"
        time.sleep(0.2)


def hold(buyer: Buyer, screening_id: str, seats: list[str]) -> Any:
    return insist(buyer, "movies", "POST", f"/screenings/{screening_id}/holds", wish_for(seats))


def wish_for(seats: list[str]) -> Any:
    return {"seats": [{"seat": seat, "ticket_type": "adult"} for seat in seats]}


def reserve(buyer: Buyer, held: Any) -> Any:
    body = {"hold_id": held["id"], "email": buyer.email, "name": "Ann Example", "method": "element"}
    return insist(buyer, "movies", "POST", "/reservations", body)


def pay(buyer: Buyer, reservation: Any, card: str = VISA) -> str:
    return buyer.house.pay(client_secret(buyer, reservation), card)


def client_secret(buyer: Buyer, reservation: Any) -> str:
    def ready() -> str | None:
        try:
            answer = buyer.at["payment"].ask("GET", f"/payments/{reservation['id']}")
        except requests.ConnectionError:
            return None
        return answer.json()["client_secret"] if answer.ok else None

    return str(until(ready, PATIENCE_SECONDS, what="the client secret"))


def state(buyer: Buyer, reservation: Any) -> str:
    return str(insist(buyer, "movies", "GET", f"/reservations/{reservation['id']}")["state"])


def ends(buyer: Buyer, reservation: Any, *states: str, seconds: float = PATIENCE_SECONDS) -> str:
    return str(
        until(
            lambda: (found := state(buyer, reservation)) in states and found,
            seconds,
            what=f"{' or '.join(states)} of {reservation['id']}",
        )
    )


def cancel(buyer: Buyer, reservation: Any) -> None:
    insist(buyer, "movies", "POST", f"/reservations/{reservation['id']}/cancel")


def book(house: House, number: int = 0, people: int = 2) -> tuple[Buyer, Any]:
    """The whole way, insisting at each step."""
    buyer = house.guest()
    screening = insist_on_screening(house, number)
    seats = insist(buyer, "movies", "GET", f"/screenings/{screening}/best-seats?people={people}")["seats"]
    reservation = reserve(buyer, hold(buyer, screening, seats))
    pay(buyer, reservation)
    ends(buyer, reservation, "ticketed")
    return buyer, reservation


def insist_on_screening(house: House, number: int) -> str:
    def found() -> str | None:
        try:
            return str(house.screening(number)["id"])
        except (requests.ConnectionError, AssertionError):
            return None

    return str(until(found, PATIENCE_SECONDS, what="the programme"))
