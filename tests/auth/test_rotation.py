"""Secrets that change while people sign in: the older one goes on serving, the newer one already does."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from services.auth import create_app
from services.auth.domain.problems import ProviderAway
from services.auth.settings import AuthSettings


class Issuer:
    """A token endpoint that knows one secret of the website's client."""

    def __init__(self, knows: str) -> None:
        self.tried: list[str] = []
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, {"keys": []})  # is it there? somebody about to sign in asks

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                issuer.tried.append(form["client_secret"][0] if "client_secret" in form else self._basic())
                fits = issuer.tried[-1] == knows
                self._answer(200, TOKENS) if fits else self._answer(401, {"error": "unauthorized_client"})

            def _basic(self) -> str:
                encoded = self.headers["Authorization"].removeprefix("Basic ")
                return base64.b64decode(encoded).decode().partition(":")[2]

            def _answer(self, status: int, body: dict[str, object]) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


TOKENS: dict[str, object] = {"access_token": "access", "refresh_token": "refresh", "expires_in": 300}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer(knows="new")
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()


def with_changes(settings: AuthSettings, **changes: object) -> Flask:
    return create_app(settings.model_copy(update=changes))


def come_back(left: Flask, returned_to: Flask) -> int:
    """Leave for the provider from one process and come back to another; answers the status."""
    leaving = left.test_client().get("/auth/login")
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]
    cookie = leaving.headers["Set-Cookie"].partition(";")[0]
    back = returned_to.test_client(use_cookies=False).get(
        f"/auth/callback?code=a-code&state={state}", headers={"Cookie": cookie}
    )
    return back.status_code


def test_a_refresh_uses_the_secret_the_provider_knows(settings: AuthSettings, issuer: Issuer) -> None:
    app = with_changes(settings, login_client_secret="old,new", keycloak_url_internal=issuer.url)

    assert app.extensions["auth.provider"].refresh("refresh").access == "access"
    assert issuer.tried == ["old", "new"]


def test_a_code_is_redeemed_with_the_secret_the_provider_knows(
    settings: AuthSettings, issuer: Issuer
) -> None:
    app = with_changes(settings, login_client_secret="old,new", keycloak_url_internal=issuer.url)

    come_back(app, app)

    assert issuer.tried == ["old", "new"]


def test_secrets_that_are_all_unknown_are_our_trouble_and_end_no_session(
    settings: AuthSettings, issuer: Issuer
) -> None:
    app = with_changes(settings, login_client_secret="old,older", keycloak_url_internal=issuer.url)

    with pytest.raises(ProviderAway):
        app.extensions["auth.provider"].refresh("refresh")


@pytest.mark.parametrize(("left", "returned_to"), [("{old}", "{new},{old}"), ("{new},{old}", "{old},{new}")])
def test_who_left_before_a_key_changed_can_still_come_back(
    settings: AuthSettings, issuer: Issuer, left: str, returned_to: str
) -> None:
    keys = {"old": settings.session_key, "new": Fernet.generate_key().decode()}
    apps = [
        with_changes(
            settings,
            session_key=value.format(**keys),
            login_client_secret="new",
            keycloak_url_internal=issuer.url,
        )
        for value in (left, returned_to)
    ]

    come_back(*apps)

    assert issuer.tried == ["new"]


def test_who_left_under_a_key_that_is_gone_starts_again(settings: AuthSettings, issuer: Issuer) -> None:
    here = settings.model_copy(update={"keycloak_url_internal": issuer.url})
    gone = with_changes(here, session_key=Fernet.generate_key().decode())

    assert come_back(gone, with_changes(here)) == 401
    assert issuer.tried == []
