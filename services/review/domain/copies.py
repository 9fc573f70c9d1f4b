"""Names and titles of others, kept here so that a neighbour's outage costs nothing. Older news loses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.review.models import Member, MovieTitle


def keep_member(session: Session, *, member_id: UUID, username: str, name: str, told_at: datetime) -> None:
    facts = {"username": username, "name": name, "told_at": told_at}
    session.execute(
        insert(Member)
        .values(id=member_id, **facts)
        .on_conflict_do_update(index_elements=["id"], set_=facts, where=Member.told_at < told_at)
    )


def keep_title(session: Session, *, movie_id: UUID, title: str, year: int, told_at: datetime) -> None:
    facts = {"title": title, "year": year, "told_at": told_at, "removed_at": None}
    session.execute(
        insert(MovieTitle)
        .values(id=movie_id, **facts)
        .on_conflict_do_update(index_elements=["id"], set_=facts, where=MovieTitle.told_at < told_at)
    )


def mark_removed(session: Session, *, movie_id: UUID, told_at: datetime) -> None:
    gone = {"removed_at": told_at, "told_at": told_at}
    session.execute(
        insert(MovieTitle)
        .values(id=movie_id, title="", year=0, **gone)
        .on_conflict_do_update(index_elements=["id"], set_=gone, where=MovieTitle.told_at < told_at)
    )
