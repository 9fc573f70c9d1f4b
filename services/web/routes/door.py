"""The door: choose a screening, then scan after scan. All of it works as plain forms; door.js makes it quick."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext

from marquee.clock import utc_now, zone
from marquee.errors import Invalid
from marquee.http import NeighbourAway, NeighbourProblem
from services.web.clients import door, movies, office, or_without
from services.web.errors import sent_json, wants_json
from services.web.pages import Pages, role_page
from services.web.site import chosen_cinema
from services.web.views.door import (
    AROUND_NOW,
    Verdict,
    Watch,
    last_let_in,
    new_scan_id,
    not_checked,
    page_data,
    stock_line,
    tonight,
    undo_reasons,
    verdict_from,
    watch_from,
)
from services.web.visitor import current_visitor

pages = Pages("door", __name__)
STAFF = role_page("staff")
_LONGEST_DOOR_NAME = 40
# What the log keeps, in the language of the log.
REENTRY_REASON = "Stepped out"


@pages.after_request
def allow_camera(response: Response) -> Response:
    response.headers["Permissions-Policy"] = "camera=(self)"
    return response


@pages.get("/door", access=STAFF)
def choose() -> str:
    return _choosing(error="")


@pages.post("/door", access=STAFF)
def take_post() -> Any:
    """Remember which door this device stands at, and open its page."""
    name = request.form.get("door", "").strip()[:_LONGEST_DOOR_NAME]
    session["door"] = name
    session.permanent = True
    try:
        screening = UUID(request.form.get("screening", ""))
    except ValueError:
        return _choosing(error=gettext("Choose the screening first.")), 422
    return redirect(url_for("door.scan_page", screening_id=screening), 303)


@pages.get("/door/<uuid:screening_id>", access=STAFF)
def scan_page(screening_id: UUID) -> str:
    return _scan_page(screening_id, verdict=None)


@pages.post("/door/<uuid:screening_id>/scans", access=STAFF)
def scan(screening_id: UUID) -> Any:
    """A code, scanned or typed. Our script asks for JSON; a plain form gets the page with the verdict."""
    if wants_json():
        body = sent_json("code", "scan_id")
        return door().scan(
            str(body["code"]),
            str(screening_id),
            str(body["scan_id"]),
            _door_name(),
            early=body.get("early") is True,
            reentry_reason=REENTRY_REASON if body.get("back") is True else None,
        )
    code = request.form.get("code", "").strip()
    if not code:
        return redirect(url_for("door.scan_page", screening_id=screening_id), 303)
    verdict = _judged(
        code,
        screening_id,
        request.form.get("scan_id") or new_scan_id(),
        early="early" in request.form,
        reentry_reason=REENTRY_REASON if "back" in request.form else None,
    )
    status = 503 if verdict.result == "unchecked" else 200
    return _scan_page(screening_id, verdict), status


@pages.post("/door/<uuid:screening_id>/frames", access=STAFF)
def scan_frame(screening_id: UUID) -> Any:
    """A camera picture, for browsers that read no codes themselves; 204 when there is none in it."""
    if request.mimetype != "image/jpeg":
        raise Invalid("Send a JPEG.")
    scan_id = request.args.get("scan_id") or new_scan_id()
    answer = door().scan_frame(request.get_data(), str(screening_id), scan_id, _door_name())
    return answer or ("", 204)


@pages.get("/door/<uuid:screening_id>/count", access=STAFF)
def count(screening_id: UUID) -> Any:
    return door().count(str(screening_id), _door_name())


@pages.post("/door/<uuid:screening_id>/admissions/<uuid:admission_id>/undo", access=STAFF)
def undo(screening_id: UUID, admission_id: UUID) -> Any:
    if wants_json():
        return door().undo(str(admission_id), str(sent_json("reason")["reason"]))
    try:
        undone = door().undo(str(admission_id), request.form.get("reason", ""))
    except NeighbourProblem as problem:
        flash(problem.detail or str(problem.problem.get("title", "")), "danger")
    except NeighbourAway:
        flash(gettext("Not taken back: a part of Marquee is away for a moment. Please try again."), "danger")
    else:
        flash(gettext("Seat %(seat)s: taken back.", seat=undone["seat"]), "ok")
    return redirect(url_for("door.scan_page", screening_id=screening_id), 303)


# --- pages ------------------------------------------------------------------------------------------------


def _choosing(error: str) -> str:
    now = utc_now()
    around = or_without(
        lambda: office().screenings(chosen_cinema(), now - AROUND_NOW, now + timedelta(days=1))
    )
    here = now.astimezone(zone(around["cinema"]["timezone"])) if around else now
    return render_template(
        "views/door/choose.html",
        showings=tonight(around["screenings"], here) if around else None,
        cinema=around["cinema"] if around else None,
        today=here.date(),
        door=_door_name(),
        error=error,
    )


def _scan_page(screening_id: UUID, verdict: Verdict | None) -> str:
    watch = _watch(screening_id)
    count = or_without(lambda: door().count(str(screening_id), watch.door))
    let_in = last_let_in(verdict, count)
    return render_template(
        "views/door/scan.html",
        watch=watch,
        verdict=verdict,
        stock=stock_line(watch),
        may_open_early=current_visitor().has("editor"),
        count=count,
        let_in=let_in,
        scan_id=new_scan_id(),
        reasons=undo_reasons(),
        data=page_data(watch, let_in),
    )


def _watch(screening_id: UUID) -> Watch:
    return watch_from(movies().screening(str(screening_id)), _door_name(), utc_now())


def _door_name() -> str:
    return str(session.get("door", ""))


def _judged(
    code: str, screening_id: UUID, scan_id: str, *, early: bool, reentry_reason: str | None
) -> Verdict:
    """Whatever goes wrong on the way, the screen never says ADMIT."""
    try:
        return verdict_from(
            door().scan(
                code, str(screening_id), scan_id, _door_name(), early=early, reentry_reason=reentry_reason
            )
        )
    except NeighbourAway:
        return not_checked()
    except NeighbourProblem as problem:
        return not_checked(problem.detail or str(problem.problem.get("title", "")))
