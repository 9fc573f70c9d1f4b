"""What every page shows around its own content: which cinema, who is looking."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, g, request
from flask_wtf.csrf import generate_csrf

from services.web.clients import Json, movies, or_without
from services.web.page_cache import CSRF_PLACEHOLDER
from services.web.settings import WebSettings
from services.web.visitor import Visitor, current_visitor

CINEMA_COOKIE = "cinema"


@dataclass(frozen=True)
class Site:
    cinemas: list[dict[str, Any]]
    cinema: dict[str, Any] | None
    rules: dict[str, Any] | None
    visitor: Visitor
    path: str
    csrf_token: str


def install(app: Flask) -> None:
    app.context_processor(lambda: {"site": current_site()})


def current_site() -> Site:
    cinemas = all_cinemas()
    return Site(
        cinemas=cinemas,
        cinema=_of_slug(cinemas, chosen_cinema()),
        # Every page asks: also while a movies from before there were rules is being replaced.
        rules=_houses().get("rules"),
        visitor=current_visitor(),
        path=request.full_path.rstrip("?"),
        csrf_token=CSRF_PLACEHOLDER if g.get("page_is_shared") else generate_csrf(),
    )


def chosen_cinema() -> str | None:
    """The slug this browser chose, by the address now or by a cookie before; None means the first."""
    slug = request.args.get("cinema") or request.cookies.get(CINEMA_COOKIE)
    if slug is None:
        return None
    return slug if any(cinema["slug"] == slug for cinema in all_cinemas()) else None


def all_cinemas() -> list[dict[str, Any]]:
    return list(_houses()["cinemas"])


def is_secure() -> bool:
    return WebSettings.current().public_url.startswith("https://")


def _houses() -> Json:
    if "houses" not in g:
        g.houses = or_without(movies().houses) or {"cinemas": []}
    houses: Json = g.houses
    return houses


def _of_slug(cinemas: list[dict[str, Any]], slug: str | None) -> dict[str, Any] | None:
    return next((cinema for cinema in cinemas if cinema["slug"] == slug), cinemas[0] if cinemas else None)
