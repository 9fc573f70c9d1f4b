"""A small stand-in for Keycloak: the same paths, tokens, pages and refusals, on this machine only."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask, Response, abort, jsonify, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from local.issuer.backchannel import Poster, post_form
from local.issuer.errors import OAuthError, PageError
from local.issuer.issuer import Issuer
from local.issuer.settings import Settings
from marquee.typography import font_dir

# The forms end, by redirects, at the application's address: form-action would stop them there.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src data:; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def create_app(settings: Settings, clock: Callable[[], float] = time.time, post: Poster = post_form) -> Flask:
    from local.issuer.routes.admin import AdminRefused, admin, rest
    from local.issuer.routes.cookies import write_cookies
    from local.issuer.routes.discovery import discovery
    from local.issuer.routes.login import login
    from local.issuer.routes.logout import logout
    from local.issuer.routes.registration import registration
    from local.issuer.routes.token import token

    app = Flask(__name__, static_url_path="/resources/login")
    app.config["MAX_CONTENT_LENGTH"] = 100_000
    issuer = Issuer(settings, clock, post)
    app.extensions["issuer"] = issuer
    for blueprint in (admin, rest, discovery, login, logout, registration, token):
        app.register_blueprint(blueprint)
    app.add_url_rule(
        "/resources/fonts/<path:name>", "fonts", lambda name: send_from_directory(font_dir(), name)
    )
    app.url_value_preprocessor(_take_realm)
    app.register_error_handler(OAuthError, _oauth_error)
    app.register_error_handler(PageError, _page_error)
    app.register_error_handler(AdminRefused, _admin_refused)
    app.after_request(write_cookies)
    app.after_request(_protect)
    return app


def _take_realm(endpoint: str | None, values: dict[str, str] | None) -> None:
    """There is one realm; every path names it, no view needs it."""
    from local.issuer.issuer import current_issuer

    realm = (values or {}).pop("realm", None)
    if realm is not None and realm != current_issuer().realm.name:
        abort(404)


def _oauth_error(error: OAuthError) -> ResponseReturnValue:
    return jsonify(error=error.error, error_description=error.description), error.status


def _page_error(error: PageError) -> ResponseReturnValue:
    return render_template("error.html", message=error.message), error.status


def _admin_refused(error: Exception) -> ResponseReturnValue:
    status: int = error.status  # type: ignore[attr-defined]
    name = "errorMessage" if status in (400, 409) else "error"
    return jsonify({name: str(error)}), status


def _protect(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    if not request.path.startswith("/resources/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
