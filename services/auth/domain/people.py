"""People as the identity provider describes them; told to the others when somebody is new or has changed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.contracts.user import UserRegistered, UserUpdated
from marquee.messaging.outbox import record
from services.auth.models import Person


def note_person(session: Session, claims: Mapping[str, Any]) -> Person:
    """Remember who signed in, matched by `sub` and never by an address that anybody could claim."""
    facts = {
        "username": str(claims.get("preferred_username", "")),
        "name": str(claims.get("name", "")),
        "email": str(claims.get("email", "")),
    }
    person_id = UUID(str(claims["sub"]))
    # Inserting decides who is new: two first sign-ins at once must neither fail nor be told twice.
    is_new = session.scalar(
        insert(Person).values(id=person_id, **facts).on_conflict_do_nothing().returning(Person.id)
    )
    person = session.get_one(Person, person_id, with_for_update=True)
    if is_new:
        record(session, UserRegistered(user_id=person_id, **facts))
    elif any(getattr(person, name) != value for name, value in facts.items()):
        for name, value in facts.items():
            setattr(person, name, value)
        person.updated_at = func.now()
        record(session, UserUpdated(user_id=person_id, **facts))
    return person


def find_people(session: Session, wanted: str, *, limit: int = 10) -> list[Person]:
    """By any part of the user name."""
    pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    query = select(Person).where(Person.username.ilike(pattern)).order_by(Person.username).limit(limit)
    return list(session.scalars(query))
