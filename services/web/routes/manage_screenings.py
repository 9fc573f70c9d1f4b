"""The schedule in the office: the week, a screening, its orders, calling it off."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext

from marquee.clock import utc_now, zone
from services.web.clients import Json, office
from services.web.formats import long_day
from services.web.pages import Pages
from services.web.routes.manage import EDITOR, asked, house, said, span_of
from services.web.routes.programme import wanted_day
from services.web.views.manage_forms import NOT_DONE, Form, NotDone, kind_of
from services.web.views.manage_screening import (
    FORMATS,
    Clash,
    can_be_called_off,
    clash_of,
    filled,
    film_words,
    is_clash,
    room_words,
    screening_in,
    suggested,
)
from services.web.views.manage_week import affected, today_at, week_of
from services.web.views.showings import moment, showing_from

pages = Pages("manage_screenings", __name__)

_FIELDS = {
    "movie_id": "film",
    "room_id": "room",
    "starts_at": "time",
    "date": "date",
    "time": "time",
    "formats": "formats",
    "trailer_minutes": "trailer_minutes",
    "price_card_id": "price_card",
}
# Refusals that are about the start.
_ABOUT_START = {"/problems/start-passed", "/problems/start-too-far", "/problems/no-such-time"}


@pages.get("/manage/schedule", access=EDITOR)
def schedule() -> str:
    cinema = house()
    today = today_at(cinema["timezone"], utc_now())
    day = date.fromisoformat(wanted_day() or today.isoformat())
    rooms = [str(room["number"]) for room in office().rooms(cinema["slug"])]
    week = span_of(cinema, *week_of(day), rooms)
    view = "day" if request.args.get("view") == "day" else "week"
    return render_template(
        "views/manage/week.html", house=cinema, week=week, chosen=week.of(day), today=today, view=view
    )


@pages.get("/manage/screenings/new", access=EDITOR)
def new_screening() -> str:
    today = today_at(house()["timezone"], utc_now())
    form = Form.filled(
        {
            "film": request.args.get("film", ""),
            "room": request.args.get("room", ""),
            "date": wanted_day() or today.isoformat(),
            "time": "",
            "trailer_minutes": 15,
        }
    )
    return _form_page(form)


@pages.post("/manage/screenings/new", access=EDITOR)
def add_screening() -> Any:
    form, clash = _form_of_request(), None
    wanted = screening_in(form)
    if form.is_fine:
        try:
            added = office().add_screening(wanted)
        except NOT_DONE as problem:
            clash = _explain(form, problem, house())
        else:
            flash(_announced(added), "ok")
            return redirect(_after_adding(form, wanted), 303)
    return asked(_form_page(form, clash=clash), form)


@pages.get("/manage/screenings/<uuid:screening_id>", access=EDITOR)
def screening_page(screening_id: UUID) -> str:
    screening = office().screening(str(screening_id))
    return _form_page(filled(screening), screening)


@pages.post("/manage/screenings/<uuid:screening_id>", access=EDITOR)
def change_screening(screening_id: UUID) -> Any:
    form, clash = _form_of_request(), None
    screening = office().screening(str(screening_id))
    wanted = screening_in(form)
    if form.is_fine:
        try:
            changed = office().change_screening(str(screening_id), wanted)
        except NOT_DONE as problem:
            clash = _explain(form, problem, screening["cinema"])
        else:
            flash(_announced(changed), "ok")
            return redirect(url_for("manage_screenings.schedule", day=wanted["date"]), 303)
    return asked(_form_page(form, screening, clash), form)


@pages.get("/manage/screenings/<uuid:screening_id>/orders", access=EDITOR)
def orders(screening_id: UUID) -> str:
    screening = office().screening(str(screening_id))
    here = zone(screening["cinema"]["timezone"])
    found = office().orders(str(screening_id))["orders"]
    return render_template(
        "views/manage/orders.html",
        house=screening["cinema"],
        showing=showing_from(screening, here),
        orders=[(order, moment(order["created_at"], here)) for order in found],
        paid=affected(found),
    )


@pages.get("/manage/screenings/<uuid:screening_id>/cancel", access=EDITOR)
def confirm_cancelling(screening_id: UUID) -> str:
    return _cancel_page(screening_id, Form())


@pages.post("/manage/screenings/<uuid:screening_id>/cancel", access=EDITOR)
def cancel_screening(screening_id: UUID) -> Any:
    form = Form(request.form)
    reason = form.text("reason", gettext("Say why: everybody who booked reads it."))
    if form.is_fine:
        try:
            office().cancel_screening(str(screening_id), reason)
        except NOT_DONE as problem:
            form.take(problem, {"reason": "reason"})
        else:
            flash(gettext("The screening is called off. Everybody who paid gets the money back."), "ok")
            return redirect(url_for("manage_screenings.schedule", day=request.form.get("day")), 303)
    return asked(_cancel_page(screening_id, form), form)


@pages.post("/manage/screenings/<uuid:screening_id>/withdraw", access=EDITOR)
def withdraw_screening(screening_id: UUID) -> Any:
    """Take an unsold one off the programme: there is nobody to tell."""
    screening = office().screening(str(screening_id))
    try:
        office().withdraw_screening(screening["movie_id"], str(screening_id))
    except NOT_DONE as problem:
        flash(said(problem), "danger")
        return redirect(url_for("manage_screenings.confirm_cancelling", screening_id=screening_id), 303)
    flash(gettext("The screening is off the programme."), "ok")
    return redirect(url_for("manage_screenings.schedule", day=request.form.get("day")), 303)


# --- what was asked ---------------------------------------------------------------------------------------


def _form_of_request() -> Form:
    """With the start that a clash offered, when its button was pressed."""
    typed = request.form.copy()
    day, _, clock = typed.pop("start_at", "").partition("T")
    if clock:
        typed["date"], typed["time"] = day, clock
    return Form(typed)


def _explain(form: Form, problem: NotDone, cinema: Json) -> Clash | None:
    if is_clash(problem):
        clash = clash_of(problem, zone(cinema["timezone"]))
        form.fail("time", clash.sentence)
        return clash
    if kind_of(problem) in _ABOUT_START:
        form.fail("time", said(problem))
    elif kind_of(problem) == "/problems/prices-missing":
        form.fail("price_card", said(problem))
    else:
        form.take(problem, _FIELDS)
    return None


# --- pages ------------------------------------------------------------------------------------------------


def _form_page(form: Form, screening: Json | None = None, clash: Clash | None = None) -> str:
    cinema = screening["cinema"] if screening else house()
    rooms = office().rooms(cinema["slug"])
    return render_template(
        "views/manage/screening.html",
        house=cinema,
        form=form,
        screening=screening,
        showing=showing_from(screening, zone(cinema["timezone"])) if screening else None,
        can_be_called_off=screening is not None and can_be_called_off(screening),
        clash=clash,
        films_options=[(film["id"], film_words(film)) for film in office().all_films()],
        rooms_options=[(room["id"], room_words(room)) for room in rooms],
        cards_options=[(card["id"], card["name"]) for card in office().price_cards(cinema["slug"])],
        formats=list(dict.fromkeys([*FORMATS, *form.values("formats")])),
        neighbours=_same_room(cinema, rooms, form),
        offer=suggested(clash),
    )


def _same_room(cinema: Json, rooms: list[Json], form: Form) -> Any:
    """What else plays in the chosen room that day; nothing before both are chosen, or for a day that cannot be."""
    room = next((room for room in rooms if room["id"] == form.value("room")), None)
    try:
        day = date.fromisoformat(form.value("date"))
    except ValueError:
        return None
    if room is None:
        return None
    try:
        found = span_of(cinema, day, day).days[0].items
    except NOT_DONE:
        return None
    return {
        "room": room["number"],
        "day": day,
        "items": [i for i in found if i.showing.room == room["number"]],
    }


def _cancel_page(screening_id: UUID, form: Form) -> str:
    screening = office().screening(str(screening_id))
    showing = showing_from(screening, zone(screening["cinema"]["timezone"]))
    found = office().orders(str(screening_id))["orders"]
    return render_template(
        "views/manage/cancel.html",
        house=screening["cinema"],
        form=form,
        showing=showing,
        can_be_called_off=can_be_called_off(screening),
        paid=affected(found),
        paying=sum(order["state"] == "paying" for order in found),
        taken=screening["capacity"] - screening["seats_free"],
    )


def _announced(screening: Json) -> str:
    starts = moment(screening["starts_at"], zone(screening["cinema"]["timezone"]))
    facts = {
        "title": screening["title"],
        "day": long_day(starts),
        "time": f"{starts:%H:%M}",
        "room": screening["room"]["number"],
    }
    return str(gettext("“%(title)s” plays on %(day)s at %(time)s in Screen %(room)s.", **facts))


def _after_adding(form: Form, wanted: Json) -> str:
    if form.value("then") == "another":
        return url_for("manage_screenings.new_screening", room=wanted["room_id"], day=wanted["date"])
    return url_for("manage_screenings.schedule", day=wanted["date"])
