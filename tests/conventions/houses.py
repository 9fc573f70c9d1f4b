"""All seven services in one process, each on a real migrated database: what the repository's own tests look at."""

import base64
import importlib
from collections.abc import Callable
from typing import Any

from cryptography.fernet import Fernet
from flask import Flask

from marquee.migrate import SERVICES as WITH_DATABASE
from marquee.settings import Settings
from marquee.testing.apps import settings_for_tests, trust
from marquee.testing.tokens import TokenMint

SERVICES = (*WITH_DATABASE, "web")
_NOBODY = "http://127.0.0.1:1"

# What a service cannot start without, besides what all need.
_OWN: dict[str, dict[str, Any]] = {
    "auth": {
        "login_client_secret": "secret",
        "session_key": Fernet.generate_key().decode(),
        "auth_url_external": "http://localhost:5001",
    },
    # One caller tries everything.
    "movies": {"holds_per_holder": 99},
    "payment": {
        "stripe_api_key": "sk_test_marquee",
        "stripe_api_base": _NOBODY,
        "stripe_webhook_secret": "whsec_test",
    },
    "ticket": {"ticket_signing_keys": f"1:{base64.b64encode(b'k' * 32).decode()}"},
    "notification": {"ticket_url": _NOBODY},
    "web": {
        "secret_key": "s" * 32,
        "auth_url_external": "http://localhost:5001",
        "stripe_publishable_key": "pk_test_marquee",
        **{f"{name}_url": _NOBODY for name in WITH_DATABASE},
    },
}


def settings_class(service: str) -> type[Settings]:
    """By habit services/<name>/settings.py holds <Name>Settings."""
    module = importlib.import_module(f"services.{service}.settings")
    found: type[Settings] = getattr(module, f"{service.capitalize()}Settings")
    return found


def build(service: str, mint: TokenMint, database_url: str | None, **more: Any) -> Flask:
    """The service's app as gunicorn would build it, believing the tokens of `mint`."""
    given = settings_for_tests(public_url="http://localhost:8081", **_OWN.get(service, {}), **more)
    if database_url:
        given |= {"database_url": database_url, "database_pool_size": 8}
    create: Callable[..., Flask] = importlib.import_module(f"services.{service}").create_app
    return trust(create(settings_class(service)(**given)), mint)
