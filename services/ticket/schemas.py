"""Shapes of the ticket service."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from marquee.api import Body, Parameters, Shape
from marquee.contracts.reservation import BookingFacts


class BookingPath(Parameters):
    booking_id: UUID


class TicketPath(Parameters):
    ticket_id: UUID


class AdmissionPath(Parameters):
    admission_id: UUID


class ScreeningPath(Parameters):
    screening_id: UUID


class TicketShape(Shape):
    id: UUID
    seat: str
    row: str
    number: int
    kind: str
    ticket_type: str
    price_cents: int
    state: Literal["valid", "void"]
    code: str = Field(description="What the QR code says")
    reference: str = Field(description="For people to say and type: MQ-7K2FQX-G9")
    admitted_at: datetime | None


class BookingShape(Shape):
    booking: BookingFacts
    reference: str
    state: Literal["valid", "void"]
    void_reason: str
    tickets: list[TicketShape]


class Scan(Body):
    code: str = Field(
        min_length=1,
        max_length=400,
        description="As scanned, or typed: MQ-7K2FQX-G9, MQ-7K2FQX, G9, or the buyer's e-mail address",
    )
    screening_id: UUID
    scan_id: UUID = Field(description="The scanner's own; sending the same scan again is harmless")
    door: str = Field("", max_length=40)
    early: bool = Field(False, strict=True, description="Before the doors open: for managers (editors) only")
    reentry_reason: str | None = Field(
        None, min_length=3, max_length=200, description="Why somebody is let in again whose ticket was used"
    )


class FrameQuery(Parameters):
    screening_id: UUID
    scan_id: UUID
    door: str = Field("", max_length=40)


class DoorQuery(Parameters):
    door: str = Field("", max_length=40)


class ChoiceShape(Shape):
    seat: str
    reference: str = Field(description="The code to scan for this one")
    is_in: bool


class VerdictShape(Shape):
    result: Literal["admit", "check", "no"]
    reason: str
    title: str
    sentence: str
    seat: str | None
    ticket_type: str | None
    ticket_id: UUID | None
    reference: str | None = Field(description="What to type for this ticket: MQ-7K2FQX-G9")
    admission_id: UUID | None
    starts_at: datetime | None
    timezone: str | None
    choices: list[ChoiceShape] = Field(description="The tickets that may be meant, side by side")


class Undo(Body):
    reason: str = Field(min_length=3, max_length=200)


class LetIn(Shape):
    admission_id: UUID
    seat: str


class CountShape(Shape):
    screening_id: UUID
    expected: int
    inside: int
    to_come: int
    last: LetIn | None = Field(description="Whom the caller let in last at this door, while it can be undone")


class PublicKeys(Shape):
    """Ed25519 public keys by key id, raw in base64: all that an offline scanner needs."""

    algorithm: Literal["Ed25519"]
    keys: dict[str, str]
