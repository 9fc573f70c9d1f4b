"""Telling people: a mail and a line in the inbox, each once per thing that happened.

Verbs never commit and never send.
"""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee import live, money
from marquee.auth import Holder
from marquee.contracts.reservation import BookingFacts
from services.notification.models import Mail, Notice

GIVE_UP_AFTER = 24  # tries, spread over a day


def tell(session: Session, template: str, booking: BookingFacts, *, reason: str = "") -> None:
    """Write the mail and the notice; a second telling of the same changes nothing."""
    facts = {"booking": booking.model_dump(mode="json"), "reason": reason}
    written = session.execute(
        insert(Mail)
        .values(template=template, subject_id=booking.reservation_id, recipient=booking.email, facts=facts)
        .on_conflict_do_nothing()
        .returning(Mail.id)
    ).scalar_one_or_none()
    if written is None:
        return
    session.execute(
        insert(Notice)
        .values(
            owner=booking.owner,
            kind=template,
            subject_id=booking.reservation_id,
            text=_line(template, booking, reason),
            link=f"/bookings/{booking.reservation_id}",
        )
        .on_conflict_do_nothing()
    )
    live.publish_after_commit(session, f"inbox:{booking.owner}", {"kind": "notice"})


def inbox(session: Session, holder: Holder, *, limit: int) -> list[Notice]:
    """Newest first."""
    query = select(Notice).where(Notice.owner.in_(holder.ids)).order_by(Notice.created_at.desc())
    return list(session.scalars(query.limit(limit)))


def unread(session: Session, holder: Holder) -> int:
    query = select(func.count()).where(Notice.owner.in_(holder.ids), Notice.read_at.is_(None))
    return session.scalar(query) or 0


def mark_read(session: Session, holder: Holder) -> None:
    session.execute(
        update(Notice)
        .where(Notice.owner.in_(holder.ids), Notice.read_at.is_(None))
        .values(read_at=func.now())
    )


def take_due(session: Session, *, lease_seconds: float) -> Mail | None:
    """The mail that waits longest, ours alone for `lease_seconds`.

    What is told of one booking arrives in the order it happened: the older mail first, unless it is stuck.
    """
    mail_id = session.execute(
        text(
            """
            UPDATE mails SET due_at = now() + make_interval(secs => :lease), attempts = attempts + 1
            WHERE id = (
                SELECT id FROM mails AS mail WHERE state = 'due' AND due_at <= now() AND NOT EXISTS (
                    SELECT FROM mails AS older WHERE older.subject_id = mail.subject_id AND older.state = 'due'
                        AND older.created_at < mail.created_at
                        AND older.created_at > now() - interval '1 minute'
                )
                ORDER BY due_at LIMIT 1 FOR UPDATE OF mail SKIP LOCKED
            )
            RETURNING id
            """
        ),
        {"lease": lease_seconds},
    ).scalar_one_or_none()
    return session.get(Mail, mail_id) if mail_id else None


def sent(session: Session, mail_id: UUID) -> None:
    session.execute(update(Mail).where(Mail.id == mail_id).values(state="sent", sent_at=func.now()))


def not_sent(session: Session, mail_id: UUID, *, error: str, for_good: bool = False) -> None:
    """Try again after 2, 4, 8 … seconds, at most two hours; in the end (or `for_good`) give up, with the reason."""
    mail = session.get(Mail, mail_id, with_for_update=True)
    if mail is None:
        return
    mail.last_error = error[:300]
    if for_good or mail.attempts >= GIVE_UP_AFTER:
        mail.state = "given_up"
    mail.due_at = func.now() + timedelta(seconds=min(2**mail.attempts, 7200))


def _line(template: str, booking: BookingFacts, reason: str) -> str:
    starts = booking.starts_at.astimezone(ZoneInfo(booking.timezone))
    showing = f"{booking.title}, {starts:%A} {starts.day} {starts:%B}, {starts:%H:%M}"
    total = money.spoken(booking.total_cents, booking.currency)
    return {
        "tickets": f"Your tickets for {showing}.",
        "cancelled": f"Cancelled: {showing}."
        + (f" {total} is on its way back." if booking.total_cents else ""),
        "refund_due": f"We got your payment for {showing}, but {reason}. All you paid goes back by itself.",
        "refunded": f"{total} for {showing} has been refunded.",
    }[template]
