"""The short forms on the public pages, for editors: a title and a length, a room by rows and seats.

They always lead back to the page they stand on, with a message; the office has the long forms.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from services.web.clients import office
from services.web.pages import Pages
from services.web.routes.manage import EDITOR, house, said
from services.web.views.manage_forms import NOT_DONE, Form

pages = Pages("manage_short", __name__)


@pages.post("/movies/add", access=EDITOR)
def add_movie() -> AnyResponse:
    form = Form(request.form)
    film = {
        "title": form.text("title", gettext("A film needs a title.")),
        "runtime_minutes": form.whole("duration", 1, 1000),
        "synopsis": form.text("description", longest=4000),
    }
    _try(form, lambda: office().add_film(film), gettext("Movie added!"))
    return redirect(url_for("movies.films"), 303)


@pages.post("/movies/<uuid:movie_id>/delete", access=EDITOR)
def delete_movie(movie_id: UUID) -> AnyResponse:
    _try(Form(), lambda: office().remove_film(str(movie_id)), gettext("Movie deleted."))
    return redirect(url_for("movies.films"), 303)


@pages.post("/movies/<uuid:movie_id>/screenings/add", access=EDITOR)
def add_screening(movie_id: UUID) -> AnyResponse:
    form = Form(request.form)
    screening = {
        "room_number": form.text("room_number", gettext("Choose a room."), longest=20),
        "date": form.day("date"),
        "time": form.clock("time"),
        "cinema": house()["slug"],
    }
    _try(form, lambda: office().add_screening_of(str(movie_id), screening), gettext("Screening added!"))
    return redirect(url_for("movies.film", movie_id=movie_id), 303)


@pages.post("/movies/<uuid:movie_id>/screenings/<uuid:screening_id>/delete", access=EDITOR)
def delete_screening(movie_id: UUID, screening_id: UUID) -> AnyResponse:
    _try(
        Form(),
        lambda: office().withdraw_screening(str(movie_id), str(screening_id)),
        gettext("Screening cancelled."),
    )
    return redirect(url_for("movies.film", movie_id=movie_id), 303)


@pages.post("/rooms/add", access=EDITOR)
def add_room() -> AnyResponse:
    form = Form(request.form)
    room = {
        "number": form.text("number", gettext("A room needs a number or a name."), longest=20),
        "rows": form.whole("rows", 1, 40),
        "cols": form.whole("cols", 1, 60),
        "cinema": house()["slug"],
    }
    _try(form, lambda: office().add_room(room), gettext("Room added!"))
    return redirect(url_for("movies.rooms"), 303)


def _try(form: Form, act: Callable[[], Any], done: str) -> None:
    """Do it, unless something typed was wrong; the next page says which of the three it was."""
    if not form.is_fine:
        flash(next(iter(form.errors.values())), "danger")
        return
    try:
        act()
    except NOT_DONE as problem:
        flash(said(problem), "danger")
    else:
        flash(done, "ok")
