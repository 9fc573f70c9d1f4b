"""The neighbours as the pages use them: one class each, one short method per question.

Catalogue reads are the same for everybody: they go without identity and are remembered for a second. Whatever
belongs to somebody goes with the visitor's own token and is never remembered.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlencode

from flask import current_app, g, request

from marquee import logs
from marquee.http import NeighbourAway, Picture, ServiceClient, ServiceToken
from services.web.recent import Recent
from services.web.settings import WebSettings
from services.web.staff_clients import Door, Office
from services.web.visitor import guest_token, identity_headers, is_person_and_guest, may_own_bookings

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")

# For all that a page reads from movies and payment.
PAGE_SECONDS = 3.0
_SECOND, _STALE_SECONDS = 1.0, 300.0
_MOST_POSTERS, _MOST_SEARCHES = 200, 100


class Movies:
    def __init__(self, public: ServiceClient, own: ServiceClient, recent: Recent) -> None:
        self._public, self._own, self._recent = public, own, recent
        # Of their own, and few: versions and words come from the address bar, and must not push out what plays.
        self._posters, self._searches = Recent(most=_MOST_POSTERS), Recent(most=_MOST_SEARCHES)

    def houses(self) -> Json:
        """The cinemas, and the rules of all of them."""
        return self._remembered("/cinemas", seconds=30)

    def rooms(self, cinema: str | None) -> list[Json]:
        return list(self._remembered("/rooms", cinema=cinema)["rooms"])

    def plan(self, plan_id: str) -> Json:
        # A plan never changes.
        return self._remembered(f"/plans/{plan_id}", seconds=3600)

    def movies(self, page: int, q: str) -> Json:
        return self._remembered("/movies", within=self._searches, page=page, q=q or None)

    def movie(self, movie_id: str) -> Json:
        return self._remembered(f"/movies/{movie_id}")

    def poster(self, movie_id: str, version: str) -> Picture:
        """As it is now; it may be kept for ever only when `version` is what it has."""
        return self._posters.get(
            (movie_id, version),
            lambda: self._public.get_picture(f"/movies/{movie_id}/poster.svg", v=version),
            seconds=60,
        )

    def programme(self, cinema: str | None, day: str | None) -> Json:
        return self._remembered("/programme", cinema=cinema, day=day)

    def schedule(self, movie_id: str, cinema: str | None) -> Json:
        return self._remembered(f"/movies/{movie_id}/schedule", cinema=cinema)

    def screening(self, screening_id: str) -> Json:
        return self._remembered(f"/screenings/{screening_id}")

    def seats(self, screening_id: str) -> Json:
        """Who has which seat; the visitor's own are "yours"."""
        path = f"/screenings/{screening_id}/seats"
        if may_own_bookings():
            return dict(self._own.get(path))
        # Half a second and never stale: this is what people click on.
        return self._recent.get(path, lambda: dict(self._public.get(path)), seconds=0.5)

    def best_seats(self, screening_id: str, people: int, *, step_free: bool) -> Json:
        return dict(
            self._public.get(
                f"/screenings/{screening_id}/best-seats",
                people=people,
                step_free="true" if step_free else None,
            )
        )

    def my_hold(self, screening_id: str) -> Json | None:
        return self._own.get(f"/screenings/{screening_id}/holds/mine") if may_own_bookings() else None

    def hold_seats(self, screening_id: str, seats: list[Json]) -> Json:
        guest_token()
        hold = dict(self._own.post(f"/screenings/{screening_id}/holds", {"seats": seats}))
        logs.concerns(hold["id"])
        return hold

    def hold(self, hold_id: str) -> Json:
        return dict(self._own.get(f"/holds/{hold_id}"))

    def extend_hold(self, hold_id: str) -> Json:
        return dict(self._own.post(f"/holds/{hold_id}/extend"))

    def release_hold(self, hold_id: str) -> None:
        self._own.delete(f"/holds/{hold_id}")

    def adopt_holds(self) -> None:
        self._own.post("/holds/adopt")

    def reserve(self, hold_id: str, email: str, name: str, method: str) -> Json:
        order = {"hold_id": hold_id, "email": email, "method": method} | ({"name": name} if name else {})
        return dict(self._own.post("/reservations", order))

    def reservation(self, reservation_id: str, key: str | None = None) -> Json:
        return dict(self._own.get(f"/reservations/{reservation_id}", key=key))

    def my_reservations(self) -> list[Json]:
        return list(self._own.get("/reservations/me")["reservations"]) if may_own_bookings() else []

    def release_reservation(self, reservation_id: str) -> None:
        self._own.post(f"/reservations/{reservation_id}/release")

    def cancel_reservation(self, reservation_id: str, key: str | None) -> None:
        self._own.post(f"/reservations/{reservation_id}/cancel{_proof(key)}")

    def _remembered(
        self, path: str, *, within: Recent | None = None, seconds: float = _SECOND, **query: Any
    ) -> Json:
        return (within or self._recent).get(
            (path, *sorted((k, v) for k, v in query.items() if v is not None)),
            lambda: dict(self._public.get(path, **query)),
            seconds=seconds,
            stale_seconds=_STALE_SECONDS,
        )


class Payments:
    def __init__(self, own: ServiceClient) -> None:
        self._own = own

    def payment(self, reservation_id: str, key: str | None = None) -> Json:
        return dict(self._own.get(f"/payments/{reservation_id}", key=key))

    def check(self, reservation_id: str, key: str | None = None) -> Json:
        return dict(self._own.post(f"/payments/{reservation_id}/check{_proof(key)}"))


class Tickets:
    def __init__(self, own: ServiceClient) -> None:
        self._own = own

    def tickets(self, reservation_id: str, key: str | None) -> Json:
        return dict(self._own.get(f"/reservations/{reservation_id}/tickets", key=key))

    def pdf(self, reservation_id: str, key: str | None) -> tuple[bytes, str]:
        return self._own.get_bytes(f"/reservations/{reservation_id}/tickets.pdf", key=key)

    def calendar(self, reservation_id: str, key: str | None) -> tuple[bytes, str]:
        return self._own.get_bytes(f"/reservations/{reservation_id}/calendar.ics", key=key)

    def qr(self, ticket_id: str, key: str | None) -> tuple[bytes, str]:
        return self._own.get_bytes(f"/tickets/{ticket_id}/qr.svg", key=key)


class Letters:
    def __init__(self, public: ServiceClient) -> None:
        self._public = public

    def ask_for_tickets(self, email: str) -> None:
        """Mail the tickets of this address once more, if there are any."""
        self._public.post("/lookups", {"email": email})


def _proof(key: str | None) -> str:
    return f"?{urlencode({'key': key})}" if key else ""


@dataclass(frozen=True)
class Neighbours:
    movies: Movies
    payments: Payments
    tickets: Tickets
    letters: Letters
    auth: ServiceClient
    office: Office
    door: Door


def neighbours_from(settings: WebSettings) -> Neighbours:
    service = ServiceToken(
        settings.issuer_internal, settings.keycloak_client_id, settings.keycloak_client_secret
    )
    return Neighbours(
        movies=Movies(
            ServiceClient("movies", settings.movies_url, time_left=page_time_left),
            ServiceClient("movies", settings.movies_url, headers=identity_headers, time_left=page_time_left),
            Recent(),
        ),
        payments=Payments(
            ServiceClient("payment", settings.payment_url, headers=identity_headers, time_left=page_time_left)
        ),
        tickets=Tickets(
            ServiceClient("ticket", settings.ticket_url, headers=identity_headers, read_seconds=5)
        ),
        letters=Letters(ServiceClient("notification", settings.notification_url)),
        auth=ServiceClient("auth", settings.auth_url, own_token=service),
        office=Office(ServiceClient("movies", settings.movies_url, headers=identity_headers, read_seconds=5)),
        door=Door(ServiceClient("ticket", settings.ticket_url, headers=identity_headers)),
    )


def page_time_left() -> float:
    """A page asks several questions: a neighbour that hangs shall not hold it up once for each of them.

    What a form sends is done to its end.
    """
    if request.method not in ("GET", "HEAD"):
        return math.inf
    ends_at = g.setdefault("page_ends_at", time.monotonic() + PAGE_SECONDS)
    return float(ends_at - time.monotonic())


def neighbours() -> Neighbours:
    found: Neighbours = current_app.extensions["marquee.neighbours"]
    return found


def movies() -> Movies:
    return neighbours().movies


def payments() -> Payments:
    return neighbours().payments


def tickets() -> Tickets:
    return neighbours().tickets


def letters() -> Letters:
    return neighbours().letters


def office() -> Office:
    return neighbours().office


def door() -> Door:
    return neighbours().door


def take_along_what_was_held_as_a_guest() -> None:
    """Who signed in midway shall find the booking on every device of theirs, not only behind this browser's token."""
    if is_person_and_guest():
        or_without(movies().adopt_holds)


def or_without(ask: Callable[[], T]) -> T | None:
    """The answer, or None while the neighbour is away: a section is missing then, never the page."""
    try:
        return ask()
    except NeighbourAway:
        return None
