"""What `build_app` gives every service."""

from typing import Any

import pytest
from flask import Flask

from marquee import logs
from marquee.api import Api, Body, Shape
from marquee.app import build_app, seal
from marquee.auth import HOLDER, PUBLIC, SIGNED_IN, permission, role
from marquee.settings import Settings
from marquee.testing.apps import settings_for_tests, trust
from marquee.testing.tokens import TokenMint

GUEST = {"X-Guest-Token": "a-guest-token-of-more-than-32-characters"}


class ExampleSettings(Settings):
    service: str = "example"
    keycloak_client_id: str = "marquee-movies"


class Thing(Body):
    number: int


class Echo(Shape):
    number: int


def example_api() -> Api:
    api = Api("things", __name__)

    @api.get("/open", access=PUBLIC, answers={200: Echo})
    def read() -> Any:
        return Echo(number=1)

    @api.post("/things", access=PUBLIC, answers={201: Echo})
    def make(body: Thing) -> Any:
        return Echo(number=body.number), 201

    @api.get("/mine", access=SIGNED_IN, answers={204: None})
    def mine() -> Any:
        return None

    @api.get("/held", access=HOLDER, answers={204: None})
    def held() -> Any:
        return None

    @api.get("/edited", access=role("editor"), answers={204: None})
    def edited() -> Any:
        return None

    @api.get("/read", access=permission("tickets.read"), answers={204: None})
    def permitted() -> Any:
        return None

    @api.get("/broken", access=PUBLIC, answers={204: None})
    def broken() -> Any:
        raise RuntimeError("secret detail: password=hunter2")

    return api


@pytest.fixture(scope="module")
def mint() -> TokenMint:
    return TokenMint()


@pytest.fixture
def app(mint: TokenMint) -> Flask:
    settings = ExampleSettings(**settings_for_tests(body_limit_bytes=1000))
    return trust(seal(build_app(__name__, settings, apis=[example_api()])), mint)


WHO = ("nobody", "guest", "viewer", "staff", "editor", "admin", "service")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/open", (200, 200, 200, 200, 200, 200, 200)),
        ("/mine", (401, 401, 204, 204, 204, 204, 204)),
        ("/held", (401, 204, 204, 204, 204, 204, 401)),
        ("/edited", (401, 401, 403, 403, 204, 204, 403)),
        ("/read", (401, 401, 403, 403, 403, 403, 204)),
    ],
)
def test_access_is_as_declared(app: Flask, mint: TokenMint, path: str, expected: tuple[int, ...]) -> None:
    service = mint.service_token(
        "marquee-notification", audience="marquee-movies", permissions=["tickets.read"]
    )
    headers: dict[str, dict[str, str]] = {
        "nobody": {},
        "guest": GUEST,
        **{name: mint.headers(roles=[name]) for name in ("viewer", "staff", "editor", "admin")},
        "service": {"Authorization": f"Bearer {service}"},
    }

    found = tuple(app.test_client().get(path, headers=headers[who]).status_code for who in WHO)

    assert found == expected


@pytest.mark.parametrize("path", ["/open", "/mine", "/healthz", "/openapi.json"])
@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic YTpi", "Bearer", ""])
def test_a_bad_token_is_never_overlooked(app: Flask, path: str, header: str) -> None:
    answer = app.test_client().get(path, headers={"Authorization": header})

    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


def test_a_route_that_forgot_its_access_stops_the_start() -> None:
    settings = ExampleSettings(**settings_for_tests())
    app = build_app(__name__, settings, apis=[])
    app.add_url_rule("/forgotten", view_func=lambda: "x", endpoint="forgotten")

    with pytest.raises(RuntimeError, match="forgotten"):
        seal(app)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"number": 1}', "application/json", 201),
        (b'{"number": "many"}', "application/json", 422),
        (b'{"number": 1, "other": 2}', "application/json", 422),
        (b"{}", "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"number": 1', "application/json", 400),
        (b"[" * 400, "application/json", 400),
        (b'{"number": 1}', "text/plain", 415),
        (b"x" * 1001, "application/json", 413),
    ],
)
def test_bodies_are_taken_or_refused_in_words(
    app: Flask, body: bytes, content_type: str, status: int
) -> None:
    answer = app.test_client().post("/things", data=body, content_type=content_type)

    assert answer.status_code == status
    if status >= 400:
        assert answer.content_type == "application/problem+json"
        assert answer.json is not None
        assert {"type", "title", "status", "detail", "instance"} <= answer.json.keys()


@pytest.mark.parametrize("debug", [False, True])
def test_a_body_that_is_not_json_is_told_where_it_breaks(app: Flask, debug: bool) -> None:
    app.debug = debug
    answer = app.test_client().post("/things", data=b'{"number" 1}', content_type="application/json")

    assert answer.status_code == 400
    detail = answer.get_json()["detail"]
    assert detail.startswith("The body is not JSON: unexpected character")
    assert "line 1 column 11" in detail


def test_an_unexpected_error_tells_a_reference_and_nothing_else(app: Flask) -> None:
    answer = app.test_client().get("/broken", headers={"X-Request-Id": "known-request-id"})

    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.json is not None
    assert answer.json["instance"] == "known-request-id"


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/things", 405)])
def test_unknown_places_are_problems_too(app: Flask, path: str, status: int) -> None:
    answer = app.test_client().get(path)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_every_answer_carries_the_safety_headers_and_the_request_id(app: Flask) -> None:
    headers = app.test_client().get("/open").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    # Of this host alone: a cinema's other ones may not speak https.
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert len(headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("given", ["short", "x" * 65, "with spaces in", 'quote"inside', "new%0aline-here"])
def test_a_request_id_we_would_not_have_made_is_replaced(given: str) -> None:
    assert logs.new_request_id(given) != given


def test_health_needs_nothing_and_readiness_its_own_checks() -> None:
    settings = ExampleSettings(**settings_for_tests())
    app = seal(build_app(__name__, settings, apis=[], ready={"disk": lambda: False}))
    client = app.test_client()

    assert client.get("/healthz").json == {"ok": True}
    assert client.get("/health").json == {"ok": True}
    assert client.get("/readyz").status_code == 503


def test_a_draining_process_is_not_ready(app: Flask) -> None:
    app.extensions["marquee.is_draining"] = lambda: True

    assert app.test_client().get("/readyz").status_code == 503


def test_the_api_describes_itself(app: Flask) -> None:
    spec = app.test_client().get("/openapi.json").json

    assert spec is not None
    assert spec["paths"]["/edited"]["get"]["security"] == [{"bearer": []}]
    assert "ProblemDetails" in spec["components"]["schemas"]


def test_metrics_count_by_rule_and_not_by_path(app: Flask) -> None:
    client = app.test_client()
    client.get("/open")

    assert 'route="/open"' in client.get("/metrics").text


def test_made_up_methods_are_counted_together(app: Flask) -> None:
    client = app.test_client()
    for method in ("XA", "XB", "get"):
        client.open("/open", method=method)

    told = client.get("/metrics").text
    assert 'method="XA"' not in told
    assert 'method="other"' in told
