"""The website: server-rendered pages, the live stream behind them, static files. It owns no data."""

from datetime import timedelta
from typing import Any

from flask import Flask, request
from flask_babel import Babel

from marquee.app import build_app, seal
from marquee.cookies import is_secure
from marquee.live import Hub
from marquee.settings import several
from services.web import assets, errors, formats, security, site
from services.web.clients import Neighbours, neighbours_from
from services.web.recent import Recent
from services.web.routes import (
    account,
    bookings,
    checkout,
    door,
    live,
    lookups,
    manage,
    manage_films,
    manage_prices,
    manage_refunds,
    manage_rooms,
    manage_screenings,
    manage_short,
    movies,
    programme,
    seats,
)
from services.web.settings import WebSettings
from services.web.visitor import Sessions

BUYING = (programme, movies, seats, checkout, bookings, lookups, account, live)
STAFF = (
    door,
    manage,
    manage_films,
    manage_prices,
    manage_refunds,
    manage_rooms,
    manage_screenings,
    manage_short,
)
# A language is offered once its catalogue exists.
LANGUAGES = ["en_GB"]
# Of whole pages, the largest a few hundred KB: an address may be asked for with anything behind its question mark.
MOST_PAGES = 100


def create_app(settings: WebSettings | None = None, *, neighbours: Neighbours | None = None) -> Flask:
    settings = settings or WebSettings.from_environment()
    app = build_app(__name__, settings, apis=[], description="The website.", static_folder=None)
    app.extensions["marquee.neighbours"] = neighbours or neighbours_from(settings)
    app.extensions["marquee.sessions"] = Sessions(app.extensions["marquee.neighbours"].auth)
    app.extensions["marquee.hub"] = Hub(settings.redis_url)
    app.extensions["marquee.pages"] = Recent(most=MOST_PAGES)
    _configure_session(app, settings)
    Babel(app, default_locale="en_GB", locale_selector=_language)
    formats.install(app)
    assets.install(app)
    site.install(app)
    errors.install(app)
    security.install(app)
    for module in BUYING + STAFF:
        app.register_blueprint(module.pages)
    return seal(app)


def _configure_session(app: Flask, settings: WebSettings) -> None:
    """Our own signed cookie: the guest's token, the form token, messages for the next page."""
    secure = is_secure(settings.public_url)
    key, *older_keys = several(settings.secret_key)
    options: dict[str, Any] = {
        "SECRET_KEY": key,
        "SECRET_KEY_FALLBACKS": older_keys,
        # Of form tokens, where the library wants the oldest first and signs with the last.
        "WTF_CSRF_SECRET_KEY": [*reversed(older_keys), key],
        "SESSION_COOKIE_NAME": "__Host-marquee-web" if secure else "marquee-web",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_PATH": "/",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=60),
        "SESSION_REFRESH_EACH_REQUEST": False,
    }
    app.config.update(options)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _language() -> str:
    return request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
