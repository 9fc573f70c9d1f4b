"""The office: today, and which house it is about."""

from datetime import date
from typing import Any

from flask import Response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from marquee.clock import utc_now
from marquee.errors import NotFound
from marquee.http import NeighbourAway
from services.web.clients import Json, movies, office
from services.web.pages import PUBLIC_PAGE, Pages, role_page
from services.web.site import CINEMA_COOKIE, all_cinemas, chosen_cinema, is_secure
from services.web.views.manage_forms import Form, NotDone
from services.web.views.manage_week import Week, timeline_css, today_at, week_from

pages = Pages("manage", __name__)
EDITOR = role_page("editor")
_YEAR_SECONDS = 31_536_000


@pages.get("/manage", access=EDITOR)
def today() -> str:
    cinema = house()
    day = today_at(cinema["timezone"], utc_now())
    week = span_of(cinema, day, day)
    return render_template("views/manage/today.html", house=cinema, day=week.days[0], now=week.now)


@pages.get("/manage/cinemas/<slug>", access=EDITOR)
def choose_house(slug: str) -> AnyResponse:
    """Remember this house on this device, as the programme does."""
    response: AnyResponse = redirect(url_for("manage.today"))
    if any(cinema["slug"] == slug for cinema in all_cinemas()):
        response.set_cookie(
            CINEMA_COOKIE, slug, max_age=_YEAR_SECONDS, samesite="Lax", secure=is_secure(), httponly=True
        )
    return response


@pages.get("/manage/timeline.css", access=PUBLIC_PAGE)
def timeline() -> Response:
    response = Response(timeline_css(), content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


# --- for the other pages of the office --------------------------------------------------------------------


def house() -> Json:
    """The cinema this browser works for: the one it chose, or the first."""
    cinemas = all_cinemas() or movies().houses()["cinemas"]
    if not cinemas:
        raise NotFound(gettext("There is no cinema yet."))
    slug = chosen_cinema()
    return next((cinema for cinema in cinemas if cinema["slug"] == slug), cinemas[0])


def house_of(thing: Json) -> Json:
    """The cinema that a room or a price card belongs to: its address may be older than the choice of house."""
    return next((cinema for cinema in all_cinemas() if cinema["id"] == thing["cinema_id"]), house())


def span_of(cinema: Json, first: date, last: date, rooms: list[str] | None = None) -> Week:
    schedule = office().schedule(cinema["slug"], first.isoformat(), last.isoformat())
    return week_from(schedule, rooms or [], utc_now())


def said(problem: NotDone) -> str:
    """A refusal as one sentence for a message on the next page."""
    if isinstance(problem, NeighbourAway):
        return str(
            gettext(
                "No answer: a part of Marquee is away for a moment. Look whether it is done before you try again."
            )
        )
    title = str(problem.problem.get("title", ""))
    return ". ".join(filter(None, [title, problem.detail]))


def asked(page: str, form: Form) -> Any:
    """The page again with everything typed: 422 when something in it was wrong, 503 when nobody took it."""
    return page if form.is_fine else (page, form.status)
