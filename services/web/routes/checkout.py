"""Paying: one page, one email field, and no way to pay twice.

A hold and the reservation it becomes share their id, so every step here is named by it: two tabs, a reload or a
second click always meet the same reservation, and the same payment.
"""

import time
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from marquee.clock import zone
from marquee.errors import NotFound
from marquee.http import NeighbourAway, NeighbourProblem
from services.web.clients import Json, movies, or_without, payments, take_along_what_was_held_as_a_guest
from services.web.errors import NO_ANSWER, sent_json, wants_json
from services.web.limits import limited
from services.web.pages import PUBLIC_PAGE, Pages
from services.web.routes.bookings import decline_of
from services.web.security import allow_payment
from services.web.settings import WebSettings
from services.web.views.booking import booking_from, hold_from
from services.web.views.checkout import decline_words, expected_amount, payment_page_data
from services.web.views.showings import film_from, moment, showing_from
from services.web.visitor import current_visitor

pages = Pages("checkout", __name__)

_POLL_SECONDS = 0.15


@pages.get("/checkout/<uuid:hold_id>", access=PUBLIC_PAGE)
def checkout_page(hold_id: UUID) -> str | AnyResponse:
    booking = _reservation_or_none(hold_id)
    if booking and booking["state"] not in {"held", "paying"}:
        return redirect(url_for("bookings.booking_page", reservation_id=hold_id))
    hold = movies().hold(str(hold_id))
    screening = movies().screening(hold["screening_id"])
    return _checkout(hold, screening, booking if booking and booking["state"] == "paying" else None)


@pages.post("/checkout/<uuid:hold_id>/pay", access=PUBLIC_PAGE)
@limited("30/minute")
def pay(hold_id: UUID) -> Any:
    """Turn the hold into a reservation being paid: for the card form, or for the provider's own page."""
    form = sent_json("email") if wants_json() else request.form
    method = "element" if wants_json() else "hosted"
    take_along_what_was_held_as_a_guest()
    try:
        booking = movies().reserve(
            str(hold_id), str(form.get("email", "")).strip(), str(form.get("name", "")).strip(), method
        )
    except (NeighbourAway, NeighbourProblem) as problem:
        if wants_json():
            raise
        session["typed"] = {name: form.get(name, "")[:254] for name in ("email", "name")}
        if reason := _reason_by_field(problem).get("email"):
            session["typed"]["email_error"] = _wrong_address(form.get("email", ""), reason)
        else:
            flash(_sentence(problem), "danger")
        return redirect(url_for("checkout.checkout_page", hold_id=hold_id), 303)
    payment = None
    if booking["state"] == "paying":
        payment = _payment_with(booking, "client_secret" if method == "element" else "hosted_url")
    if wants_json():
        return _what_the_card_form_needs(hold_id, payment)
    hosted = payment and payment["hosted_url"]
    return redirect(hosted or url_for(".booking", hold_id=hold_id), 303)


@pages.post("/checkout/<uuid:hold_id>/check", access=PUBLIC_PAGE)
@limited("60/minute")
def check(hold_id: UUID) -> Any:
    """After an answer from the bank: read the truth back, and how long the seats are held now."""
    key = movies().reservation(str(hold_id))["link_key"]
    payment = or_without(lambda: payments().check(str(hold_id), key))
    booking = movies().reservation(str(hold_id))
    return {"payment": payment, "state": booking["state"], "hold": _clock_of(booking)}


@pages.post("/checkout/<uuid:hold_id>/back", access=PUBLIC_PAGE)
def back_to_seats(hold_id: UUID) -> AnyResponse:
    """The buyer goes back to the map: a payment that was begun is called off first."""
    booking = _reservation_or_none(hold_id)
    if booking and booking["state"] == "paying":
        movies().release_reservation(str(hold_id))
    screening_id = booking["screening"]["id"] if booking else request.form.get("screening", type=UUID)
    if screening_id is None:
        raise NotFound("There is no such screening.")
    return redirect(url_for("seats.seat_map_page", screening_id=screening_id), 303)


@pages.get("/checkout/<uuid:hold_id>/booking", access=PUBLIC_PAGE)
def booking(hold_id: UUID) -> AnyResponse:
    return redirect(url_for("bookings.booking_page", reservation_id=hold_id))


def _checkout(hold: Json, screening: Json, booking: Json | None) -> str:
    allow_payment()
    settings = WebSettings.current()
    here = screening["cinema"]["timezone"]
    held = hold_from(hold, here)
    decline = None
    if booking:
        # Only a hold can be kept longer; a payment has its own time.
        held = replace(held, extensions_left=0)
        decline = decline_of(booking_from(booking))
    typed = session.pop("typed", {})
    return render_template(
        "views/checkout.html",
        hold=held,
        screening=screening,
        showing=showing_from(screening, zone(here)),
        film=film_from(screening["movie"]),
        cancel_until=moment(screening["cancel_until"], zone(here)),
        email=typed.get("email") or (booking or {}).get("email") or _own_email(),
        email_error=typed.get("email_error", ""),
        name=typed.get("name") or (booking or {}).get("name") or current_visitor().name,
        decline=decline_words(decline["code"], decline["message"]) if decline else "",
        stripe_js_url=settings.stripe_js_url,
        data=payment_page_data(settings, held, screening),
    )


def _sentence(problem: NeighbourAway | NeighbourProblem) -> str:
    if isinstance(problem, NeighbourAway):
        return str(NO_ANSWER)
    return str(problem.detail or problem.problem.get("title", ""))


def _reason_by_field(problem: NeighbourAway | NeighbourProblem) -> dict[str, str]:
    errors = problem.problem.get("errors") if isinstance(problem, NeighbourProblem) else None
    return {error["field"]: error.get("detail", "") for error in errors or []}


def _wrong_address(typed: str, reason: str) -> str:
    """What letters of other alphabets may be wrong with is not for us to know."""
    needed = str(gettext("We need an address to send the ticket to, like mia@example.org."))
    return needed if typed.isascii() else f"{needed} {reason[:1].upper()}{reason[1:]}."


def _own_email() -> str:
    person = current_visitor().person
    return person.email if person else ""


def _reservation_or_none(hold_id: UUID) -> Json | None:
    try:
        return movies().reservation(str(hold_id))
    except NeighbourProblem as problem:
        if problem.code != 404:
            raise
        return None


def _payment_with(booking: Json, wanted: str) -> Json | None:
    """Payment learns of the reservation by event: wait until it has what we need, a few seconds at most.

    One that another tab has paid meanwhile never will: it is answered as it is.
    """
    settings = WebSettings.current()
    deadline = time.monotonic() + settings.payment_wait_seconds
    while time.monotonic() < deadline:
        payment = _payment_or_none(booking)
        if payment and (payment.get(wanted) or payment["state"] not in {"creating", "open"}):
            return payment
        time.sleep(_POLL_SECONDS)
    return None


def _payment_or_none(booking: Json) -> Json | None:
    """By its key: what was begun as a guest stays the guest's at payment, and may be gone on with by whoever owns it now."""
    try:
        return or_without(lambda: payments().payment(booking["id"], booking["link_key"]))
    except NeighbourProblem as problem:
        if problem.code != 404:
            raise
        return None


def _what_the_card_form_needs(hold_id: UUID, payment: Json | None) -> Any:
    booking = movies().reservation(str(hold_id))
    if payment is None and booking["state"] == "paying":
        title = gettext("The bank does not answer yet")
        detail = gettext("Nothing was charged and your seats stay held. Please press the button again.")
        return {"type": "/problems/payment-not-ready", "title": title, "detail": detail, "status": 503}, 503
    return {
        # None leads the script to the booking: it is paid, or costs nothing.
        "client_secret": payment and payment["client_secret"],
        "amount": expected_amount(booking["total_cents"]),
        "state": booking["state"],
        "hold": _clock_of(booking),
    }


def _clock_of(booking: Json) -> Json:
    parsed = booking_from(booking)
    return {"expires_at": parsed.expires.isoformat(), "now": parsed.now.isoformat()}
