"""A running Marquee as a program outside of it sees it: addresses, JSON over HTTP, a buyer, the bank's test cards.

Only the standard library, so that the scripts run wherever there is a Python 3.11.
"""

import argparse
import http.client
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("web", "auth", "movies", "payment", "ticket", "review", "notification")
# As `make run` has them, unless the same variables say otherwise.
PORTS = {
    "web": ("WEB_PORT", 8081),
    "auth": ("AUTH_PORT", 5001),
    "movies": ("MOVIES_PORT", 5002),
    "ticket": ("TICKET_PORT", 5003),
    "payment": ("PAYMENT_PORT", 5004),
    "review": ("REVIEW_PORT", 5005),
    "notification": ("NOTIFICATION_PORT", 5006),
    "stripe": ("STRIPE_PORT", 12111),
}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_POLITE_TRIES = 5
AWAY = (URLError, OSError, http.client.HTTPException)


class Fault(Exception):
    """Something is not as it should be; the text says what."""


class Answer:
    def __init__(self, status: int, body: bytes, headers: Any) -> None:
        self.status, self.body, self.headers = status, body, headers

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(_NoRedirects)


def send(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    seconds: float = 15,
) -> Answer:
    """Whatever the answer says. Raises one of AWAY where there is none."""
    request = Request(url, data=body, headers=headers or {}, method=method)  # noqa: S310 - as the operator gave it
    try:
        with _opener.open(request, timeout=seconds) as answer:
            return Answer(answer.status, answer.read(), answer.headers)
    except HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.read(), refusal.headers)


class Deployment:
    """`base`: a gateway with `/api/<service>/`; without it the ports of `make run` on this machine."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._base = given.base.rstrip("/") if given.base else None
        self._stripe, self._stripe_key = given.stripe, given.stripe_key
        self._wait, self._patience = given.wait, given.patience

    def url(self, service: str) -> str:
        if self._base is None:
            variable, port = PORTS[service]
            return f"http://localhost:{os.environ.get(variable) or port}"
        return self._base if service == "web" else f"{self._base}/api/{service}"

    @property
    def stripe(self) -> str:
        """Stripe itself is meant to be paid at only by test keys; `pay` sees to that."""
        if self._stripe:
            return self._stripe.rstrip("/")
        return self.url("stripe") if self._base is None else "https://api.stripe.com"

    @property
    def stripe_key(self) -> str:
        kept = Path(os.environ.get("MARQUEE_STATE_DIR") or ROOT / ".local") / "secrets/stripe-publishable-key"
        key = self._stripe_key or (kept.read_text() if kept.exists() else "")
        if not key.startswith("pk_test_"):
            raise Fault("no publishable test key: give --stripe-key pk_test_... (never a live one)")
        return key

    @property
    def is_here(self) -> bool:
        return {urlsplit(self.url(service)).hostname for service in SERVICES} <= LOOPBACK

    def until(self, look: Callable[[], Any], *, what: str) -> Any:
        """The first true answer; Fault when patience is over."""
        deadline = time.monotonic() + self._patience
        while not (found := look()):
            if time.monotonic() > deadline:
                raise Fault(f"waited {self._patience:g} s in vain for {what}")
            time.sleep(0.1)
        return found

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._wait
        for service in SERVICES:
            while not _is_ready(f"{self.url(service)}/readyz"):
                if time.monotonic() > deadline:
                    raise Fault(f"{service} is not ready after {self._wait:g} s: {self.url(service)}/readyz")
                time.sleep(0.5)


def _is_ready(url: str) -> bool:
    try:
        return send("GET", url, seconds=3).status == 200
    except AWAY:
        return False


class Guest:
    """A buyer without an account: whoever has the token owns what was booked with it."""

    def __init__(self, at: Deployment) -> None:
        self.at, self.token = at, secrets.token_urlsafe(32)

    def ask(self, service: str, method: str, path: str, body: Any = None) -> Answer:
        """Whatever the answer; "busy, nothing was changed, try again" is tried again."""
        headers = {"X-Guest-Token": self.token, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        for _ in range(_POLITE_TRIES):
            answer = send(method, self.at.url(service) + path, data, headers)
            if answer.status != 503 or "Retry-After" not in answer.headers:
                break
            time.sleep(min(float(answer.headers["Retry-After"]), 5.0))
        return answer

    def get(self, service: str, path: str) -> Any:
        return self._good(service, "GET", path, None)

    def post(self, service: str, path: str, body: Any = None) -> Any:
        return self._good(service, "POST", path, body)

    def _good(self, service: str, method: str, path: str, body: Any) -> Any:
        answer = self.ask(service, method, path, body)
        if answer.status >= 400:
            raise Fault(
                f"{method} {service} {path}: {answer.status} {answer.body[:300].decode(errors='replace')}"
            )
        return answer.json if answer.body else None

    def hold(self, screening_id: str, seats: list[str]) -> Answer:
        wishes = [{"seat": seat, "ticket_type": "adult"} for seat in seats]
        return self.ask("movies", "POST", f"/screenings/{screening_id}/holds", {"seats": wishes})

    def reserve(self, hold_id: str, email: str) -> Any:
        wanted = {"hold_id": hold_id, "email": email, "name": "Ann Example", "method": "element"}
        return self.post("movies", "/reservations", wanted)

    def payment(self, reservation_id: str) -> Any:
        """Once the bank can be asked for it."""

        def ready() -> Any:
            answer = self.ask("payment", "GET", f"/payments/{reservation_id}")
            return answer.json if answer.status == 200 and answer.json["client_secret"] else None

        return self.at.until(ready, what="a payment to confirm")

    def pay(self, client_secret: str, card: str = "pm_card_visa") -> Answer:
        """As the card fields on the page do: with the publishable key, at the bank."""
        intent = client_secret.split("_secret_")[0]
        form = {"client_secret": client_secret, "payment_method": card, "return_url": self.at.url("web")}
        headers = {
            "Authorization": f"Bearer {self.at.stripe_key}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        url = f"{self.at.stripe}/v1/payment_intents/{intent}/confirm"
        return send("POST", url, urlencode(form).encode(), headers)

    def becomes(self, reservation_id: str, *states: str) -> str:
        def seen() -> str | None:
            state = str(self.get("movies", f"/reservations/{reservation_id}")["state"])
            return state if state in states else None

        return str(self.at.until(seen, what=f"reservation {reservation_id} to be {' or '.join(states)}"))

    def book(self, hold_id: str, email: str) -> None:
        """Reserve, pay, and wait for the tickets."""
        self.reserve(hold_id, email)
        paid = self.pay(self.payment(hold_id)["client_secret"])
        if paid.status != 200:
            raise Fault(
                f"the test card was not accepted: {paid.status} {paid.body[:300].decode(errors='replace')}"
            )
        self.becomes(hold_id, "ticketed")


def arguments(description: str) -> argparse.ArgumentParser:
    """What every script that talks to a deployment takes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--base", metavar="URL", help="the public address; without it `make run` on this machine"
    )
    parser.add_argument("--stripe", metavar="URL", help="where cards are confirmed: a stand-in, or Stripe")
    parser.add_argument(
        "--stripe-key",
        metavar="pk_test_...",
        default=os.environ.get("STRIPE_PUBLISHABLE_KEY"),
        help="the publishable test key (STRIPE_PUBLISHABLE_KEY; `make run`'s own is found)",
    )
    parser.add_argument(
        "--wait", metavar="SECONDS", type=float, default=60, help="for readiness, at most (60)"
    )
    parser.add_argument(
        "--patience", metavar="SECONDS", type=float, default=60, help="for anything else (60)"
    )
    return parser


def run(main: Callable[[], None]) -> None:
    """Ends the process: 0, or 1 with the first fault in one line."""
    try:
        main()
    except Fault as fault:
        sys.exit(f"FAILED: {fault}")
    except AWAY as away:
        sys.exit(f"FAILED: {away!r}")
