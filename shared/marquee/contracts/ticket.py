"""Tickets and the door."""

from datetime import datetime
from uuid import UUID

from marquee.contracts.base import Event
from marquee.contracts.reservation import BookingFacts


class TicketIssued(Event):
    """All tickets of a booking exist, one per seat."""

    booking: BookingFacts
    ticket_ids: list[UUID]


class TicketAdmitted(Event):
    """Somebody walked in. The start of a diary entry."""

    ticket_id: UUID
    reservation_id: UUID
    owner: str
    movie_id: UUID
    title: str
    year: int
    screening_id: UUID
    cinema: str
    timezone: str
    room: str
    seat: str
    starts_at: datetime
    admitted_at: datetime


class TicketAdmissionUndone(Event):
    """The scan that let `ticket_id` in at `admitted_at` was taken back: nobody walked in by it."""

    ticket_id: UUID
    reservation_id: UUID
    owner: str
    admitted_at: datetime
