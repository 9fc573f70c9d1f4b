"""Films in the office: list, add, change, remove."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup

from marquee.clock import utc_now, zone
from services.web.clients import Json, office, or_without
from services.web.pages import Pages
from services.web.routes.manage import EDITOR, asked, house, said
from services.web.site import all_cinemas
from services.web.views.manage_forms import NOT_DONE, Form
from services.web.views.showings import film_from, moment

pages = Pages("manage_films", __name__)

# Our field for each of theirs.
_FIELDS = {
    name: name
    for name in (
        "title",
        "original_title",
        "year",
        "runtime_minutes",
        "certificate",
        "certificate_reason",
        "language",
        "genres",
        "directors",
        "actors",
        "synopsis",
        "house_line",
    )
}


@pages.get("/manage/films", access=EDITOR)
def film_list() -> str:
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    q = request.args.get("q", "").strip()[:100]
    answer = office().films(page, q)
    found = [film_from(film) for film in answer["movies"]]
    return render_template("views/manage/films.html", house=house(), answer=answer, films=found, q=q)


@pages.get("/manage/films/new", access=EDITOR)
def new_film() -> str:
    blank = {"runtime_minutes": "", "year": utc_now().year}
    return _form_page(Form.filled(blank))


@pages.post("/manage/films/new", access=EDITOR)
def add_film() -> Any:
    form = Form(request.form)
    film = film_in(form)
    if form.is_fine:
        try:
            added = office().add_film(film)
        except NOT_DONE as problem:
            form.take(problem, _FIELDS)
        else:
            flash(_added(added), "ok")
            return redirect(url_for("manage_films.film_list"), 303)
    return asked(_form_page(form), form)


@pages.get("/manage/films/<uuid:movie_id>", access=EDITOR)
def film_page(movie_id: UUID) -> str:
    film = office().film(str(movie_id))
    return _form_page(_filled(film), film)


@pages.post("/manage/films/<uuid:movie_id>", access=EDITOR)
def change_film(movie_id: UUID) -> Any:
    form = Form(request.form)
    film = film_in(form)
    if form.is_fine:
        try:
            changed = office().change_film(str(movie_id), film)
        except NOT_DONE as problem:
            form.take(problem, _FIELDS)
        else:
            flash(gettext("“%(title)s” is changed.", title=changed["title"]), "ok")
            return redirect(url_for("manage_films.film_list"), 303)
    film_now = or_without(lambda: office().film(str(movie_id)))
    return asked(_form_page(form, film_now or {"id": movie_id, "title": form.value("title")}), form)


@pages.get("/manage/films/<uuid:movie_id>/delete", access=EDITOR)
def confirm_removal(movie_id: UUID) -> str:
    """What would go with it, before anything does."""
    chosen = house()
    screenings = office().screenings_of(str(movie_id))
    cinemas = _cinemas_of_rooms() if screenings else {}
    taken = [entry["capacity"] - entry["seats_free"] for entry in screenings]
    return render_template(
        "views/manage/film_delete.html",
        house=chosen,
        film=film_from(office().film(str(movie_id))),
        screenings=[_placed(entry, cinemas[entry["room"]["id"]]) for entry in screenings],
        seats=sum(taken),
    )


@pages.post("/manage/films/<uuid:movie_id>/delete", access=EDITOR)
def remove_film(movie_id: UUID) -> Any:
    try:
        office().remove_film(str(movie_id))
    except NOT_DONE as problem:
        flash(said(problem), "danger")
        return redirect(url_for("manage_films.confirm_removal", movie_id=movie_id), 303)
    flash(gettext("The film is out of the catalogue."), "ok")
    return redirect(url_for("manage_films.film_list"), 303)


def film_in(form: Form) -> Json:
    """The film as movies takes it; `form` collects what is wrong."""
    return {
        "title": form.text("title", gettext("A film needs a title.")),
        "runtime_minutes": form.whole("runtime_minutes", 1, 1000),
        "year": form.whole("year", 1878, 2100),
        "original_title": form.text("original_title"),
        "certificate": form.text("certificate", longest=10),
        "certificate_reason": form.text("certificate_reason"),
        "language": form.text("language", longest=60),
        "is_subtitled": form.flag("is_subtitled"),
        "genres": form.names("genres", most=8, longest=40),
        "directors": form.names("directors", most=8),
        "actors": form.names("actors", most=20),
        "house_line": form.text("house_line"),
        "synopsis": form.text("synopsis", longest=4000),
    }


def _cinemas_of_rooms() -> dict[str, Json]:
    by_slug = {cinema["slug"]: cinema for cinema in all_cinemas()}
    return {room["id"]: by_slug[room["cinema"]] for room in office().rooms(None)}


def _placed(entry: Json, cinema: Json) -> tuple[Json, Json, datetime]:
    """A film plays in several houses: each time is of its own house, whichever is chosen here."""
    return entry, cinema, moment(entry["starts_at"], zone(cinema["timezone"]))


def _filled(film: Json) -> Form:
    facts = {name: film.get(name) or "" for name in _FIELDS}
    lists = {name: ", ".join(film.get(name) or []) for name in ("genres", "directors", "actors")}
    ticked = {"is_subtitled": "on"} if film.get("is_subtitled") else {}
    return Form.filled(facts | lists | ticked)


def _added(film: Json) -> Markup:
    """With the way to what comes next: a film that is not on the schedule is seen by nobody."""
    return Markup('{} <a href="{}">{}</a>').format(
        gettext("“%(title)s” is in the catalogue.", title=film["title"]),
        url_for("manage_screenings.new_screening", film=film["id"]),
        gettext("Put it on the schedule"),
    )


def _form_page(form: Form, film: Json | None = None) -> str:
    return render_template("views/manage/film.html", house=house(), form=form, film=film)
