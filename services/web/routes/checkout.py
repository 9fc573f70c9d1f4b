"""Paying: one page, one email field, and no way to pay twice.

A hold and the reservation it becomes share their id, so every step here is named by it: two tabs, a reload or a
second click always meet the same reservation, and the same payment.
"""

import time
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from marquee.clock import zone
from marquee.errors import NotFound
from marquee.http import NeighbourProblem
from services.web.clients import Json, movies, or_without, payments, take_along_what_was_held_as_a_guest
from services.web.errors import sent_json, wants_json
from services.web.limits import limited
from services.web.pages import PUBLIC_PAGE, Pages
from services.web.routes.bookings import was_declined
from services.web.security import allow_payment
from services.web.settings import WebSettings
from services.web.views.booking import booking_from, hold_from
from services.web.views.checkout import expected_amount, payment_page_data
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
    except NeighbourProblem as problem:
        if wants_json():
            raise
        flash(_sentence(problem), "danger")
        session["typed"] = {name: form.get(name, "")[:254] for name in ("email", "name")}
        return redirect(url_for("checkout.checkout_page", hold_id=hold_id), 303)
    payment = None
    if booking["state"] == "paying":
        payment = _payment_with(hold_id, "client_secret" if method == "element" else "hosted_url")
    if wants_json():
        return _what_the_card_form_needs(hold_id, payment)
    hosted = payment and payment["hosted_url"]
    return redirect(hosted or url_for(".booking", hold_id=hold_id), 303)


@pages.post("/checkout/<uuid:hold_id>/check", access=PUBLIC_PAGE)
@limited("60/minute")
def check(hold_id: UUID) -> Any:
    """After an answer from the bank: read the truth back, and how long the seats are held now."""
    payment = or_without(lambda: payments().check(str(hold_id)))
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
    settings: WebSettings = current_app.extensions["marquee.settings"]
    here = screening["cinema"]["timezone"]
    held = hold_from(hold, here)
    decline = ""
    if booking:
        # Only a hold can be kept longer; a payment has its own time.
        held = replace(held, extensions_left=0)
        decline = booking["decline_message"] if was_declined(booking_from(booking)) else ""
    typed = session.pop("typed", {})
    return render_template(
        "views/checkout.html",
        hold=held,
        screening=screening,
        showing=showing_from(screening, zone(here)),
        film=film_from(screening["movie"]),
        cancel_until=moment(screening["cancel_until"], zone(here)),
        email=(booking or {}).get("email") or typed.get("email") or _own_email(),
        name=(booking or {}).get("name") or typed.get("name") or current_visitor().name,
        decline=decline,
        is_paying=booking is not None,
        stripe_js_url=settings.stripe_js_url,
        data=payment_page_data(settings, held),
    )


def _sentence(problem: NeighbourProblem) -> str:
    reasons = {error["field"]: error.get("detail", "") for error in problem.problem.get("errors") or []}
    if "email" in reasons:
        needed = str(gettext("We need an address to send the ticket to, like mia@example.org."))
        return f"{needed} ({reasons['email']})" if reasons["email"] else needed
    return str(problem.detail or problem.problem.get("title", ""))


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


def _payment_with(hold_id: UUID, wanted: str) -> Json | None:
    """Payment learns of the reservation by event: wait until it has what we need, a few seconds at most.

    One that another tab has paid meanwhile never will: it is answered as it is.
    """
    settings: WebSettings = current_app.extensions["marquee.settings"]
    deadline = time.monotonic() + settings.payment_wait_seconds
    while time.monotonic() < deadline:
        payment = _payment_or_none(hold_id)
        if payment and (payment.get(wanted) or payment["state"] not in {"creating", "open"}):
            return payment
        time.sleep(_POLL_SECONDS)
    return None


def _payment_or_none(hold_id: UUID) -> Json | None:
    try:
        return or_without(lambda: payments().payment(str(hold_id)))
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
