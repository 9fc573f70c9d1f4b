"""Sending tickets once more: anybody may ask, only the mailbox they were bought with hears the answer.

Verbs never commit and never send.
"""

from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import DateTime, cast, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from marquee.contracts.reservation import BookingFacts
from marquee.db import database_now
from services.notification.models import Mail

TEMPLATE = "lookup"
_GIVEN_BACK = ("cancelled", "refund_due", "refunded")


def ask(session: Session, address: str) -> None:
    """Note that somebody wants the tickets of `address`: at most one mail a minute. Rule: docs/rules/lookups.md.

    Nothing is looked up here, so neither the answer nor its time tells whether there is a booking.
    """
    minute = database_now(session).strftime("%Y-%m-%dT%H:%M")
    wish = uuid5(NAMESPACE_URL, f"marquee:lookup:{address.lower()}:{minute}")
    session.execute(
        insert(Mail)
        .values(template=TEMPLATE, subject_id=wish, recipient=address, facts={})
        .on_conflict_do_nothing()
    )


def bookings_to_come(session: Session, address: str) -> list[BookingFacts]:
    """What was bought with `address`, is not over and was not given back; soonest first."""
    other = aliased(Mail)
    ends_at = cast(Mail.facts["booking"]["ends_at"].astext, DateTime(timezone=True))
    query = (
        select(Mail.facts["booking"])
        .where(Mail.template == "tickets", func.lower(Mail.recipient) == func.lower(address))
        .where(ends_at > func.now())
        .where(~exists().where(other.subject_id == Mail.subject_id, other.template.in_(_GIVEN_BACK)))
        .order_by(ends_at)
    )
    return [BookingFacts.model_validate(booking) for booking in session.scalars(query)]


def forget(session: Session, mail_id: UUID) -> None:
    """Nothing was bought with this address, so it is none of ours to keep."""
    session.execute(delete(Mail).where(Mail.id == mail_id))
