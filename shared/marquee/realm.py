"""Bring a running Keycloak in line with keycloak/marquee-realm.json: `python -m marquee.realm`.

Keycloak imports that file once, on its first start, with client secrets that nobody knows. This job is run at every
deploy and may be repeated: it gives each client its secret and its addresses, adds clients that are new in the file,
and tells the realm its mail server. Run with new secrets it rotates them.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import urllib3

from marquee.settings import SettingsError, Variables, several

REALM_FILE = Path(__file__).resolve().parents[2] / "keycloak" / "marquee-realm.json"
_PLACEHOLDER = re.compile(r"\$\{([A-Z0-9_]+)(?::([^}]*))?\}")
_PAUSE_SECONDS = 2.0
# What a deploy decides about a client. The rest is as imported, or as an admin has changed it since.
_CLIENT_SECRET = re.compile(r"MARQUEE_[A-Z]+_SECRET")
_OURS = ("clientId", "secret", "redirectUris", "baseUrl", "attributes")


class RealmSettings(Variables):
    keycloak_url_internal: str
    kc_bootstrap_admin_username: str = "admin"
    kc_bootstrap_admin_password: str
    realm_file: Path = REALM_FILE
    # As long as a first start may take on a machine that starts everything at once.
    realm_wait_seconds: float = 900
    smtp_url: str = ""
    mail_from: str = "Marquee <tickets@marquee.example>"
    # Whether a new account has to prove its address; without a mail server nobody could.
    verify_email: bool = True


class RealmFileUnusable(Exception):
    """A variable the realm file names is not set; Keycloak would take the placeholder as the secret."""


class KeycloakRefused(Exception):
    """An answer of the admin API that repeating will not change."""


# --- the realm file ---------------------------------------------------------------------------------------


def read_realm_file(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its ${VARIABLES} filled in. Raises RealmFileUnusable naming every one that is missing."""
    text = path.read_text()
    missing = {name for name, default in _PLACEHOLDER.findall(text) if name not in variables and not default}
    if missing:
        raise RealmFileUnusable(f"{path.name} needs {', '.join(sorted(missing))} in the environment")
    filled: dict[str, Any] = _filled(json.loads(text), variables)
    return filled


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    match value:
        case str():
            return _PLACEHOLDER.sub(lambda found: variables.get(found[1], found[2] or ""), value)
        case list():
            return [_filled(item, variables) for item in value]
        case dict():
            return {name: _filled(item, variables) for name, item in value.items()}
    return value


def variables_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Each NAME, also where it is given as NAME_FILE; what is empty counts as not set.

    Of a secret that is being rotated Keycloak gets the first.
    """
    files = {
        name.removesuffix("_FILE"): Path(path).read_text().strip()
        for name, path in environment.items()
        if name.startswith("MARQUEE_") and name.endswith("_FILE") and path
    }
    given = {name: value for name, value in {**environment, **files}.items() if value}
    secrets = {name: several(value)[0] for name, value in given.items() if _CLIENT_SECRET.fullmatch(name)}
    return given | secrets


# --- what the realm shall be ------------------------------------------------------------------------------


def mail_settings(settings: RealmSettings) -> dict[str, Any]:
    """The part of the realm that is about mail."""
    if not settings.smtp_url:
        return {"verifyEmail": False, "smtpServer": {}}
    parts = urlsplit(settings.smtp_url)
    display_name, address = parseaddr(settings.mail_from)
    server = {
        "host": parts.hostname or "localhost",
        "port": str(parts.port or {"smtps": 465, "smtp+starttls": 587}.get(parts.scheme, 25)),
        "from": address,
        "fromDisplayName": display_name,
        "ssl": str(parts.scheme == "smtps").lower(),
        "starttls": str(parts.scheme == "smtp+starttls").lower(),
        "auth": str(bool(parts.username)).lower(),
    }
    if parts.username:
        server |= {"user": unquote(parts.username), "password": unquote(parts.password or "")}
    return {"verifyEmail": settings.verify_email, "smtpServer": server}


def apply(keycloak: "Keycloak", realm: Mapping[str, Any], mail: Mapping[str, Any]) -> list[str]:
    """Make Keycloak's realm what the file says; answers a line per change for the log."""
    admin = f"/admin/realms/{realm['realm']}"
    keycloak.send("PUT", admin, mail)
    lines = ["mail: " + (str(mail["smtpServer"].get("host")) if mail["smtpServer"] else "none")]
    for client in realm["clients"]:
        found = keycloak.send("GET", f"{admin}/clients?{urlencode({'clientId': client['clientId']})}")
        if found:
            decided = {name: client[name] for name in _OURS if name in client}
            keycloak.send("PUT", f"{admin}/clients/{found[0]['id']}", decided)
        else:
            keycloak.send("POST", f"{admin}/clients", client)
        lines.append(f"{client['clientId']}: {'secret and addresses set' if found else 'added'}")
    return lines


# --- the admin API ----------------------------------------------------------------------------------------


class Keycloak:
    """The admin API, as the master realm's admin."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url, self._username, self._password = url.rstrip("/"), username, password
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=30))
        self._token = ""

    def sign_in(self, wait_seconds: float, say: Callable[[str], object] = lambda line: None) -> None:
        """Wait until Keycloak is up, and get an admin's token. Raises TimeoutError, KeycloakRefused."""
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                self._token = self._fetch_token()
                return
            except (urllib3.exceptions.HTTPError, ConnectionError) as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"Keycloak at {self._url} did not come up: {error}") from error
                say(f"waiting for Keycloak at {self._url} ({type(error).__name__})")
            time.sleep(_PAUSE_SECONDS)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Raises KeycloakRefused with what Keycloak says, never with what we sent: that holds secrets."""
        answer = self._ask(method, path, body)
        if answer.status == 401:  # an admin's token lasts a minute, which may be less than this job does
            self._token = self._fetch_token()
            answer = self._ask(method, path, body)
        if answer.status >= 300:
            raise KeycloakRefused(f"{method} {path}: {answer.status} {answer.data.decode()[:300]}")
        return answer.json() if answer.data else None

    def _ask(self, method: str, path: str, body: Any) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            method,
            self._url + path,
            body=None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )

    def _fetch_token(self) -> str:
        answer = self._pool.request(
            "POST",
            f"{self._url}/realms/master/protocol/openid-connect/token",
            fields={
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": self._username,
                "password": self._password,
            },
            encode_multipart=False,
        )
        if answer.status >= 500 or answer.status == 404:  # not up, or not with its realms yet
            raise ConnectionError(f"it answers {answer.status}")
        if answer.status != 200:
            raise KeycloakRefused(f"The admin {self._username} cannot sign in: {answer.data.decode()[:300]}")
        return str(answer.json()["access_token"])


def main() -> int:
    settings = RealmSettings.from_environment()

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    try:
        realm = read_realm_file(settings.realm_file, variables_of(os.environ))
        keycloak = Keycloak(
            settings.keycloak_url_internal,
            settings.kc_bootstrap_admin_username,
            settings.kc_bootstrap_admin_password,
        )
        keycloak.sign_in(settings.realm_wait_seconds, say)
        for line in apply(keycloak, realm, mail_settings(settings)):
            say(line)
    except (RealmFileUnusable, KeycloakRefused, TimeoutError, urllib3.exceptions.HTTPError) as problem:
        raise SettingsError(f"The realm was not brought up to date. {problem}") from problem
    return 0


if __name__ == "__main__":
    sys.exit(main())
