"""Home: what plays, day by day."""

import re
from datetime import date
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from services.web.clients import movies, or_without
from services.web.page_cache import shared_page
from services.web.pages import PUBLIC_PAGE, Pages
from services.web.site import CINEMA_COOKIE, all_cinemas, chosen_cinema, is_secure
from services.web.views.programme import programme_page

pages = Pages("programme", __name__)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEAR_SECONDS = 31_536_000


@pages.get("/", access=PUBLIC_PAGE)
@shared_page
def home() -> str:
    answer = or_without(lambda: movies().programme(chosen_cinema(), wanted_day()))
    page = programme_page(answer, tuple(request.args.getlist("show"))) if answer else None
    return render_template("views/home.html", page=page)


@pages.get("/cinemas/<slug>", access=PUBLIC_PAGE)
def choose_cinema(slug: str) -> AnyResponse:
    """Remember this cinema on this device, and go home, or to the film that was looked at."""
    film = request.args.get("film", type=UUID)
    day = wanted_day()
    response: AnyResponse = redirect(
        url_for("movies.film", movie_id=film, day=day, cinema=slug)
        if film
        else url_for("programme.home", day=day)
    )
    if any(cinema["slug"] == slug for cinema in all_cinemas()):
        response.set_cookie(
            CINEMA_COOKIE, slug, max_age=_YEAR_SECONDS, samesite="Lax", secure=is_secure(), httponly=True
        )
    return response


@pages.get("/help", access=PUBLIC_PAGE)
@shared_page
def house_rules() -> str:
    return render_template("views/help.html")


@pages.get("/robots.txt", access=PUBLIC_PAGE)
def robots() -> Response:
    text = (
        "User-agent: *\nDisallow: /checkout/\nDisallow: /bookings\nDisallow: /live/\nDisallow: /screenings/\n"
    )
    response = make_response(text)
    response.content_type = "text/plain; charset=utf-8"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def wanted_day() -> str | None:
    """?day=2026-11-21; anything that is no day means today."""
    text = request.args.get("day", "")
    try:
        return date.fromisoformat(text).isoformat() if _DAY.fullmatch(text) else None
    except ValueError:
        return None
