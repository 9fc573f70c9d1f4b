"""Tickets for those who hold them: list, PDF, QR, calendar."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from marquee import logs
from marquee.api import Answer, Api, LinkKey
from marquee.auth import PUBLIC, current_holder, current_person
from marquee.db import transaction
from marquee.errors import NotFound, Unauthenticated
from services.ticket.domain import tickets
from services.ticket.domain.codes import SigningKeys
from services.ticket.domain.problems import Voided
from services.ticket.models import Admission, Booking, Ticket
from services.ticket.paper import calendar, qr, sheet
from services.ticket.schemas import (
    BookingPath,
    BookingShape,
    PublicKeys,
    TicketPath,
    TicketShape,
)
from services.ticket.settings import TicketSettings

api = Api("tickets", __name__)
PDF: dict[int, Any] = {200: {"description": "The paper", "content": {"application/pdf": {}}}}
PNG: dict[int, Any] = {200: {"description": "The code", "content": {"image/png": {}}}}
SVG: dict[int, Any] = {200: {"description": "The code", "content": {"image/svg+xml": {}}}}
ICS: dict[int, Any] = {200: {"description": "The calendar file", "content": {"text/calendar": {}}}}

# The link in a mail is proof enough, so these are open to callers without a token; booking_for decides, and
# answers 404 to all others.
OWNER_OR_LINK = PUBLIC


@api.get("/reservations/<uuid:booking_id>/tickets", access=OWNER_OR_LINK, answers={200: BookingShape})
def list_tickets(path: BookingPath, query: LinkKey) -> Answer:
    """All tickets of a booking, for its owner, its mail's link, or staff."""
    with transaction() as session:
        booking = _booking(session, path.booking_id, query.key)
        return BookingShape.model_validate(
            {
                "booking": tickets.facts_of(booking),
                "reference": f"MQ-{booking.reference}",
                "state": booking.state,
                "void_reason": booking.void_reason,
                "tickets": _shapes(session, booking),
            }
        )


@api.get("/reservations/<uuid:booking_id>/tickets.pdf", access=OWNER_OR_LINK, answers=PDF)
def print_booking(path: BookingPath, query: LinkKey) -> Answer:
    """One PDF with a page per seat."""
    with transaction() as session:
        booking = _booking(session, path.booking_id, query.key)
        return _pdf(booking, booking.tickets_side_by_side)


@api.get("/tickets/<uuid:ticket_id>.pdf", access=OWNER_OR_LINK, answers=PDF)
def print_ticket(path: TicketPath, query: LinkKey) -> Answer:
    """One seat on paper."""
    return _print(path.ticket_id, query.key)


@api.get("/tickets/ticket_<uuid:ticket_id>.pdf", access=OWNER_OR_LINK, answers=PDF)
def print_ticket_by_file_name(path: TicketPath, query: LinkKey) -> Answer:
    """The same under its older name."""
    return _print(path.ticket_id, query.key)


@api.get("/tickets/<uuid:ticket_id>/qr.svg", access=OWNER_OR_LINK, answers=SVG)
def draw_code(path: TicketPath, query: LinkKey) -> Answer:
    """The QR code alone, black on white."""
    with transaction() as session:
        ticket = _ticket(session, path.ticket_id, query.key)
        picture = qr.svg(_code(ticket), f"Ticket code for seat {ticket.seat}")
    return Response(picture, content_type="image/svg+xml")


@api.get("/tickets/<uuid:ticket_id>/qr.png", access=OWNER_OR_LINK, answers=PNG)
def draw_code_for_mail(path: TicketPath, query: LinkKey) -> Answer:
    """The same for mail, where an SVG is not shown."""
    with transaction() as session:
        picture = qr.png(_code(_ticket(session, path.ticket_id, query.key)))
    return Response(picture, content_type="image/png")


@api.get("/reservations/<uuid:booking_id>/calendar.ics", access=OWNER_OR_LINK, answers=ICS)
def calendar_file(path: BookingPath, query: LinkKey) -> Answer:
    """For the calendar; importing it again updates the entry."""
    with transaction() as session:
        booking = _booking(session, path.booking_id, query.key)
        body = calendar.calendar_file(
            tickets.facts_of(booking),
            public_url=TicketSettings.current().public_url,
            cancelled=booking.state == "void",
        )
    return _file(body, "text/calendar; charset=utf-8", f"marquee-{booking.reference}.ics")


@api.get("/keys", access=PUBLIC, answers={200: PublicKeys})
def public_keys() -> Answer:
    """What a scanner without a network verifies codes with."""
    return PublicKeys(algorithm="Ed25519", keys=_keys().public_base64())


def _print(ticket_id: UUID, key: str) -> Response:
    with transaction() as session:
        ticket = _ticket(session, ticket_id, key)
        return _pdf(ticket.booking, [ticket])


def _pdf(booking: Booking, wanted: list[Ticket]) -> Response:
    if booking.state == "void":
        raise Voided(booking.void_reason)
    if not wanted:
        raise NotFound("The tickets are being written.")
    facts = tickets.facts_of(booking)
    paper = [
        sheet.PaperTicket(
            seat=ticket.seat,
            ticket_type=ticket.ticket_type,
            price_cents=ticket.price_cents,
            code=_code(ticket),
            reference=ticket.reference,
        )
        for ticket in wanted
    ]
    body = sheet.print_tickets(
        facts, paper, doors_minutes=TicketSettings.current().doors_minutes, booked_at=booking.created_at
    )
    return _file(body, "application/pdf", f"marquee-{booking.reference}.pdf")


def _booking(session: Session, booking_id: UUID, key: str) -> Booking:
    holder, privileged = _caller()
    return tickets.booking_for(session, booking_id, holder=holder, key=key, privileged=privileged)


def _ticket(session: Session, ticket_id: UUID, key: str) -> Ticket:
    holder, privileged = _caller()
    ticket = tickets.ticket_for(session, ticket_id, holder=holder, key=key, privileged=privileged)
    logs.concerns(ticket.booking_id)
    return ticket


def _caller() -> tuple[Any, bool]:
    """Who asks, and whether they may see every ticket: staff, or a service that was given tickets.read."""
    person = current_person()
    privileged = person is not None and (person.has("staff") or "tickets.read" in person.permissions)
    try:
        return current_holder(), privileged
    except Unauthenticated:
        return None, privileged


def _shapes(session: Session, booking: Booking) -> list[TicketShape]:
    admitted: dict[UUID, datetime] = dict(
        session.execute(
            select(Admission.ticket_id, Admission.admitted_at).where(
                Admission.ticket_id.in_([ticket.id for ticket in booking.tickets]),
                Admission.undone_at.is_(None),
            )
        ).all()
    )
    seats = {seat.label: seat for seat in tickets.facts_of(booking).seats}
    return [
        TicketShape(
            id=ticket.id,
            seat=ticket.seat,
            row=seats[ticket.seat].row,
            number=seats[ticket.seat].number,
            kind=ticket.kind,
            ticket_type=ticket.ticket_type,
            price_cents=ticket.price_cents,
            state="valid" if booking.state == "valid" else "void",
            code=_code(ticket),
            reference=ticket.reference,
            admitted_at=admitted.get(ticket.id),
        )
        for ticket in booking.tickets_side_by_side
    ]


def _code(ticket: Ticket) -> str:
    return tickets.code_of(ticket, _keys(), grace_hours=TicketSettings.current().code_grace_hours)


def _file(body: bytes, content_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(body, content_type=content_type, headers=headers)


def _keys() -> SigningKeys:
    keys: SigningKeys = current_app.extensions["ticket.keys"]
    return keys
