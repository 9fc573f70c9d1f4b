"""The auth service on a real PostgreSQL, with an identity provider played by a token mint."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from marquee.db import Database
from marquee.testing.apps import settings_for_tests, trust
from marquee.testing.database import empty, migrated_database, url_of
from marquee.testing.tokens import TokenMint
from services.auth import create_app
from services.auth.domain import sessions
from services.auth.domain.sessions import Tokens, Vault
from services.auth.models import Session
from services.auth.settings import AuthSettings

KEY = Fernet.generate_key().decode()


@pytest.fixture(scope="session")
def auth_database(create_database: Callable[[str], str]) -> Iterator[Database]:
    with migrated_database("auth", create_database) as database:
        yield database


@pytest.fixture
def database(auth_database: Database) -> Database:
    return empty(auth_database)


@pytest.fixture(scope="session")
def mint() -> TokenMint:
    return TokenMint()


@pytest.fixture
def settings(database: Database) -> AuthSettings:
    return AuthSettings(
        **settings_for_tests(
            database_url=url_of(database),
            database_pool_size=12,
            login_client_secret="secret",
            session_key=KEY,
            public_url="http://localhost:8081",
            auth_url_external="http://localhost:5001",
        )
    )


@pytest.fixture
def app(settings: AuthSettings, mint: TokenMint) -> Iterator[Flask]:
    app = trust(create_app(settings), mint)
    app.extensions["auth.provider"].keys = app.extensions["marquee.verifier"].keys
    app.extensions["auth.provider"].is_up = lambda: True  # nobody listens at its address
    yield app
    app.extensions["marquee.database"].engine.dispose()


@pytest.fixture
def vault() -> Vault:
    return Vault(KEY)


class Browsers:
    """Signed-in browsers, made without the detour through a sign-in page."""

    def __init__(self, database: Database, mint: TokenMint, vault: Vault, settings: AuthSettings) -> None:
        self.database, self.mint, self.vault, self.settings = database, mint, vault, settings

    def tokens(self, sub: str, *, expires_in: int = 300, **claims: Any) -> Tokens:
        access = self.mint.access_token(sub=sub, lifetime_seconds=max(expires_in, 30), **claims)
        return Tokens(
            access=access, refresh=f"refresh-{uuid4()}", id="id-token", expires_in_seconds=expires_in
        )

    def sign_in(self, sub: str, *, expires_in: int = 300, provider_session: str = "sid-1") -> str:
        with self.database.transaction() as session:
            return sessions.begin_session(
                session,
                person_id=sub,  # type: ignore[arg-type]
                provider_session=provider_session,
                tokens=self.tokens(sub, expires_in=expires_in),
                vault=self.vault,
                settings=self.settings,
            )

    def count(self) -> int:
        with self.database.transaction() as session:
            return session.query(Session).count()


@pytest.fixture
def browsers(database: Database, mint: TokenMint, vault: Vault, settings: AuthSettings) -> Browsers:
    return Browsers(database, mint, vault, settings)
