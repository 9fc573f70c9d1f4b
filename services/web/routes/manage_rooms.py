"""Rooms in the office, and the editor of their seat plans."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext

from marquee.clock import utc_now
from services.web.clients import Json, office
from services.web.pages import Pages
from services.web.routes.manage import EDITOR, asked, house, house_of, said, span_of
from services.web.views.manage_forms import NOT_DONE, Form, NotDone, kind_of
from services.web.views.manage_plans import LETTERS, drawing_of, form_of, layout_of
from services.web.views.manage_week import OfficeShowing, today_at

pages = Pages("manage_rooms", __name__)

_FIELDS = {name: name for name in ("number", "about", "step_free", "cleaning_minutes", "rows", "cols")}
_PLAN_FIELDS = {"rows": "rows", "layout": "rows", "curve": "curve", "turn": "turn", "notes": "notes"}
_LOOK_AHEAD = timedelta(days=30)


@pages.get("/manage/rooms", access=EDITOR)
def room_list() -> str:
    return _list_page(Form.filled({"cleaning_minutes": 15, "step_free": "on"}))


@pages.post("/manage/rooms", access=EDITOR)
def add_room() -> Any:
    form = Form(request.form)
    room = room_in(form) | {"rows": form.whole("rows", 1, 40), "cols": form.whole("cols", 1, 60)}
    if form.is_fine:
        try:
            added = office().add_room(room | {"cinema": house()["slug"]})
        except NOT_DONE as problem:
            _explain(form, problem)
        else:
            flash(_built(added), "ok")
            return redirect(url_for("manage_rooms.room_page", room_id=added["id"]), 303)
    return asked(_list_page(form), form)


@pages.get("/manage/rooms/<uuid:room_id>", access=EDITOR)
def room_page(room_id: UUID) -> str:
    room = office().room(str(room_id))
    return _room_page(room, _filled(room))


@pages.post("/manage/rooms/<uuid:room_id>", access=EDITOR)
def change_room(room_id: UUID) -> Any:
    form = Form(request.form)
    room = room_in(form)
    if form.is_fine:
        try:
            changed = office().change_room(str(room_id), room)
        except NOT_DONE as problem:
            _explain(form, problem)
        else:
            flash(gettext("Screen %(number)s is changed.", number=changed["number"]), "ok")
            return redirect(url_for("manage_rooms.room_page", room_id=room_id), 303)
    return asked(_room_page(office().room(str(room_id)), form), form)


@pages.get("/manage/rooms/<uuid:room_id>/delete", access=EDITOR)
def confirm_removal(room_id: UUID) -> str:
    """What would go with it, before anything does."""
    room = office().room(str(room_id))
    items = _to_come(room)
    return render_template(
        "views/manage/room_delete.html",
        house=house_of(room),
        room=room,
        items=items,
        sold=sum(item.sold + item.held for item in items),
    )


@pages.post("/manage/rooms/<uuid:room_id>/delete", access=EDITOR)
def remove_room(room_id: UUID) -> Any:
    try:
        office().remove_room(str(room_id))
    except NOT_DONE as problem:
        flash(said(problem), "danger")
        return redirect(url_for("manage_rooms.confirm_removal", room_id=room_id), 303)
    flash(gettext("The room is closed."), "ok")
    return redirect(url_for("manage_rooms.room_list"), 303)


# --- seat plans -------------------------------------------------------------------------------------------


@pages.get("/manage/rooms/<uuid:room_id>/plan", access=EDITOR)
def plan_page(room_id: UUID) -> str:
    room = office().room(str(room_id))
    plan = office().plan(room["plan_id"])
    return _plan_page(room, form_of(plan), plan)


@pages.post("/manage/rooms/<uuid:room_id>/plan/preview", access=EDITOR)
def preview_plan(room_id: UUID) -> Any:
    """What the text would become. Our script asks for the drawing alone, by the header Accept-Part."""
    form = Form(request.form)
    preview = _preview(form)
    if request.headers.get("Accept-Part") == "drawing":
        return asked(render_template("views/manage/plan_drawing.html", form=form, **_drawn(preview)), form)
    return asked(_plan_page(office().room(str(room_id)), form, preview), form)


@pages.post("/manage/rooms/<uuid:room_id>/plan", access=EDITOR)
def save_plan(room_id: UUID) -> Any:
    form = Form(request.form)
    layout = layout_of(form)
    if form.is_fine:
        try:
            saved = office().save_plan(str(room_id), layout)
        except NOT_DONE as problem:
            form.take(problem, _PLAN_FIELDS)
        else:
            flash(_saved(saved), "ok")
            return redirect(url_for("manage_rooms.room_page", room_id=room_id), 303)
    return asked(_plan_page(office().room(str(room_id)), form, None), form)


def _preview(form: Form) -> Json | None:
    layout = layout_of(form)
    if form.is_fine:
        try:
            return office().preview_plan(layout)
        except NOT_DONE as problem:
            form.take(problem, _PLAN_FIELDS)
    return None


def _plan_page(room: Json, form: Form, preview: Json | None) -> str:
    return render_template(
        "views/manage/plan.html",
        house=house_of(room),
        room=room,
        form=form,
        letters=LETTERS,
        **_drawn(preview),
    )


def _drawn(preview: Json | None) -> dict[str, Any]:
    if preview is None:
        return {"drawing": None, "warnings": []}
    return {"drawing": drawing_of(preview), "warnings": preview.get("warnings") or []}


def _saved(saved: Json) -> str:
    moved, kept = len(saved["moved"]), len(saved["kept"])
    words = [gettext("Saved as version %(version)s.", version=saved["plan"]["version"])]
    if moved:
        words.append(ngettext("%(num)s screening took it.", "%(num)s screenings took it.", moved))
    if kept:
        words.append(
            ngettext(
                "%(num)s screening keeps the plan it was sold with.",
                "%(num)s screenings keep the plan they were sold with.",
                kept,
            )
        )
    return " ".join([*words, *saved["plan"].get("warnings", [])])


# --- rooms ------------------------------------------------------------------------------------------------


def room_in(form: Form) -> Json:
    return {
        "number": form.text("number", gettext("A room needs a number or a name."), longest=20),
        "about": form.text("about"),
        "step_free": form.flag("step_free"),
        "cleaning_minutes": form.whole("cleaning_minutes", 0, 120),
    }


def _explain(form: Form, problem: NotDone) -> None:
    if kind_of(problem) == "/problems/room-exists":
        form.fail("number", said(problem))
    else:
        form.take(problem, _FIELDS)


def _filled(room: Json) -> Form:
    facts = {name: room[name] for name in ("number", "about", "cleaning_minutes")}
    return Form.filled(facts | ({"step_free": "on"} if room["step_free"] else {}))


def _built(room: Json) -> str:
    facts = {"number": room["number"], "seats": room["capacity"]}
    return str(gettext("Screen %(number)s has %(seats)s seats. Its plan can be shaped now.", **facts))


def _to_come(room: Json) -> list[OfficeShowing]:
    cinema = house_of(room)
    today = today_at(cinema["timezone"], utc_now())
    week = span_of(cinema, today, today + _LOOK_AHEAD)
    items = (item for day in week.days for item in day.items if item.showing.starts > week.now)
    return [item for item in items if item.showing.room == room["number"]]


def _list_page(form: Form) -> str:
    cinema = house()
    return render_template(
        "views/manage/rooms.html", house=cinema, rooms=office().rooms(cinema["slug"]), form=form
    )


def _room_page(room: Json, form: Form) -> str:
    plan = office().plan(room["plan_id"])
    return render_template(
        "views/manage/room.html", house=house_of(room), room=room, form=form, drawing=drawing_of(plan)
    )
