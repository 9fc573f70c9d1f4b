"""An identity provider reached over HTTP like ours is: browsers, clients, an admin, and a receiver for logout calls."""

import base64
import hashlib
import html
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from jose import jwt

from local.ports import free_port

NAMES = ("web", "auth", "movies", "payment", "ticket", "review", "notification")
ADMIN = ("root", "root-password")
PASSWORD = "a long password"
DEMO_PASSWORD = "marquee-demo"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
_PEOPLE = count(1)


def secret_of(client: str) -> str:
    return f"secret-of-{client.removeprefix('marquee-')}"


@dataclass(frozen=True)
class Addresses:
    """Where the application says it is. Nobody answers there but the receiver."""

    callback: str
    home: str
    signed_out: str
    auth_internal: str

    def variables(self) -> dict[str, str]:
        """What keycloak/marquee-realm.json leaves open."""
        return {
            "MARQUEE_AUTH_URL": self.callback.removesuffix("/auth/callback"),
            "MARQUEE_WEB_URL": self.home.rstrip("/"),
            "MARQUEE_AUTH_INTERNAL_URL": self.auth_internal,
            "MARQUEE_DEMO_PASSWORD": DEMO_PASSWORD,
            **{f"MARQUEE_{name.upper()}_SECRET": secret_of(name) for name in NAMES},
        }


class Receiver:
    """Takes back-channel logout calls like auth does, and keeps them, or hands them on to auth itself."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.status = 200
        self.hand_on_to = ""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = parse_qs(body)
                receiver.tokens.extend(form.get("logout_token", []))
                if receiver.hand_on_to:
                    receiver.status = requests.post(receiver.hand_on_to, data=form, timeout=60).status_code
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def sessions(self) -> list[str]:
        """The sessions whose end was told."""
        return [str(claims_of(token)["sid"]) for token in self.tokens]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Provider:
    """`url` is where browsers find it; the realm is marquee, its clients have the secrets of `secret_of`."""

    url: str
    addresses: Addresses
    receiver: Receiver
    is_real: bool
    http: requests.Session = field(default_factory=requests.Session)

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/marquee"

    @property
    def endpoint(self) -> str:
        return f"{self.issuer}/protocol/openid-connect"

    def browser(self) -> "Browser":
        return Browser(self)

    # --- clients ---------------------------------------------------------------------------------

    def token(self, client: str = "marquee-web", **form: str) -> requests.Response:
        return self._post("/token", {"client_id": client, "client_secret": secret_of(client)} | form)

    def redeem(self, code: str, **changes: str) -> requests.Response:
        form = {"code": code, "redirect_uri": self.addresses.callback, "code_verifier": VERIFIER} | changes
        return self.token(**{"grant_type": "authorization_code"} | {k: v for k, v in form.items() if v})

    def refresh(self, refresh_token: str, **changes: str) -> requests.Response:
        return self.token(**{"grant_type": "refresh_token", "refresh_token": refresh_token} | changes)

    def service_token(self, client: str) -> requests.Response:
        return self.token(client, grant_type="client_credentials")

    def introspect(self, token: str, client: str) -> dict[str, Any]:
        form = {"client_id": client, "client_secret": secret_of(client), "token": token}
        return dict(self._post("/token/introspect", form).json())

    def userinfo(self, access_token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        return requests.get(f"{self.endpoint}/userinfo", headers=headers, timeout=30)

    def revoke(self, token: str) -> requests.Response:
        return self._post(
            "/revoke", {"client_id": "marquee-web", "client_secret": secret_of("web"), "token": token}
        )

    def logout_by_refresh_token(self, token: str) -> requests.Response:
        form = {"client_id": "marquee-web", "client_secret": secret_of("web"), "refresh_token": token}
        return self._post("/logout", form)

    def published_keys(self) -> list[dict[str, Any]]:
        return list(requests.get(f"{self.endpoint}/certs", timeout=30).json()["keys"])

    def _post(self, path: str, form: dict[str, str]) -> requests.Response:
        return requests.post(f"{self.endpoint}{path}", data=form, timeout=30)

    # --- the admin -------------------------------------------------------------------------------

    def admin(self, method: str, path: str, body: object = None) -> requests.Response:
        form = {
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": ADMIN[0],
            "password": ADMIN[1],
        }
        answer = requests.post(
            f"{self.url}/realms/master/protocol/openid-connect/token", data=form, timeout=30
        )
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        url = f"{self.url}/admin/realms/marquee{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=60)

    def person(self, **changes: Any) -> "Person":
        """Somebody new, so that no test meets the traces of another."""
        name = f"person{next(_PEOPLE)}-{free_port()}"
        wanted = {
            "username": name,
            "email": f"{name}@example.org",
            "enabled": True,
            "emailVerified": True,
            "firstName": "Nora",
            "lastName": "Neu",
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        } | changes
        answer = self.admin("POST", "/users", wanted)
        assert answer.status_code == 201, answer.text
        return Person(self, answer.headers["Location"].rpartition("/")[2], str(wanted["username"]))

    @contextmanager
    def second_key(self, *, active: bool = True) -> Iterator[str]:
        """A newer signing key, for as long as the block lasts; answers the component's id."""
        config = {
            "priority": ["200"],
            "enabled": ["true"],
            "active": ["true" if active else "false"],
            "keySize": ["2048"],
            "algorithm": ["RS256"],
        }
        component = {
            "name": "rsa-2",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": config,
        }
        answer = self.admin("POST", "/components", component)
        assert answer.status_code == 201, answer.text
        component_id = answer.headers["Location"].rpartition("/")[2]
        try:
            yield component_id
        finally:
            self.admin("DELETE", f"/components/{component_id}")

    def change_key(self, component_id: str, **config: str) -> None:
        path = f"/components/{component_id}"
        found = self.admin("GET", path).json()
        found["config"] |= {name: [value] for name, value in config.items()}
        assert self.admin("PUT", path, found).status_code == 204


@dataclass(frozen=True)
class Person:
    provider: Provider
    id: str
    username: str

    def change(self, **fields: Any) -> None:
        assert self.provider.admin("PUT", f"/users/{self.id}", fields).status_code == 204

    def give_role(self, name: str) -> None:
        role = self.provider.admin("GET", f"/roles/{name}").json()
        answer = self.provider.admin("POST", f"/users/{self.id}/role-mappings/realm", [role])
        assert answer.status_code == 204

    def sign_out(self) -> int:
        return self.provider.admin("POST", f"/users/{self.id}/logout").status_code

    def unlock(self) -> int:
        return self.provider.admin("DELETE", f"/attack-detection/brute-force/users/{self.id}").status_code


class Browser:
    """Keeps cookies, follows forms, and stops where the application would take over."""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.session = provider, requests.Session()

    def ask(self, endpoint: str = "auth", **changes: str | None) -> requests.Response:
        """The application's request; a parameter given as None is left out."""
        asked: dict[str, str | None] = {
            "client_id": "marquee-web",
            "redirect_uri": self.provider.addresses.callback,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        query = {name: value for name, value in asked.items() if value is not None}
        return self._follow("GET", f"{self.provider.endpoint}/{endpoint}", params=query)

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        return self._follow("POST", urljoin(page.url, action_of(page)), data=hidden_fields(page) | fields)

    def follow(self, answer: requests.Response) -> requests.Response:
        return self._follow("GET", urljoin(answer.url, answer.headers["Location"]))

    def sign_in(self, username: str = "viola", password: str = "", **fields: str) -> requests.Response:
        """`password` is by default the one of people made by the test, or of the demo's."""
        return self.submit(
            self.ask(), username=username, password=password or password_of(username), **fields
        )

    def tokens(self, username: str = "viola") -> dict[str, Any]:
        answer = self.provider.redeem(callback_of(self.sign_in(username))["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def is_signed_in(self) -> bool:
        return "code" in callback_of(self.ask(prompt="none"))

    def logout(self, **query: str) -> requests.Response:
        return self._follow("GET", f"{self.provider.endpoint}/logout", params=query)

    def _follow(self, method: str, url: str, **options: Any) -> requests.Response:
        """As far as the provider's own pages lead; its redirect to somebody else is the answer."""
        answer = self._send(method, url, **options)
        while answer.is_redirect:
            target = urljoin(answer.url, answer.headers["Location"])
            if not target.startswith(self.provider.url):
                break
            answer = self._send("GET", target)
        return answer

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        answer = self.session.request(method, url, allow_redirects=False, timeout=30, **options)
        for cookie in self.session.cookies:
            # A browser sends a Secure cookie to http://localhost, requests does not.
            cookie.secure = False
        return answer


def password_of(username: str) -> str:
    return DEMO_PASSWORD if username in ("viola", "stan", "edda", "ada") else PASSWORD


def action_of(page: requests.Response) -> str:
    found = re.search(r'<form[^>]* action="([^"]+)"', page.text)
    assert found, f"{page.status_code} {page.url}\n{page.text[:3000]}"
    return html.unescape(found[1])


def hidden_fields(page: requests.Response) -> dict[str, str]:
    tags = re.findall(r'<input[^>]* type="hidden"[^>]*>', page.text)
    pairs = [(re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)) for tag in tags]
    return {name[1]: html.unescape(value[1]) if value else "" for name, value in pairs if name}


def callback_of(answer: requests.Response) -> dict[str, str]:
    """The parameters the application's callback gets, in the query or behind the #."""
    assert answer.status_code == 302, f"{answer.status_code} {words_of(answer)}"
    address = urlsplit(answer.headers["Location"])
    return {name: values[0] for name, values in parse_qs(address.query or address.fragment).items()}


def words_of(page: requests.Response) -> str:
    """The page as somebody reads it."""
    body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", page.text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def field_error(page: requests.Response, name: str) -> str:
    found = re.search(rf'(?s)id="input-error-(?:container-)?{name}"[^>]*>(.*?)</(?:span|p|div)>', page.text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[1])).split()) if found else ""


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.get_unverified_claims(token))


def header_of(token: str) -> dict[str, Any]:
    return dict(jwt.get_unverified_header(token))


def refused(answer: requests.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["error"], body.get("error_description", "")


def as_list(value: Any) -> list[str]:
    """Keycloak writes one audience as a string."""
    return [value] if isinstance(value, str) else list(value)
