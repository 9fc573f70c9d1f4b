"""A service's app under test: its settings, and the keys of a test mint instead of an issuer's."""

from typing import Any

from flask import Flask

from marquee.auth import KeySet
from marquee.testing.tokens import TokenMint


def settings_for_tests(**more: Any) -> dict[str, Any]:
    """What every service's settings need in a test; nobody listens at these addresses."""
    return {
        "redis_url": "redis://127.0.0.1:1",
        "keycloak_url_external": "http://localhost:8180",
        "keycloak_url_internal": "http://127.0.0.1:1",
        "rate_limits": False,
        **more,
    }


def trust(app: Flask, mint: TokenMint) -> Flask:
    """Let `app` accept the tokens that `mint` signs."""
    app.extensions["marquee.verifier"].keys = KeySet(mint.jwks)
    return app
