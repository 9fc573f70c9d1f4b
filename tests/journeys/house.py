"""A running Marquee as people meet it: buyers, the bank, the door, the office, the post."""

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import psycopg2
import requests
import stripe

from local.suite import Suite
from marquee.settings import several

Found = TypeVar("Found")

# What a night takes in the house takes seconds here.
QUICK = {
    "HOLD_TTL_SECONDS": "60",
    "PAY_TTL_SECONDS": "60",
    "PAY_MAX_SECONDS": "2",
    "DECLINE_GRACE_SECONDS": "60",
    "SWEEP_SECONDS": "0.5",
    "RECONCILE_SECONDS": "0.5",
    "REMIND_SECONDS": "4",
    "CHECK_SECONDS": "2",
    "LEASE_SECONDS": "4",
    "PROCESSING_SECONDS": "3",
    "RATE_LIMITS": "false",
    "DOORS_MINUTES": "10000",
}
VISA, DECLINED, SLOW = "pm_card_visa", "pm_card_chargeDeclined", "pm_card_processing"
# Where a booking may come to rest.
AT_REST = {"expired", "cancelled", "ticketed", "refunded"}


def until(look: Callable[[], Found], seconds: float = 60, *, what: str = "") -> Found:
    """The first true answer of `look`, or a failed test after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what or look} did not come true in {seconds:g} s: {found!r}"
        time.sleep(0.05)


class Door:
    """One service's REST interface with somebody's credentials."""

    def __init__(self, base: str, headers: dict[str, str] | None = None) -> None:
        self.base, self._local, self._headers = base, threading.local(), headers or {}

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Whatever the answer; `answer` and `get` below want a good one."""
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
        return session.request(
            method, self.base + path, json=body, headers=self._headers, timeout=60, **options
        )

    def answer(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.ask(method, path, body)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        return self.answer("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self.answer("POST", path, body)


class House:
    """The suite with names for what happens in it."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.movies = Door(suite.url("movies"))
        self.stripe_control = Door(suite.url("stripe"))
        self.mailbox = Door(suite.url("mailbox"))

    # --- what plays ------------------------------------------------------------------------------

    def screening(self, number: int = 0, *, day: int = 2) -> dict[str, Any]:
        """One of the showings of a day to come, in a room with seats for all tests."""
        programme = self.movies.get("/programme")
        wanted = self.movies.get(f"/programme?day={programme['days'][day]['day']}")
        showings = [showing for film in wanted["films"] for showing in film["screenings"]]
        roomy = [showing for showing in showings if showing["capacity"] >= 70]
        return roomy[number % len(roomy)]

    def seats_for(self, screening_id: str, people: int) -> list[str]:
        return self.movies.get(f"/screenings/{screening_id}/best-seats?people={people}")["seats"]

    def hold_ends_in(self, hold_id: str, seconds: float) -> None:
        """As if its ten minutes were nearly over, by the database's clock, which alone counts."""
        address = self.suite.database_url("movies").replace("postgresql+psycopg2", "postgresql")
        connection = psycopg2.connect(address)
        try:
            with connection, connection.cursor() as cursor:
                for table, key in (("reservations", "id"), ("seat_claims", "reservation_id")):
                    cursor.execute(
                        f"UPDATE {table} SET expires_at = now() + %s * interval '1 second' WHERE {key} = %s",
                        (seconds, hold_id),
                    )
        finally:
            connection.close()

    # --- people ----------------------------------------------------------------------------------

    def guest(self) -> "Buyer":
        return Buyer(self, {"X-Guest-Token": secrets.token_urlsafe(32)}, "guest@example.org")

    def person(self, name: str) -> "Buyer":
        return Buyer(self, self.bearer(name), f"{name}@marquee.example")

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(name)}"}

    def token(self, name: str, password: str = "marquee-demo") -> str:
        """An access token, come by as the website does: login form, code, session, token."""
        cookie = self.sign_in(name, password).cookies["marquee"]
        return self.resolve(cookie)["access_token"]

    def sign_in(self, name: str, password: str = "marquee-demo", back_to: str = "/") -> requests.Session:
        """A browser that went through auth and the issuer's login form, with the cookies it has now."""
        browser = requests.Session()
        form = browser.get(f"{self.suite.url('auth')}/auth/login", params={"next": back_to}, timeout=60)
        action = re.search(r'<form[^>]*action="([^"]+)"', form.text)
        assert action, form.text[:2000]
        for cookie in browser.cookies:
            # A browser sends Keycloak's Secure cookies to http://localhost, requests does not.
            cookie.secure = False
        answer = browser.post(
            urljoin(form.url, unescape(action[1])),
            data={"username": name, "password": password},
            timeout=60,
            allow_redirects=False,
        )
        # By the cookie, not by the address: behind one gateway auth's callback is on the website's.
        while answer.is_redirect and not {"marquee", "__Host-marquee"} & set(browser.cookies.keys()):
            answer = browser.get(answer.headers["Location"], timeout=60, allow_redirects=False)
        assert answer.is_redirect, answer.text[:2000]
        browser.headers["X-Came-Back-To"] = answer.headers["Location"]
        return browser

    def resolve(self, session_cookie: str) -> Any:
        """What auth tells the website about a browser's cookie."""
        auth = Door(self.suite.url("auth"), {"Authorization": f"Bearer {self.service_token('web')}"})
        return auth.post("/internal/sessions/resolve", {"session": session_cookie})

    def service_token(self, service: str) -> str:
        secret = several(self.suite.site.keyring.get(f"client-secret-{service}"))[0]
        answer = requests.post(
            f"{self.suite.url('issuer')}/realms/marquee/protocol/openid-connect/token",
            data={"grant_type": "client_credentials"},
            auth=(f"marquee-{service}", secret),
            timeout=60,
        )
        assert answer.ok, answer.text
        return str(answer.json()["access_token"])

    # --- the bank --------------------------------------------------------------------------------

    def at_the_bank(self) -> stripe.StripeClient:
        """With the publishable key only, like the card fields in the page."""
        key = self.suite.site.keyring.get("stripe-publishable-key")
        return stripe.StripeClient(key, base_addresses={"api": self.suite.url("stripe")})

    def pay_hosted(self, page: str) -> str:
        """Fill in Stripe's own page; answers the path it leads back to."""
        form = {"number": "4242 4242 4242 4242", "expiry": "12/40", "cvc": "123"}
        answer = requests.post(page, data=form, timeout=60, allow_redirects=False)
        assert answer.is_redirect, answer.text
        there = urlsplit(answer.headers["Location"])
        return f"{there.path}?{there.query}"

    def at_stripes_dashboard(self) -> stripe.StripeClient:
        """What the office can do by hand at Stripe, besides us."""
        keys = self.suite.site.stripe_keys
        return stripe.StripeClient(
            str(keys["STRIPE_API_KEY"]), base_addresses={"api": self.suite.url("stripe")}
        )

    def pay(self, client_secret: str, card: str = VISA) -> str:
        """Confirm as the page does; answers "succeeded", "processing", … or the decline's code."""
        intent = client_secret.split("_secret_")[0]
        wanted = {
            "payment_method": card,
            "client_secret": client_secret,
            "return_url": self.suite.url("web"),
        }
        try:
            return str(self.at_the_bank().v1.payment_intents.confirm(intent, wanted).status)
        except stripe.CardError as declined:
            return str(declined.code)

    def ledger(self, reservation_id: str) -> list[dict[str, Any]]:
        """Stripe's own view of a reservation: its intents with what came in and went back."""
        intents = self.stripe_control.get("/_control/ledger")["intents"]
        return [one for one in intents if one["metadata"].get("reservation_id") == reservation_id]

    def net(self, reservation_id: str) -> int:
        return sum(int(one["net"]) for one in self.ledger(reservation_id))

    # --- the post --------------------------------------------------------------------------------

    def mails(self, about: str) -> list[dict[str, Any]]:
        """The letters about a reservation, oldest first: their Message-ID names it."""
        listed = self.mailbox.get("/api/messages?limit=500")["messages"]
        letters = [self.mailbox.get(f"/api/messages/{one['id']}") for one in reversed(listed)]
        return [letter for letter in letters if about in header(letter, "Message-ID")]

    def mail(self, template: str, about: str, seconds: float = 60) -> dict[str, Any]:
        def arrived() -> dict[str, Any] | None:
            return next((one for one in self.mails(about) if template_of(one) == template), None)

        found = until(arrived, seconds, what=f"the {template} mail")
        assert found is not None
        return found

    # --- hurting ---------------------------------------------------------------------------------

    @contextmanager
    def without(self, *programs: str) -> Iterator[None]:
        """The programs are down meanwhile, or until somebody starts them."""
        for name in programs:
            self.suite.halt(name)
        try:
            yield
        finally:
            for name in programs:
                if not self.is_up(name):
                    self.suite.restart(name)

    def is_up(self, program: str) -> bool:
        try:
            return self.suite.pid(program) > 0
        except ProcessLookupError:
            return False


class Buyer:
    """Somebody who wants seats, and what they do about it."""

    def __init__(self, house: House, credentials: dict[str, str], email: str) -> None:
        self.house, self.credentials, self.email = house, credentials, email
        services = ("movies", "payment", "ticket", "review", "notification")
        self.at = {name: Door(house.suite.url(name), credentials) for name in services}

    def hold(self, screening_id: str, seats: list[str]) -> Any:
        wishes = [{"seat": seat, "ticket_type": "adult"} for seat in seats]
        return self.at["movies"].post(f"/screenings/{screening_id}/holds", {"seats": wishes})

    def reserve(self, hold: Any, method: str = "element") -> Any:
        body = {"hold_id": hold["id"], "email": self.email, "name": "Ann Example", "method": method}
        return self.at["movies"].post("/reservations", body)

    def payment(self, reservation_id: str, *, seconds: float = 60) -> Any:
        """The payment once the bank can be asked to make it."""

        def open_payment() -> Any:
            answer = self.at["payment"].ask("GET", f"/payments/{reservation_id}")
            assert answer.status_code in (200, 404), answer.text
            return answer.json() if answer.ok and answer.json()["state"] == "open" else None

        return until(open_payment, seconds, what="an open payment")

    def booking(self, reservation_id: str) -> Any:
        return self.at["movies"].get(f"/reservations/{reservation_id}")

    def state(self, reservation_id: str) -> str:
        return str(self.booking(reservation_id)["state"])

    def becomes(self, reservation_id: str, *states: str, seconds: float = 60) -> str:
        def seen() -> str | None:
            state = self.state(reservation_id)
            return state if state in states else None

        try:
            return str(until(seen, seconds))
        except AssertionError:
            raise AssertionError(
                f"{reservation_id} is {self.state(reservation_id)}, not {' or '.join(states)}, after {seconds:g} s"
            ) from None

    def reserve_seats(self, screening_id: str, people: int = 2) -> Any:
        """A reservation that is being paid, for the best seats there are."""
        return self.reserve(self.hold(screening_id, self.house.seats_for(screening_id, people)))

    def book(self, screening_id: str, people: int = 2, card: str = VISA) -> Any:
        """All of it: seats held, paid and ticketed."""
        reservation = self.reserve_seats(screening_id, people)
        secret = self.payment(reservation["id"])["client_secret"]
        assert self.house.pay(secret, card) == "succeeded"
        self.becomes(reservation["id"], "ticketed")
        return reservation

    def tickets(self, reservation_id: str) -> Any:
        return self.at["ticket"].get(f"/reservations/{reservation_id}/tickets")["tickets"]

    def scan(self, code: str, screening_id: str, scan_id: str | None = None) -> Any:
        body = {
            "code": code,
            "screening_id": screening_id,
            "scan_id": scan_id or str(uuid4()),
            "door": "Screen 1",
        }
        return self.at["ticket"].post("/door/scans", body)


def header(letter: dict[str, Any], name: str) -> str:
    return next((one["value"] for one in letter["headers"] if one["name"].lower() == name.lower()), "")


def template_of(letter: dict[str, Any]) -> str:
    """Message-IDs are <template.reservation@…>."""
    return header(letter, "Message-ID").lstrip("<").partition(".")[0]
