"""Issuing, finding and voiding tickets. Verbs take a session and never commit."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.auth import Holder
from marquee.contracts.reservation import BookingFacts
from marquee.contracts.ticket import TicketIssued
from marquee.errors import NotFound
from marquee.links import is_key_of
from marquee.messaging.outbox import record
from services.ticket.domain.codes import SigningKeys
from services.ticket.models import Booking, Ticket


def issue_tickets(session: Session, facts: BookingFacts, *, key_id: int) -> None:
    """One ticket per seat, once: told twice, nothing more is issued, but it is said again that they exist.

    A booking that was cancelled before we heard of it stays void.
    """
    session.execute(insert(Booking).values(_booking_row(facts)).on_conflict_do_nothing())
    booking = session.scalars(
        select(Booking).where(Booking.id == facts.reservation_id).with_for_update()
    ).one()
    if booking.state == "void":
        return
    rows: list[dict[str, Any]] = [
        {
            "id": ticket_id_of(facts.reservation_id, seat.label),
            "booking_id": facts.reservation_id,
            "seat": seat.label,
            "kind": seat.kind,
            "ticket_type": seat.ticket_type,
            "price_cents": seat.price_cents,
            "key_id": key_id,
        }
        for seat in facts.seats
    ]
    session.execute(insert(Ticket).values(rows).on_conflict_do_nothing())
    record(session, TicketIssued(booking=facts, ticket_ids=[row["id"] for row in rows]))


def void_tickets(session: Session, facts: BookingFacts, reason: str) -> None:
    """Stop a booking's tickets from opening the door; also when its confirmation has not come yet."""
    void = {"state": "void", "void_reason": reason[:200], "voided_at": func.now()}
    session.execute(
        insert(Booking)
        .values(_booking_row(facts) | void)
        .on_conflict_do_update(index_elements=["id"], set_=void, where=Booking.state == "valid")
    )


def _booking_row(facts: BookingFacts) -> dict[str, Any]:
    return {
        "id": facts.reservation_id,
        "reference": reference_of(facts.reservation_id),
        "owner": facts.owner,
        "link_key": facts.link_key,
        "screening_id": facts.screening_id,
        "starts_at": facts.starts_at,
        "ends_at": facts.ends_at,
        "facts": facts.model_dump(mode="json"),
    }


def booking_for(
    session: Session, booking_id: UUID, *, holder: Holder | None, key: str = "", privileged: bool = False
) -> Booking:
    """The booking, for its owner, for whoever has its mail's link, for staff. For others there is none."""
    booking = session.get(Booking, booking_id)
    if booking is None:
        raise NotFound("No such booking of yours.")
    by_link = is_key_of(booking.link_key, key)
    by_owner = holder is not None and holder.owns(booking.owner)
    if not (privileged or by_owner or by_link):
        raise NotFound("No such booking of yours.")
    return booking


def ticket_for(
    session: Session, ticket_id: UUID, *, holder: Holder | None, key: str = "", privileged: bool = False
) -> Ticket:
    """One ticket, under the same rule as its booking."""
    ticket = session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound("No such ticket of yours.")
    booking_for(session, ticket.booking_id, holder=holder, key=key, privileged=privileged)
    return ticket


def code_of(ticket: Ticket, keys: SigningKeys, *, grace_hours: int) -> str:
    """What its QR code says."""
    until: datetime = ticket.booking.ends_at + timedelta(hours=grace_hours)
    return keys.sign(ticket.id, ticket.booking.screening_id, ticket.seat, until, ticket.key_id)


def facts_of(booking: Booking) -> BookingFacts:
    return BookingFacts.model_validate(booking.facts)


def ticket_id_of(reservation_id: UUID, seat: str) -> UUID:
    """Derived, so that issuing twice cannot make two."""
    return uuid5(NAMESPACE_URL, f"marquee:ticket:{reservation_id}:{seat}")


def reference_of(reservation_id: UUID) -> str:
    """Six letters and digits for people to say and type; unique enough within a screening."""
    return base64.b32encode(hashlib.sha256(reservation_id.bytes).digest())[:6].decode()
