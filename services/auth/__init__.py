"""Sign-in: the code flow with the identity provider, browser sessions, and who people are."""

import hashlib
from datetime import timedelta

from flask import Flask

from marquee import cookies
from marquee.settings import several
from services.auth.settings import AuthSettings


def create_app(settings: AuthSettings | None = None) -> Flask:
    # Imported here so that the worker comes up without the routes.
    from marquee.app import build_app, seal
    from marquee.errors import Problem
    from services.auth.domain.sessions import Vault
    from services.auth.provider import IdentityProvider
    from services.auth.routes import login, sessions

    settings = settings or AuthSettings.from_environment()
    app = build_app(
        __name__,
        settings,
        apis=[login.api, sessions.api],
        description="OpenID Connect sign-in, browser sessions, people.",
    )
    key, *older_keys = _cookie_keys(settings.session_key)
    app.config.update(
        # Between leaving for the provider and coming back: state, nonce, verifier and where to return.
        SECRET_KEY=key,
        SECRET_KEY_FALLBACKS=older_keys,
        SESSION_COOKIE_NAME="marquee_login",
        SESSION_COOKIE_PATH="/auth",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=cookies.is_secure(settings.public_url),
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=15),
    )
    app.extensions["auth.vault"] = Vault(settings.session_key)
    app.extensions["auth.provider"] = IdentityProvider(app, settings)
    app.register_error_handler(Problem, login.page_or_problem)
    return seal(app)


def _cookie_keys(session_key: str) -> list[str]:
    return [hashlib.sha256(b"login cookie" + key.encode()).hexdigest() for key in several(session_key)]
