"""Holds and whole bookings through Marquee's own APIs, as a busy evening's buyers send them."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bench.load import Client
from local.suite import Suite

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Place:
    screening_id: str
    seat: str


def free_places(suite: Suite) -> list[Place]:
    """Every free standard seat of the coming days, far days first; no two neighbours in the list share a screening."""
    movies = Client(suite.url("movies"))
    by_screening = []
    for cinema in _get(movies, "/cinemas")["cinemas"]:
        programme = _get(movies, f"/programme?cinema={cinema['slug']}")
        for day in programme["days"][1:]:
            films = _get(movies, f"/programme?cinema={cinema['slug']}&day={day['day']}")["films"]
            for showing in (showing for film in films for showing in film["screenings"]):
                by_screening.append(_standard_seats(movies, showing["id"]))
    return [place for row in _interleaved(by_screening) for place in row]


def hold_jobs(places: Iterator[Place]) -> Iterator[Callable[[Client], int]]:
    """A new guest for each seat. The requests are made up beforehand: the reference's cost nothing to make up."""
    requests = [hold_request(place, secrets.token_urlsafe(32)) for place in places]
    return (lambda client, request=request: client.send(*request)[0] for request in requests)  # type: ignore[misc]


def hold_request(place: Place, guest_token: str) -> tuple[str, str, bytes, dict[str, str]]:
    """Method, path, body, headers."""
    body = json.dumps({"seats": [{"seat": place.seat, "ticket_type": "adult"}]}).encode()
    return "POST", f"/screenings/{place.screening_id}/holds", body, {**_JSON, "X-Guest-Token": guest_token}


class Buyer:
    """Somebody who books one seat: hold, reserve, pay at the stand-in, wait for the ticket."""

    def __init__(self, suite: Suite) -> None:
        self.movies, self.payment = Client(suite.url("movies")), Client(suite.url("payment"))
        self.stripe = Client(suite.url("stripe"))
        self._publishable_key = suite.site.keyring.get("stripe-publishable-key")

    def book(self, place: Place) -> float:
        """Answers the seconds from the card's yes to the finished ticket. Raises when anything goes wrong."""
        token = secrets.token_urlsafe(32)
        headers = {**_JSON, "X-Guest-Token": token}
        status, answer = self.movies.send(*hold_request(place, token))
        held = json.loads(answer)
        _require(status == 201, held)
        wanted = {"hold_id": held["id"], "email": "bench@marquee.example", "method": "element"}
        status, answer = self.movies.send("POST", "/reservations", json.dumps(wanted).encode(), headers)
        _require(status == 201, answer)
        secret = self._client_secret(held["id"], headers)
        began = time.perf_counter()
        self._pay(secret)
        self._wait_for_ticket(held["id"], headers)
        return time.perf_counter() - began

    def _client_secret(self, reservation_id: str, headers: dict[str, str]) -> str:
        for answer in self._until(
            lambda: self.payment.send("GET", f"/payments/{reservation_id}", None, headers)
        ):
            if answer.get("client_secret"):
                return str(answer["client_secret"])
        raise TimeoutError("no client secret")

    def _pay(self, client_secret: str) -> None:
        intent = client_secret.split("_secret_")[0]
        form = {
            "client_secret": client_secret,
            "payment_method": "pm_card_visa",
            "return_url": "http://localhost/",
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Bearer {self._publishable_key}",
        }
        status, answer = self.stripe.send(
            "POST", f"/v1/payment_intents/{intent}/confirm", urlencode(form).encode(), headers
        )
        _require(status == 200, answer)

    def _wait_for_ticket(self, reservation_id: str, headers: dict[str, str]) -> None:
        for answer in self._until(
            lambda: self.movies.send("GET", f"/reservations/{reservation_id}", None, headers)
        ):
            if answer.get("state") == "ticketed":
                return
        raise TimeoutError(f"{reservation_id} has no ticket")

    def _until(self, ask: Callable[[], tuple[int, bytes]], seconds: float = 20) -> Iterator[dict[str, Any]]:
        """Asks less and less often: pages are told and ask nothing, so asking must not be what is measured."""
        deadline, pause = time.perf_counter() + seconds, 0.02
        while time.perf_counter() < deadline:
            yield json.loads(ask()[1])
            time.sleep(pause)
            pause = min(pause * 1.5, 0.25)


def open_loop(suite: Suite, places: Iterator[Place], *, per_second: float, seconds: float) -> list[float]:
    """Bookings begun at a steady pace, however long each takes; answers the seconds from pay to ticket."""
    times: list[float] = []
    lock = threading.Lock()

    def book(place: Place) -> None:
        took = Buyer(suite).book(place)
        with lock:
            times.append(took)

    threads = []
    began = time.perf_counter()
    for number in range(int(per_second * seconds)):
        time.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        threads.append(threading.Thread(target=book, args=(next(places),)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return times


def _standard_seats(movies: Client, screening_id: str) -> list[Place]:
    """Looked up as the seat map does: so the service has seen each screening before its first hold, as it has with
    people."""
    shown = _get(movies, f"/screenings/{screening_id}/seats")
    seats = _get(movies, f"/plans/{shown['plan_id']}")["seats"]
    free = (seat["label"] for seat in seats if seat["kind"] == "standard")
    return [Place(screening_id, label) for label in free if shown["seats"][label] == "free"]


def _interleaved(rows: list[list[Place]]) -> Iterator[list[Place]]:
    for number in range(max(map(len, rows), default=0)):
        yield [row[number] for row in rows if number < len(row)]


def _get(client: Client, path: str) -> Any:
    status, body = client.send("GET", path)
    _require(status == 200, body)
    return json.loads(body)


def _require(fine: bool, answer: object) -> None:
    if not fine:
        raise RuntimeError(f"unexpected answer: {answer!r}")
