"""The seat map, and holding seats: the same verbs as a form and, for our scripts, as JSON."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from marquee.clock import zone
from marquee.http import NeighbourAway, NeighbourProblem
from services.web.clients import movies, or_without
from services.web.errors import NO_ANSWER, sent_json, wants_json
from services.web.limits import limited
from services.web.page_cache import shared_page
from services.web.pages import PUBLIC_PAGE, Pages
from services.web.views.booking import Booking, Hold, booking_from, hold_from
from services.web.views.script_data import place_words, seat_page_data
from services.web.views.seat_words import SeatWords
from services.web.views.seatmap import groups_for, seat_map
from services.web.views.showings import film_from, moment, showing_from

pages = Pages("seats", __name__)

MOST_PEOPLE = 8
PEOPLE_COOKIE = "people"


@pages.get("/screenings/<uuid:screening_id>/seats", access=PUBLIC_PAGE)
@shared_page
def seat_map_page(screening_id: UUID) -> str:
    screening = movies().screening(str(screening_id))
    here = zone(screening["cinema"]["timezone"])
    if screening["state"] == "cancelled":
        return _called_off_page(screening)
    states = or_without(lambda: movies().seats(str(screening_id)))
    room = seat_map(
        movies().plan(screening["plan_id"]), states["seats"] if states else {}, screening["prices"]
    )
    people, step_free = wanted_people(), "step_free" in request.args
    hold = my_hold(str(screening_id), screening["cinema"]["timezone"])
    are_yours_unheld = hold is None and "yours" in room.states
    return render_template(
        "views/seats.html",
        screening=screening,
        showing=showing_from(screening, here),
        film=film_from(screening["movie"]),
        room=room,
        words=SeatWords(screening["currency"]),
        rows=groups_for(room, people, step_free=step_free),
        people=people,
        most_people=MOST_PEOPLE,
        step_free=step_free,
        hold=hold,
        hold_words=place_words(hold.labels, room) if hold else "",
        paying=being_paid(str(screening_id)) if are_yours_unheld else None,
        ticket_types=ticket_types_of(screening),
        cancel_until=moment(screening["cancel_until"], here),
        shows_list="list" in request.args,
        is_blind=states is None,
        data=seat_page_data(screening, room, states["version"] if states else "", hold),
    )


@pages.get("/screenings/<uuid:screening_id>/state", access=PUBLIC_PAGE)
def seat_states(screening_id: UUID) -> Any:
    """What the map shows now, for a page that opens its live stream, or lost it for a while."""
    return {"seats": movies().seats(str(screening_id)), "hold": movies().my_hold(str(screening_id))}


@pages.get("/screenings/<uuid:screening_id>/best", access=PUBLIC_PAGE)
def best_seats(screening_id: UUID) -> Any:
    return movies().best_seats(str(screening_id), wanted_people(), step_free="step_free" in request.args)


@pages.post("/screenings/<uuid:screening_id>/hold", access=PUBLIC_PAGE)
@limited("60/minute")
def hold_seats(screening_id: UUID) -> Any:
    """Hold exactly these seats, instead of those held before; none lets them go."""
    if wants_json():
        answer = _hold_or_release(str(screening_id), sent_json("seats")["seats"])
        return answer | {"words": _view_words(str(screening_id), answer["hold"])}
    try:
        hold = _hold_or_release(str(screening_id), _wishes_of_form())
    except (NeighbourAway, NeighbourProblem) as problem:
        flash(_sentence(problem), "danger")
        return redirect(_map_url(screening_id), 303)
    if request.form.get("then") == "pay" and hold["hold"]:
        return redirect(url_for("checkout.checkout_page", hold_id=hold["hold"]["id"]), 303)
    return redirect(_map_url(screening_id), 303)


@pages.post("/screenings/<uuid:screening_id>/pick", access=PUBLIC_PAGE)
@limited("30/minute")
def pick_for_us(screening_id: UUID) -> AnyResponse:
    """Best available, held at once: the way without scripts."""
    step_free = "step_free" in request.form
    try:
        best = movies().best_seats(str(screening_id), wanted_people(), step_free=step_free)
        movies().hold_seats(
            str(screening_id), [{"seat": seat, "ticket_type": "adult"} for seat in best["seats"]]
        )
    except (NeighbourAway, NeighbourProblem) as problem:
        flash(_sentence(problem), "danger")
    else:
        if best["relaxed"]:
            flash(gettext("The best that is left: %(but)s.", but=", ".join(best["relaxed"])), "warn")
    return redirect(_map_url(screening_id), 303)


@pages.post("/holds/<uuid:hold_id>/extend", access=PUBLIC_PAGE)
@limited("20/minute")
def extend_hold(hold_id: UUID) -> Any:
    hold = movies().extend_hold(str(hold_id))
    if wants_json():
        return {"hold": hold}
    if "from_checkout" in request.form:
        return redirect(url_for("checkout.checkout_page", hold_id=hold_id), 303)
    return redirect(_map_url(hold["screening_id"]), 303)


@pages.post("/holds/<uuid:hold_id>/release", access=PUBLIC_PAGE)
def release_hold(hold_id: UUID) -> Any:
    """Let the seats go: by the button, or by the browser itself as the page is left."""
    movies().release_hold(str(hold_id))
    movie_id = request.form.get("movie", type=UUID)
    if movie_id is None:
        return "", 204
    flash(gettext("Your seats are free again. Nothing was charged."), "ok")
    return redirect(url_for("movies.film", movie_id=movie_id), 303)


def _called_off_page(screening: dict[str, Any]) -> str:
    return render_template(
        "views/called_off.html",
        showing=showing_from(screening, zone(screening["cinema"]["timezone"])),
        film=film_from(screening["movie"]),
        cinema=screening["cinema"],
    )


# --- what was asked for -----------------------------------------------------------------------------------


def wanted_people() -> int:
    text = request.values.get("people") or request.cookies.get(PEOPLE_COOKIE) or "2"
    return max(1, min(int(text[:3]), MOST_PEOPLE)) if text.isdecimal() else 2


def my_hold(screening_id: str, zone_name: str) -> Hold | None:
    answer = or_without(lambda: movies().my_hold(screening_id))
    return hold_from(answer, zone_name) if answer and answer["state"] == "held" else None


def being_paid(screening_id: str) -> Booking | None:
    """What this buyer began to pay for: its seats are theirs on the map, but there is no hold to change."""
    found = or_without(movies().my_reservations) or []
    mine = (entry for entry in found if entry["screening"]["id"] == screening_id)
    return next((booking_from(entry) for entry in mine if entry["state"] == "paying"), None)


def ticket_types_of(screening: dict[str, Any]) -> dict[str, list[tuple[str, int]]]:
    """By kind of seat: the ticket types sold for it and their prices, dearest first."""
    types: dict[str, list[tuple[str, int]]] = {}
    for line in screening["prices"]:
        types.setdefault(line["kind"], []).append((line["ticket_type"], line["price_cents"]))
    order = ("adult", "student", "senior", "child", "carer")
    return {kind: sorted(lines, key=lambda line: order.index(line[0])) for kind, lines in types.items()}


def _wishes_of_form() -> list[dict[str, str]]:
    if group := request.form.get("group"):
        return [{"seat": seat, "ticket_type": "adult"} for seat in group.split(",")]
    dropped = request.form.get("drop")
    return [
        {"seat": seat, "ticket_type": request.form.get(f"type-{seat}", "adult")}
        for seat in dict.fromkeys(request.form.getlist("seat"))
        if seat != dropped
    ]


def _hold_or_release(screening_id: str, wishes: list[dict[str, str]]) -> dict[str, Any]:
    if wishes:
        return {"hold": movies().hold_seats(screening_id, wishes)}
    hold = movies().my_hold(screening_id)
    if hold:
        movies().release_hold(hold["id"])
    return {"hold": None}


def _map_url(screening_id: UUID | str) -> str:
    back = "1" if request.form.get("from") == "list" else None
    step_free = "1" if "step_free" in request.form else None
    return url_for(
        "seats.seat_map_page",
        screening_id=screening_id,
        people=wanted_people(),
        list=back,
        step_free=step_free,
    )


def _view_words(screening_id: str, hold: dict[str, Any] | None) -> str:
    if hold is None:
        return ""
    screening = movies().screening(screening_id)
    room = seat_map(movies().plan(screening["plan_id"]), {}, screening["prices"])
    return place_words([seat["seat"] for seat in hold["seats"]], room)


def _sentence(problem: NeighbourAway | NeighbourProblem) -> str:
    if isinstance(problem, NeighbourAway):
        return str(NO_ANSWER)
    alternatives = problem.members.get("alternatives") or []
    offer = (
        gettext("These are free together: %(seats)s.", seats=", ".join(alternatives[0]))
        if alternatives
        else ""
    )
    return " ".join(filter(None, [problem.detail or str(problem.problem.get("title", "")), offer]))
