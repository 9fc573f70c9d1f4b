"""A booking from paying to the ticket, and all bookings of this person or this device."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from marquee.clock import zone
from marquee.http import NeighbourProblem
from services.web.assets import static_file
from services.web.clients import Json, movies, or_without, payments, tickets
from services.web.pages import PUBLIC_PAGE, Pages, signed_in_page
from services.web.site import chosen_cinema
from services.web.views.booking import (
    Booking,
    Ticket,
    booking_from,
    is_anybody_in,
    needs_proof,
    split_by_time,
    tickets_from,
)
from services.web.views.programme import next_to_book
from services.web.views.showings import Showing, moment

pages = Pages("bookings", __name__)

# A late film, a repair in the projection room: the kept copy outlives the plan a little.
KEPT_AFTER_THE_END = timedelta(hours=6)
# What our card fields and Stripe's own page put into the address they lead back to.
_BACK_FROM_THE_BANK = frozenset({"payment_intent", "paid"})


@pages.get("/bookings", access=PUBLIC_PAGE)
def my_bookings() -> str:
    """Also for guests: a browser knows what was booked with it."""
    answer = or_without(lambda: movies().my_reservations())
    to_come, over = split_by_time([booking_from(entry) for entry in answer or []])
    return render_template(
        "views/bookings.html",
        to_come=to_come,
        over=over,
        is_away=answer is None,
        next_showing=_next_to_book() if not (to_come or over) else None,
    )


@pages.get("/myprofile", access=signed_in_page)
def my_profile() -> AnyResponse:
    return redirect(url_for("bookings.my_bookings"))


@pages.get("/bookings/<uuid:reservation_id>", access=PUBLIC_PAGE)
def booking_page(reservation_id: UUID) -> AnyResponse:
    """The page that becomes the ticket: it waits for the bank, then for the printing, then it is there."""
    booking = booking_from(_settled(str(reservation_id)))
    if booking.state == "held" or _is_to_be_paid_again(booking):
        return redirect(url_for("checkout.checkout_page", hold_id=reservation_id))
    printed = _tickets_of(booking) if booking.state == "ticketed" else None
    template = (
        "views/ticket.html" if printed else "views/waiting.html" if _is_open(booking) else "views/ended.html"
    )
    page = make_response(
        render_template(
            template,
            booking=booking,
            tickets=printed or [],
            doors=_doors_of(booking) if printed else None,
            is_anybody_in=is_anybody_in(printed or []),
            can_be_had_again=_can_be_had_again(booking),
            key=_key(),
            proof=needs_proof(booking.seats),
            data={"booking": booking.id, "state": booking.state, "key": _key() or ""},
        )
    )
    if printed:
        page.headers["Marquee-Keep-Until"] = (booking.ends + KEPT_AFTER_THE_END).astimezone(UTC).isoformat()
    elif booking.state == "ticketed":
        # Not a good answer: a device that kept these tickets shows its copy instead.
        page.status_code = 503
    return page


@pages.get("/bookings/worker.js", access=PUBLIC_PAGE)
def ticket_worker() -> Response:
    """What keeps tickets on the device; its address limits it to the pages below /bookings/."""
    response = static_file("latest", "js/ticket-worker.js")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return response


@pages.get("/bookings/<uuid:reservation_id>/state", access=PUBLIC_PAGE)
def booking_state(reservation_id: UUID) -> Any:
    booking = movies().reservation(str(reservation_id), _key())
    return {"state": booking["state"], "declined": decline_of(booking_from(booking)) is not None}


@pages.post("/bookings/<uuid:reservation_id>/cancel", access=PUBLIC_PAGE)
def cancel_booking(reservation_id: UUID) -> AnyResponse:
    try:
        movies().cancel_reservation(str(reservation_id), _key())
    except NeighbourProblem as problem:
        flash(problem.detail or str(problem.problem.get("title", "")), "danger")
    else:
        flash(gettext("Cancelled."), "ok")
    return redirect(url_for("bookings.booking_page", reservation_id=reservation_id, key=_key()), 303)


@pages.get("/bookings/<uuid:reservation_id>/tickets.pdf", access=PUBLIC_PAGE)
def tickets_pdf(reservation_id: UUID) -> Response:
    return _file(tickets().pdf(str(reservation_id), _key()), "marquee-tickets.pdf")


@pages.get("/bookings/<uuid:reservation_id>/calendar.ics", access=PUBLIC_PAGE)
def calendar(reservation_id: UUID) -> Response:
    return _file(tickets().calendar(str(reservation_id), _key()), "marquee.ics")


@pages.get("/bookings/<uuid:reservation_id>/qr/<uuid:ticket_id>.svg", access=PUBLIC_PAGE)
def qr_code(reservation_id: UUID, ticket_id: UUID) -> Response:
    return _file(tickets().qr(str(ticket_id), _key()))


def _next_to_book() -> Showing | None:
    programme = or_without(lambda: movies().programme(chosen_cinema(), None))
    return next_to_book(programme) if programme else None


def _settled(reservation_id: str) -> Json:
    """Somebody sent back by the bank should not wait for its webhook: read the payment back first."""
    booking = movies().reservation(reservation_id, _key())
    if booking["state"] == "paying" and request.args.keys() & _BACK_FROM_THE_BANK:
        try:
            or_without(lambda: payments().check(reservation_id, _key() or booking["link_key"]))
        except NeighbourProblem:
            return booking
        return movies().reservation(reservation_id, _key())
    return booking


def _is_to_be_paid_again(booking: Booking) -> bool:
    """The bank said no, or the buyer left the provider's page: the way on is to pay, not to wait."""
    if booking.state != "paying" or booking.is_being_released:
        return False
    # Stripe says so on the way back, also where we could not read it yet.
    is_paid = request.args.get("redirect_status") == "succeeded"
    return not is_paid and ("back" in request.args or decline_of(booking) is not None)


def decline_of(booking: Booking) -> Json | None:
    """Of the last card: a booking still remembers the first one while the second is being paid."""
    if booking.state != "paying" or not booking.decline_message:
        return None
    try:
        payment = or_without(lambda: payments().payment(booking.id, _key() or booking.link_key or None))
    except NeighbourProblem:
        return None
    return payment and payment["decline"]


def _tickets_of(booking: Booking) -> list[Ticket] | None:
    """None while the ticket service is away or still at it."""
    try:
        answer = or_without(lambda: tickets().tickets(booking.id, _key() or booking.link_key or None))
    except NeighbourProblem as problem:
        if problem.code != 404:
            raise
        return None
    return tickets_from(answer, booking.cinema["timezone"]) if answer else None


def _doors_of(booking: Booking) -> datetime | None:
    """When the showing says that they open; the ticket is shown also while it cannot be asked."""
    screening = or_without(lambda: movies().screening(booking.screening_id))
    return moment(screening["doors_at"], zone(booking.cinema["timezone"])) if screening else None


def _can_be_had_again(booking: Booking) -> bool:
    """Whether all seats of a hold that was let go, or ran out, are still free and on sale."""
    if not (booking.is_let_go or booking.seen_as == "expired") or booking.starts <= booking.now:
        return False
    screening = or_without(lambda: movies().screening(booking.screening_id))
    states = or_without(lambda: movies().seats(booking.screening_id))
    if screening is None or states is None or screening["state"] != "scheduled":
        return False
    return all(states["seats"].get(label) == "free" for label in booking.labels)


def _is_open(booking: Booking) -> bool:
    return booking.state in {"paying", "confirmed", "ticketed"}


def _key() -> str | None:
    return request.args.get("key", "")[:64] or None


def _file(content: tuple[bytes, str], name: str | None = None) -> Response:
    body, content_type = content
    response = make_response(body)
    response.content_type = content_type
    response.headers["Cache-Control"] = "private, max-age=300"
    if name:
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
