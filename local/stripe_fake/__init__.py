"""A stateful stand-in for Stripe: the API, the browser script, webhooks, and switches for what goes wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from flask import Flask, Response, request

from local.stripe_fake import deliveries
from local.stripe_fake.domain.account import Account
from local.stripe_fake.idempotency import IdempotentAnswers
from local.stripe_fake.settings import Settings
from local.stripe_fake.store import Store

# The card element's frame is shown inside the shop's page, so there is no frame-ancestors here; and the
# hosted pages' forms end at the shop's address, so there is no form-action.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'"
)


def create_app(settings: Settings, clock: Callable[[], float] = time.time) -> Flask:
    from local.stripe_fake.routes.api import api
    from local.stripe_fake.routes.browser import browser
    from local.stripe_fake.routes.control import control
    from local.stripe_fake.routes.pages import pages

    app = Flask(__name__, static_folder="static", static_url_path=None)
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    settings.state_file.parent.mkdir(parents=True, exist_ok=True)
    account = Account(settings, Store(settings.state_file), clock)
    account.queue_deliveries = partial(deliveries.queue, account)
    app.extensions["account"] = account
    app.extensions["idempotent_answers"] = IdempotentAnswers(account.store)
    for blueprint in (api, browser, control, pages):
        app.register_blueprint(blueprint)
    app.after_request(_protect)
    return app


def _protect(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    if not request.path.startswith("/v3/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
