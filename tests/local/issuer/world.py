"""An issuer in this process, browsers that use it, and the application that sends them there."""

import base64
import hashlib
import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from jose import jwt
from werkzeug.test import TestResponse

from local.issuer import create_app
from local.issuer.settings import Settings

REALM = "/realms/marquee"
OC = f"{REALM}/protocol/openid-connect"
ISSUER = "http://localhost:8180/realms/marquee"
CALLBACK = "http://localhost:5001/auth/callback"
HOME, SIGNED_OUT = "http://localhost:8081/", "http://localhost:8081/signed-out"
PASSWORD = "marquee-demo"
ADMIN = ("root", "root-password")
NAMES = ("web", "auth", "movies", "payment", "ticket", "review", "notification")
SECRETS = {f"MARQUEE_{name.upper()}_SECRET": f"secret-of-{name}" for name in NAMES}
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class World:
    settings: Settings
    clock: Clock
    told: list[tuple[str, str]] = field(default_factory=list)  # back-channel calls: url, logout token
    answer_status: int = 200

    def __post_init__(self) -> None:
        self.app = create_app(self.settings, self.clock, self._receive)
        self.issuer = self.app.extensions["issuer"]

    def close(self) -> None:
        self.issuer.store.close()

    def _receive(self, url: str, form: dict[str, str]) -> int:
        self.told.append((url, form["logout_token"]))
        return self.answer_status

    def browser(self) -> "Browser":
        return Browser(self)

    def token(self, client: str = "marquee-web", **form: str) -> TestResponse:
        secret = f"secret-of-{client.removeprefix('marquee-')}"
        return self._post("/token", {"client_id": client, "client_secret": secret} | form)

    def redeem(self, code: str, **changes: str) -> TestResponse:
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER} | changes
        return self.token(**{"grant_type": "authorization_code"} | {k: v for k, v in form.items() if v})

    def refresh(self, refresh_token: str, **changes: str) -> TestResponse:
        return self.token(**{"grant_type": "refresh_token", "refresh_token": refresh_token} | changes)

    def userinfo(self, access_token: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.app.test_client().get(f"{OC}/userinfo", headers=headers)

    def published_kids(self) -> list[str]:
        return [key["kid"] for key in self.app.test_client().get(f"{OC}/certs").get_json()["keys"]]

    def admin(self, method: str, path: str, body: object = None) -> TestResponse:
        client = self.app.test_client()
        form = {
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": ADMIN[0],
            "password": ADMIN[1],
        }
        token = client.post("/realms/master/protocol/openid-connect/token", data=form).get_json()[
            "access_token"
        ]
        headers = {"Authorization": f"Bearer {token}"}
        return client.open(f"/admin/realms/marquee{path}", method=method, json=body, headers=headers)

    def user_id(self, name: str) -> str:
        return str(self.admin("GET", f"/users?username={name}").get_json()[0]["id"])

    def _post(self, path: str, form: dict[str, str]) -> TestResponse:
        return self.app.test_client().post(f"{OC}{path}", data=form)


class Browser:
    def __init__(self, world: World) -> None:
        self.world, self.client = world, world.app.test_client()

    def ask(self, endpoint: str = "auth", **changes: str | None) -> TestResponse:
        """The application's request; a parameter given as None is left out."""
        asked: dict[str, str | None] = {
            "client_id": "marquee-web",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return self.client.get(f"{OC}/{endpoint}?{query}")

    def submit(self, page: TestResponse, **fields: str) -> TestResponse:
        return self.client.post(action_of(page), data=fields)

    def sign_in(self, username: str = "viola", password: str = PASSWORD, **fields: str) -> TestResponse:
        return self.submit(self.ask(), username=username, password=password, **fields)

    def tokens(self, username: str = "viola") -> dict[str, Any]:
        answer = self.world.redeem(callback_of(self.sign_in(username))["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def registration_form(self) -> TestResponse:
        return self.client.get(self.ask(prompt="create").location)

    def logout(self, **query: str) -> TestResponse:
        return self.client.get(f"{OC}/logout?{urlencode(query)}")


def action_of(page: TestResponse) -> str:
    found = re.search(r'<form[^>]* action="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def callback_of(answer: TestResponse) -> dict[str, str]:
    """The parameters the application's callback gets."""
    assert answer.status_code == 302, answer.text
    address = urlsplit(answer.location)
    assert f"{address.scheme}://{address.netloc}{address.path}" == CALLBACK
    return {name: values[0] for name, values in parse_qs(address.query).items()}


def field_error(page: TestResponse, name: str) -> str:
    found = re.search(rf'id="input-error-{name}"[^>]*>([^<]*)<', page.text)
    return html.unescape(found[1]) if found else ""


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.get_unverified_claims(token))


def problem(answer: TestResponse) -> tuple[int, str, str]:
    body = answer.get_json()
    return answer.status_code, body["error"], body["error_description"]
