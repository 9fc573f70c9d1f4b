"""Browser sessions: opaque, renewed once at a time, ended everywhere at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import text

from marquee.db import Database
from marquee.testing.tokens import TokenMint
from services.auth.domain import sessions
from services.auth.domain.problems import ProviderAway
from services.auth.domain.sessions import Tokens, Vault
from services.auth.provider import LOGOUT_EVENT, SessionGone
from services.auth.settings import AuthSettings
from tests.auth.conftest import Browsers

VIOLA = str(uuid4())


def web(mint: TokenMint) -> dict[str, str]:
    token = mint.service_token("marquee-web", audience="marquee-auth", permissions=["sessions.read"])
    return {"Authorization": f"Bearer {token}"}


class Provider:
    """Counts renewals; each may take a while, fail, or find the session gone."""

    def __init__(self, browsers: Browsers) -> None:
        self.browsers, self.renewals, self.seconds = browsers, 0, 0.2
        self.trouble: Exception | None = None
        self._lock = threading.Lock()

    def refresh(self, _: str) -> Tokens:
        with self._lock:
            self.renewals += 1
        time.sleep(self.seconds)
        if self.trouble:
            raise self.trouble
        return self.browsers.tokens(VIOLA)

    def sign_out_url(self, id_token: str | None) -> str:
        return f"http://localhost:8180/logout?hint={id_token}"


@pytest.fixture
def provider(app: Flask, browsers: Browsers) -> Provider:
    app.extensions["auth.provider"] = provider = Provider(browsers)
    return provider


def resolve(app: Flask, mint: TokenMint, secret: str) -> Any:
    return app.test_client().post("/internal/sessions/resolve", json={"session": secret}, headers=web(mint))


def test_a_cookie_is_turned_into_a_person_and_a_token(
    app: Flask, mint: TokenMint, browsers: Browsers
) -> None:
    answer = resolve(app, mint, browsers.sign_in(VIOLA))

    assert answer.status_code == 200
    assert answer.json["person"]["id"] == VIOLA
    assert answer.json["access_token"].count(".") == 2


def test_only_the_website_may_ask(app: Flask, mint: TokenMint, browsers: Browsers) -> None:
    secret = browsers.sign_in(VIOLA)
    client = app.test_client()

    statuses = [
        client.post("/internal/sessions/resolve", json={"session": secret}, headers=headers).status_code
        for headers in ({}, mint.headers(roles=["admin"]))
    ]

    assert statuses == [401, 403]


def test_nothing_stored_opens_a_session_or_is_a_token(database: Database, browsers: Browsers) -> None:
    secret = browsers.sign_in(VIOLA)
    with database.transaction() as session:
        row = str(session.execute(text("SELECT * FROM sessions")).mappings().one())

    assert secret not in row
    assert "eyJ" not in row


def test_twenty_pages_at_once_renew_an_ended_token_once(
    app: Flask, mint: TokenMint, browsers: Browsers, provider: Provider
) -> None:
    secret = browsers.sign_in(VIOLA, expires_in=-1)

    with ThreadPoolExecutor(20) as pages:
        answers = list(pages.map(lambda _: resolve(app, mint, secret).status_code, range(20)))

    assert answers == [200] * 20
    assert provider.renewals == 1


def test_who_looked_before_a_renewal_and_claims_after_it_does_not_renew_again(
    database: Database, browsers: Browsers
) -> None:
    """It would use up the refresh token a second time, which ends the session at the provider."""
    secret = browsers.sign_in(VIOLA, expires_in=-1)
    claim = partial(sessions.claim_renewal, ahead_seconds=20, lease_seconds=5)
    with database.transaction() as late:
        looked = sessions.find_session(late, secret, idle_seconds=1800)
        assert looked is not None
        with database.transaction() as first:
            quicker = sessions.find_session(first, secret, idle_seconds=1800)
            assert quicker is not None
            assert claim(first, quicker)
            sessions.renew_session(first, quicker.id, browsers.tokens(VIOLA), browsers.vault)

        assert not claim(late, looked)


def test_while_the_provider_is_away_a_token_serves_until_its_end(
    app: Flask, mint: TokenMint, browsers: Browsers, provider: Provider
) -> None:
    provider.trouble, provider.seconds = ProviderAway("away"), 0
    nearly_over = browsers.sign_in(VIOLA, expires_in=15)
    over = browsers.sign_in(VIOLA, expires_in=-1)

    assert resolve(app, mint, nearly_over).status_code == 200
    assert resolve(app, mint, over).status_code == 503


def test_a_session_that_the_provider_ended_is_over(
    app: Flask, mint: TokenMint, browsers: Browsers, provider: Provider
) -> None:
    provider.trouble, provider.seconds = SessionGone("Session not active"), 0
    secret = browsers.sign_in(VIOLA, expires_in=-1)

    assert resolve(app, mint, secret).status_code == 404
    assert browsers.count() == 0


@pytest.mark.parametrize(
    "change",
    [
        "last_seen_at = now() - interval '31 minutes'",
        "expires_at = now() - interval '1 second'",
    ],
)
def test_idle_and_old_sessions_are_over(
    app: Flask, mint: TokenMint, browsers: Browsers, database: Database, change: str
) -> None:
    secret = browsers.sign_in(VIOLA)
    with database.transaction() as session:
        session.execute(text(f"UPDATE sessions SET {change}"))

    assert resolve(app, mint, secret).status_code == 404


def test_signing_out_ends_it_here_and_says_where_to_end_it_there(
    app: Flask, mint: TokenMint, browsers: Browsers, provider: Provider
) -> None:
    secret = browsers.sign_in(VIOLA)

    answer = app.test_client().post("/internal/sessions/end", json={"session": secret}, headers=web(mint))

    assert answer.json == {"end_session_url": "http://localhost:8180/logout?hint=id-token"}
    assert resolve(app, mint, secret).status_code == 404


def logout_token(mint: TokenMint, **changes: Any) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": mint.issuer,
        "aud": "marquee-web",
        "iat": now,
        "exp": now + 120,
        "jti": str(uuid4()),
        "sub": VIOLA,
        "sid": "sid-1",
        "typ": "Logout",
        "events": {LOGOUT_EVENT: {}},
        **changes,
    }
    return mint.sign({k: v for k, v in claims.items() if v is not None}, {"typ": "logout+jwt"})


def backchannel(app: Flask, token: str) -> int:
    return app.test_client().post("/auth/backchannel-logout", data={"logout_token": token}).status_code


def test_a_logout_at_the_provider_ends_that_session_and_no_other(
    app: Flask, mint: TokenMint, browsers: Browsers
) -> None:
    here = browsers.sign_in(VIOLA)
    there = browsers.sign_in(VIOLA, provider_session="sid-2")

    assert backchannel(app, logout_token(mint)) == 200

    assert resolve(app, mint, here).status_code == 404
    assert resolve(app, mint, there).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "n"},
        {"events": None},
        {"events": {"something": {}}},
        {"aud": "marquee-movies"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"sub": "not a uuid"},
    ],
    ids=str,
)
def test_a_logout_token_that_is_not_one_ends_nothing(
    app: Flask, mint: TokenMint, browsers: Browsers, change: dict[str, Any]
) -> None:
    browsers.sign_in(VIOLA)

    assert backchannel(app, logout_token(mint, **change)) == 400
    assert browsers.count() == 1


def test_an_access_token_is_no_logout_token(app: Flask, mint: TokenMint, browsers: Browsers) -> None:
    browsers.sign_in(VIOLA)

    assert backchannel(app, mint.access_token(sub=VIOLA)) == 400
    assert browsers.count() == 1


def test_what_is_stored_can_be_read_after_a_key_rotation(browsers: Browsers, settings: AuthSettings) -> None:
    sealed = browsers.vault.seal("token")

    assert Vault(f"{Fernet.generate_key().decode()},{settings.session_key}").open(sealed) == "token"


@pytest.mark.parametrize("expires_in", [300, -1], ids=["fresh", "to be renewed"])
def test_a_session_sealed_with_a_key_that_is_gone_is_over(
    app: Flask, mint: TokenMint, browsers: Browsers, provider: Provider, expires_in: int
) -> None:
    secret = browsers.sign_in(VIOLA, expires_in=expires_in)
    app.extensions["auth.vault"] = Vault(Fernet.generate_key().decode())

    assert resolve(app, mint, secret).status_code == 404


def test_who_looked_before_a_renewal_is_not_told_that_the_old_token_is_fresh(
    database: Database, browsers: Browsers
) -> None:
    secret = browsers.sign_in(VIOLA, expires_in=-1)
    with database.transaction() as late:
        looked = sessions.find_session(late, secret, idle_seconds=1800)
        assert looked is not None
        with database.transaction() as first:
            sessions.renew_session(first, looked.id, browsers.tokens(VIOLA), browsers.vault)

        assert sessions.needs_renewal(late, looked, ahead_seconds=0)
