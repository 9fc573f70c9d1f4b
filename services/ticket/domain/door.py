"""The door: one code, one verdict in words. Two doors in the same second: exactly one lets in."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.contracts.reservation import BookingFacts
from marquee.contracts.ticket import TicketAdmissionUndone, TicketAdmitted
from marquee.db import database_now
from marquee.errors import NotFound
from marquee.messaging.outbox import record
from services.ticket.domain.codes import BadCode, SigningKeys
from services.ticket.domain.finding import Found, find
from services.ticket.domain.problems import CannotUndo
from services.ticket.domain.tickets import facts_of
from services.ticket.models import Admission, Booking, Reentry, Ticket

# What the person at the door must look at, by ticket type.
PROOF = {
    "student": "Student: check the card.",
    "senior": "Senior: 65 or over.",
    "child": "Child: 14 or under.",
    "carer": "Carer: with the person they look after.",
}


@dataclass(frozen=True)
class Choice:
    """One of the tickets that may be meant."""

    seat: str
    reference: str
    is_in: bool


@dataclass(frozen=True)
class Verdict:
    """What the screen shows: ADMIT, CHECK (look or ask first; who is let in has an admission) or NO, and why."""

    result: str
    reason: str
    title: str
    sentence: str
    ticket: Ticket | None = None
    admission_id: UUID | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Count:
    expected: int
    inside: int


def scan(
    session: Session,
    text: str,
    *,
    screening_id: UUID,
    scan_id: UUID,
    door: str,
    by: str,
    keys: SigningKeys,
    doors_minutes: int,
    early: bool = False,
    reentry_reason: str | None = None,
) -> Verdict:
    """Judge a scanned or typed code for the screening whose door this is, and let in when it is right.

    Nobody is let in before the doors open, but where a manager says so (`early`), nor a second time, but where
    staff say why (`reentry_reason`). Rule: docs/rules/door.md.
    """
    try:
        found = find(session, text, screening_id, keys)
    except BadCode:
        return Verdict("no", "unknown", "Not one of ours", "This code was not made by this house.")
    if not found.tickets:
        return _nobody(text, found)
    ticket = found.tickets[0]
    refusal = _refusal(session, ticket, screening_id)
    if refusal is None and not found.is_the_one:
        return _which(session, found)
    if refusal is None and not early:
        refusal = _too_early(session, ticket, doors_minutes)
    return refusal or _admit(
        session, ticket, scan_id=scan_id, door=door, by=by, reentry_reason=reentry_reason
    )


def undo(session: Session, admission_id: UUID, *, by: str, reason: str, within_minutes: int) -> Admission:
    """Take an admission back, for a while, with a reason. Raises CannotUndo, NotFound."""
    admission = session.scalars(
        select(Admission).where(Admission.id == admission_id).with_for_update(of=Admission)
    ).one_or_none()
    if admission is None:
        raise NotFound("No such scan.")
    if admission.undone_at is not None:
        raise CannotUndo("Somebody undid it already.")
    if database_now(session) > admission.admitted_at + timedelta(minutes=within_minutes):
        raise CannotUndo(f"A scan can be undone within {within_minutes} minutes.")
    admission.undone_at, admission.undone_by, admission.undo_reason = func.now(), by, reason
    booking = admission.ticket.booking
    record(
        session,
        TicketAdmissionUndone(
            ticket_id=admission.ticket_id,
            reservation_id=booking.id,
            owner=booking.owner,
            admitted_at=admission.admitted_at,
        ),
    )
    return admission


def count(session: Session, screening_id: UUID) -> Count:
    """How many hold a ticket, and how many of them are in."""
    valid = (Booking.screening_id == screening_id) & (Booking.state == "valid")
    expected = session.scalar(select(func.count()).select_from(Ticket).join(Booking).where(valid))
    inside = session.scalar(
        select(func.count())
        .select_from(Admission)
        .join(Ticket)
        .join(Booking)
        .where(valid, Admission.undone_at.is_(None))
    )
    return Count(expected or 0, inside or 0)


def last_admission(
    session: Session, screening_id: UUID, *, by: str, door: str, within_minutes: int
) -> Admission | None:
    """The last one at this door that `by` can still undo."""
    return session.scalars(
        select(Admission)
        .join(Ticket)
        .join(Booking)
        .where(Booking.screening_id == screening_id, Admission.undone_at.is_(None))
        .where(Admission.admitted_by == by, Admission.door == door)
        .where(Admission.admitted_at > func.now() - timedelta(minutes=within_minutes))
        .order_by(Admission.admitted_at.desc())
        .limit(1)
    ).first()


def _nobody(text: str, found: Found) -> Verdict:
    if found.by == "seat":
        seat = text.strip().upper()
        return Verdict(
            "no", "not_found", f"Nobody has {seat}", "No ticket of this screening is for that seat."
        )
    if found.by == "email":
        sentence = "No ticket of this screening went to that address. Ask for the code, or the seat."
        return Verdict("no", "not_found", "Nobody by that address", sentence)
    return Verdict("no", "unknown", "Not one of ours", "No ticket has this code.")


def _which(session: Session, found: Found) -> Verdict:
    """Somebody decides: between the seats of a booking, or whether this guest is the one who was looked for."""
    ids = [ticket.id for ticket in found.tickets]
    inside = set(
        session.scalars(
            select(Admission.ticket_id).where(Admission.ticket_id.in_(ids), Admission.undone_at.is_(None))
        )
    )
    choices = tuple(Choice(ticket.seat, ticket.reference, ticket.id in inside) for ticket in found.tickets)
    title = "Which seat?" if len(choices) > 1 else f"Seat {choices[0].seat}"
    known = "" if found.by == "code" else "No code was shown: make sure that it is theirs. "
    return Verdict("check", "seat_needed", title, f"{known}Tap the seat that comes in.", choices=choices)


def _refusal(session: Session, ticket: Ticket, screening_id: UUID) -> Verdict | None:
    booking = ticket.booking
    facts = facts_of(booking)
    if booking.state == "void":
        return Verdict(
            "no", "void", "Refunded", f"Seat {ticket.seat} was cancelled: {booking.void_reason}", ticket
        )
    if booking.screening_id != screening_id:
        day_word = "Another showing" if _is_today(session, facts) else "Wrong day"
        return Verdict("no", "wrong_screening", day_word, f"This is for {_showing(facts)}.", ticket)
    if database_now(session) > booking.ends_at:
        return Verdict("no", "over", "Over", f"{facts.title} ended at {_clock(facts, ends=True)}.", ticket)
    return None


def _too_early(session: Session, ticket: Ticket, doors_minutes: int) -> Verdict | None:
    facts = facts_of(ticket.booking)
    opens_at = facts.starts_at - timedelta(minutes=doors_minutes)
    if database_now(session) >= opens_at or _standing(session, ticket):
        return None
    doors = (
        f"Doors open at {opens_at.astimezone(ZoneInfo(facts.timezone)):%H:%M}; a manager may let in before."
    )
    when = "" if _is_today(session, facts) else f"on {_day(facts)}, "
    return Verdict(
        "check", "too_early", "Too early", f"{facts.title} is {when}at {_clock(facts)}. {doors}", ticket
    )


def _admit(
    session: Session, ticket: Ticket, *, scan_id: UUID, door: str, by: str, reentry_reason: str | None
) -> Verdict:
    """Let in by inserting: the unique index lets one insert through, whatever else happens at this moment."""
    admission_id = session.execute(
        insert(Admission)
        .values(ticket_id=ticket.id, scan_id=scan_id, door=door, admitted_by=by)
        .on_conflict_do_nothing()
        .returning(Admission.id)
    ).scalar_one_or_none()
    if admission_id is not None:
        _tell_diary(session, ticket, admission_id)
        return _welcome(ticket, admission_id)
    standing = _standing(session, ticket)
    if standing is not None and standing.scan_id == scan_id:
        return _welcome(ticket, standing.id)  # the same scan, sent again
    if standing is None:
        return Verdict("no", "undone", "Undone", "This scan was taken back. Scan the ticket again.", ticket)
    if reentry_reason is not None:
        return _let_back_in(session, standing, scan_id=scan_id, door=door, by=by, reason=reentry_reason)
    return Verdict("check", "already_used", _used_title(standing), _used_sentence(session, standing), ticket)


def _let_back_in(
    session: Session, standing: Admission, *, scan_id: UUID, door: str, by: str, reason: str
) -> Verdict:
    """Noted once, however often the scan is sent; there is nothing to undo, and nothing to tell the diary."""
    session.execute(
        insert(Reentry)
        .values(admission_id=standing.id, scan_id=scan_id, door=door, let_in_by=by, reason=reason)
        .on_conflict_do_nothing()
    )
    facts = facts_of(standing.ticket.booking)
    sentence = f"Let back in. {facts.title} {_clock(facts)}."
    return Verdict("admit", "back_in", _place(standing.ticket), sentence, standing.ticket)


def _standing(session: Session, ticket: Ticket) -> Admission | None:
    return session.scalars(
        select(Admission).where(Admission.ticket_id == ticket.id, Admission.undone_at.is_(None))
    ).one_or_none()


def _welcome(ticket: Ticket, admission_id: UUID) -> Verdict:
    facts = facts_of(ticket.booking)
    title, sentence = _place(ticket), f"{facts.title} {_clock(facts)}."
    if proof := PROOF.get(ticket.ticket_type):
        return Verdict("check", "proof", title, f"{sentence} {proof}", ticket, admission_id)
    return Verdict("admit", "ok", title, sentence, ticket, admission_id)


def _tell_diary(session: Session, ticket: Ticket, admission_id: UUID) -> None:
    facts = facts_of(ticket.booking)
    admitted_at = session.scalars(select(Admission.admitted_at).where(Admission.id == admission_id)).one()
    record(
        session,
        TicketAdmitted(
            ticket_id=ticket.id,
            reservation_id=ticket.booking_id,
            owner=ticket.booking.owner,
            movie_id=facts.movie_id,
            title=facts.title,
            year=facts.year,
            screening_id=facts.screening_id,
            cinema=facts.cinema,
            timezone=facts.timezone,
            room=facts.room,
            seat=ticket.seat,
            starts_at=facts.starts_at,
            admitted_at=admitted_at,
        ),
    )


def _place(ticket: Ticket) -> str:
    return f"Screen {facts_of(ticket.booking).room} · {ticket.seat}"


def _used_title(standing: Admission) -> str:
    at = standing.admitted_at.astimezone(ZoneInfo(facts_of(standing.ticket.booking).timezone))
    return f"Used {at:%H:%M}" + (f", {standing.door}" if standing.door else "")


def _used_sentence(session: Session, standing: Admission) -> str:
    back_at = session.scalar(select(func.max(Reentry.let_in_at)).where(Reentry.admission_id == standing.id))
    now = database_now(session)
    back = f", and back in {_ago(now - back_at)}" if back_at else ""
    return (
        f"Already let in {_ago(now - standing.admitted_at)}{back}, seat {standing.ticket.seat}. "
        "Ask: did you step out?"
    )


def _ago(since: timedelta) -> str:
    minutes = int(since.total_seconds() // 60)
    return "just now" if minutes < 1 else "1 minute ago" if minutes == 1 else f"{minutes} minutes ago"


def _showing(facts: BookingFacts) -> str:
    return f"{facts.title}, {_day(facts)}, {_clock(facts)}, Screen {facts.room} at {facts.cinema}"


def _day(facts: BookingFacts) -> str:
    local = facts.starts_at.astimezone(ZoneInfo(facts.timezone))
    return f"{local:%A} {local.day} {local:%B}"


def _clock(facts: BookingFacts, *, ends: bool = False) -> str:
    moment = facts.ends_at if ends else facts.starts_at
    return f"{moment.astimezone(ZoneInfo(facts.timezone)):%H:%M}"


def _is_today(session: Session, facts: BookingFacts) -> bool:
    zone = ZoneInfo(facts.timezone)
    return facts.starts_at.astimezone(zone).date() == database_now(session).astimezone(zone).date()
