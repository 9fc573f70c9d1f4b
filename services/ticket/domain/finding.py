"""What was scanned or typed at the door, and the tickets it means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from services.ticket.domain.codes import SigningKeys, read_code
from services.ticket.models import Booking, Ticket

# Rows are named by capitals or figures: G9, or 112 for seat 12 of row 1.
_SEAT = r"[A-Z0-9]{1,3}\d{1,3}"
_TYPED_SEAT = re.compile(_SEAT)
_TYPED_CODE = re.compile(rf"(?:MQ-?)?([A-Z2-7]{{6}})-?({_SEAT})?")


@dataclass(frozen=True)
class Found:
    """The tickets, side by side. By a seat or an address somebody was looking: nobody has shown a code."""

    by: Literal["code", "seat", "email"]
    tickets: list[Ticket]

    @property
    def is_the_one(self) -> bool:
        return self.by == "code" and len(self.tickets) == 1


def find(session: Session, text: str, screening_id: UUID, keys: SigningKeys) -> Found:
    """By the signed code; by what people type instead: "MQ-7K2FQX-G9", "MQ-7K2FQX", "G9", the buyer's e-mail address.

    Raises BadCode.
    """
    here = (Booking.screening_id == screening_id) & (Booking.state == "valid")
    if "@" in text:
        address = func.lower(Booking.facts["email"].astext) == text.strip().lower()
        return Found("email", _tickets(session, here, address))
    typed = text.upper().replace(" ", "")
    if code := _TYPED_CODE.fullmatch(typed):
        return Found("code", _of_reference(session, screening_id, *code.groups()))
    if _TYPED_SEAT.fullmatch(typed):
        return Found("seat", _tickets(session, here, Ticket.seat == typed))
    ticket = session.get(Ticket, read_code(text, keys.public).ticket_id)
    return Found("code", [ticket] if ticket else [])


def _of_reference(session: Session, screening_id: UUID, reference: str, seat: str | None) -> list[Ticket]:
    """Those of this screening, or one of another, so that its day can be named: six letters may mean two bookings there."""
    found = _tickets(session, Booking.reference == reference, Ticket.seat == seat if seat else None)
    here = [ticket for ticket in found if ticket.booking.screening_id == screening_id]
    return here or sorted(found, key=lambda ticket: ticket.booking.starts_at)[-1:]


def _tickets(session: Session, *wanted: ColumnElement[bool] | None) -> list[Ticket]:
    conditions = [condition for condition in wanted if condition is not None]
    found: Sequence[Ticket] = session.scalars(select(Ticket).join(Booking).where(*conditions)).all()
    return sorted(found, key=lambda ticket: (ticket.booking.reference, ticket.place))
