"""The website with its neighbours played by one small app, in process: no sockets, no Redis."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient

from marquee.http import NeighbourAway, NeighbourProblem, Picture
from services.web import create_app
from services.web.clients import Door, Letters, Movies, Neighbours, Office, Payments, Tickets
from services.web.recent import Recent
from services.web.settings import WebSettings
from services.web.visitor import identity_headers
from tests.web.fake_neighbours import World, an_id, fake_neighbours

PUBLIC_URL = "http://localhost:8081"


class InProcessClient:
    """Stands in for ServiceClient: the same methods and failures, against an app instead of a socket."""

    def __init__(self, name: str, app: Flask, headers: Callable[[], dict[str, str]] = dict) -> None:
        self.name, self._app, self._headers = name, app, headers

    def get(self, path: str, **query: Any) -> Any:
        return self._json("GET", path, query_string={k: v for k, v in query.items() if v is not None})

    def get_bytes(self, path: str, **query: Any) -> tuple[bytes, str]:
        answer = self._answer("GET", path, query_string={k: v for k, v in query.items() if v is not None})
        return answer.data, answer.content_type

    def get_picture(self, path: str, **query: Any) -> Picture:
        answer = self._answer("GET", path, query_string=query)
        return Picture(answer.data, answer.content_type, answer.headers["Cache-Control"])

    def post(self, path: str, body: Any = None) -> Any:
        return self._json("POST", path, json=body)

    def delete(self, path: str) -> Any:
        return self._json("DELETE", path)

    def _json(self, method: str, path: str, **options: Any) -> Any:
        data = self._answer(method, path, **options).data
        return orjson.loads(data) if data else None

    def _answer(self, method: str, path: str, **options: Any) -> Any:
        headers = {**self._headers(), "X-Fake-Service": self.name}
        answer = self._app.test_client(use_cookies=False).open(
            path, method=method, headers=headers, **options
        )
        if answer.status_code >= 500:
            raise NeighbourAway(f"{self.name} answered {answer.status_code}")
        if answer.status_code >= 400:
            raise NeighbourProblem(answer.status_code, answer.get_json())
        return answer


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings(
        redis_url="redis://127.0.0.1:1/0",
        keycloak_url_external="http://localhost:8180",
        keycloak_url_internal="http://localhost:8180",
        secret_key="a secret for tests only",
        public_url=PUBLIC_URL,
        auth_url_external="http://localhost:5001",
        auth_url="http://auth.test",
        movies_url="http://movies.test",
        payment_url="http://payment.test",
        ticket_url="http://ticket.test",
        notification_url="http://notification.test",
        stripe_publishable_key="pk_test_1",
        stripe_js_url="http://localhost:12111/v3/",
        rate_limits=False,
        page_cache_seconds=0,
        payment_wait_seconds=0.3,
        log_level="ERROR",
    )


@pytest.fixture
def app(world: World, settings: WebSettings) -> Flask:
    there = fake_neighbours(world)

    def own(name: str) -> Any:
        return InProcessClient(name, there, identity_headers if name != "auth" else dict)

    public: Any = InProcessClient("movies", there)
    neighbours = Neighbours(
        movies=Movies(public, own("movies"), Recent(now=iter(range(0, 10**9, 1000)).__next__)),
        payments=Payments(own("payment")),
        tickets=Tickets(own("ticket")),
        letters=Letters(own("notification")),
        auth=own("auth"),
        office=Office(own("movies")),
        door=Door(own("ticket")),
    )
    app = create_app(settings, neighbours=neighbours)
    app.testing = True
    return app


class Browser:
    """A test client that sends what browsers send, and posts forms with their token."""

    def __init__(self, client: FlaskClient, screening_id: str) -> None:
        self.client = client
        self.seats = f"/screenings/{screening_id}"

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, base_url=PUBLIC_URL, **options)

    def ask(self, path: str) -> Any:
        return self.get(path, headers={"Accept": "application/json"})

    def token(self) -> str:
        text = self.get(f"{self.seats}/seats").text
        return text.partition('name="csrf_token" value="')[2].partition('"')[0]

    def submit(self, path: str, **fields: Any) -> Any:
        data = {"csrf_token": self.token()} | fields
        return self.client.post(path, data=data, base_url=PUBLIC_URL)

    def send(self, path: str, body: Any) -> Any:
        headers = {"X-CSRFToken": self.token(), "Accept": "application/json"}
        return self.client.post(path, json=body, headers=headers, base_url=PUBLIC_URL)

    def hold(self, *seats: str) -> str:
        wishes = [{"seat": seat, "ticket_type": "adult"} for seat in seats]
        return str(self.send(f"{self.seats}/hold", {"seats": wishes}).get_json()["hold"]["id"])

    def sign_in(self, world: World, *roles: str) -> None:
        person = {
            "id": an_id("ann"),
            "username": "ann",
            "name": "Ann Other",
            "given_name": "Ann",
            "email": "ann@example.org",
            "roles": list(roles),
        }
        world.sessions["s" * 43] = {"person": person, "access_token": "token-of-ann", "expires_at": ""}
        self.client.set_cookie("marquee", "s" * 43, domain="localhost")


@pytest.fixture
def screening_id(world: World) -> str:
    return next(s["id"] for s in world.screenings.values() if s["formats"] == ["35 mm"])


@pytest.fixture
def browser(app: Flask, screening_id: str) -> Iterator[Browser]:
    with app.test_client() as client:
        yield Browser(client, screening_id)
