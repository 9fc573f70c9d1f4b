"""What a deploy tells Keycloak about the realm; the real one hears it in tests/identity."""

from types import SimpleNamespace
from typing import Any

import pytest
from urllib3 import HTTPResponse

from marquee.realm import (
    REALM_FILE,
    Keycloak,
    RealmSettings,
    apply,
    mail_settings,
    read_realm_file,
    variables_of,
)

SECRETS = {
    f"MARQUEE_{name}_SECRET": f"secret-of-{name.lower()}"
    for name in ("WEB", "AUTH", "MOVIES", "PAYMENT", "TICKET", "REVIEW", "NOTIFICATION")
}
ADDRESSES = {
    "MARQUEE_WEB_URL": "https://marquee.example",
    "MARQUEE_AUTH_URL": "https://auth.marquee.example",
    "MARQUEE_AUTH_INTERNAL_URL": "http://auth:5000",
}


class Admin:
    """Keycloak's admin API with the clients it has; remembers what it was told."""

    def __init__(self, *clients: str) -> None:
        self.clients, self.told = clients, {}

    def send(self, method: str, path: str, body: Any = None) -> Any:
        if method == "GET":
            wanted = path.partition("clientId=")[2]
            return [{"id": f"uuid-of-{wanted}"}] if wanted in self.clients else []
        self.told[f"{method} {path}"] = body
        return None


def settings(**given: Any) -> RealmSettings:
    return RealmSettings(
        keycloak_url_internal="http://keycloak:8080", kc_bootstrap_admin_password="x", **given
    )


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "secret").write_text("from the file\n")

    found = variables_of({"MARQUEE_WEB_SECRET_FILE": str(tmp_path / "secret"), "MARQUEE_WEB_URL": ""})

    assert found["MARQUEE_WEB_SECRET"] == "from the file"
    assert "MARQUEE_WEB_URL" not in found


def test_of_a_secret_being_rotated_keycloak_gets_the_first():
    assert variables_of({"MARQUEE_WEB_SECRET": "new,old"}) == {"MARQUEE_WEB_SECRET": "new"}


def test_clients_get_secret_and_addresses_and_keep_the_rest():
    keycloak = Admin("marquee-web")
    apply(keycloak, read_realm_file(REALM_FILE, SECRETS | ADDRESSES), mail_settings(settings()))

    told = keycloak.told["PUT /admin/realms/marquee/clients/uuid-of-marquee-web"]
    assert told["secret"] == "secret-of-web"
    assert told["redirectUris"] == ["https://auth.marquee.example/auth/callback"]
    assert told["attributes"]["backchannel.logout.url"] == "http://auth:5000/auth/backchannel-logout"
    assert "protocolMappers" not in told


def test_a_client_that_is_new_in_the_file_is_added_whole():
    keycloak = Admin()
    apply(keycloak, read_realm_file(REALM_FILE, SECRETS | ADDRESSES), mail_settings(settings()))

    added = keycloak.told["POST /admin/realms/marquee/clients"]
    assert added in read_realm_file(REALM_FILE, SECRETS | ADDRESSES)["clients"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail", {"host": "mail", "port": "25", "ssl": "false", "starttls": "false", "auth": "false"}),
        (
            "smtps://mail",
            {"host": "mail", "port": "465", "ssl": "true", "starttls": "false", "auth": "false"},
        ),
        (
            "smtp+starttls://me:p%40ss@mail:2587",
            {
                "host": "mail",
                "port": "2587",
                "ssl": "false",
                "starttls": "true",
                "auth": "true",
                "user": "me",
                "password": "p@ss",
            },
        ),
    ],
)
def test_the_mail_server_is_told_in_keycloaks_words(url, expected):
    told = mail_settings(settings(smtp_url=url, mail_from="Marquee <tickets@marquee.example>"))

    sender = {"from": "tickets@marquee.example", "fromDisplayName": "Marquee"}
    assert told == {"verifyEmail": True, "smtpServer": expected | sender}


def test_without_a_mail_server_nobody_has_to_prove_an_address():
    assert mail_settings(settings()) == {"verifyEmail": False, "smtpServer": {}}


def test_an_admins_token_that_ended_half_way_is_renewed(monkeypatch):
    tokens = iter(["short", "fresh"])

    def request(method: str, url: str, **options: Any) -> HTTPResponse:
        if url.endswith("/token"):
            return HTTPResponse(f'{{"access_token": "{next(tokens)}"}}'.encode(), status=200)
        known = options["headers"]["Authorization"] == "Bearer fresh"
        return HTTPResponse(b"{}" if known else b"", status=200 if known else 401)

    keycloak = Keycloak("http://keycloak:8080", "admin", "x")
    monkeypatch.setattr(keycloak, "_pool", SimpleNamespace(request=request))
    keycloak.sign_in(wait_seconds=1)

    assert keycloak.send("GET", "/admin/realms/marquee") == {}
