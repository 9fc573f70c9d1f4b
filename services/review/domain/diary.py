"""The diary: what somebody watched, when and where. A used ticket writes the first line by itself."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.auth import Holder
from marquee.contracts.ticket import TicketAdmitted
from services.review.models import DiaryEntry


def log_admission(session: Session, admitted: TicketAdmitted) -> None:
    """One entry per booking: whoever took three seats watched the film once."""
    seen_before = session.scalar(
        select(
            exists().where(
                DiaryEntry.owner == admitted.owner,
                DiaryEntry.movie_id == admitted.movie_id,
                DiaryEntry.reservation_id.is_distinct_from(admitted.reservation_id),
            )
        )
    )
    session.execute(
        insert(DiaryEntry)
        .values(
            owner=admitted.owner,
            movie_id=admitted.movie_id,
            title=admitted.title,
            year=admitted.year,
            watched_on=admitted.starts_at.astimezone(ZoneInfo(admitted.timezone)).date(),
            is_rewatch=bool(seen_before),
            reservation_id=admitted.reservation_id,
            cinema=admitted.cinema,
            room=admitted.room,
            seat=admitted.seat,
        )
        .on_conflict_do_nothing(index_elements=["owner", "reservation_id"])
    )


def diary_of(session: Session, holder: Holder, *, before: UUID | None, limit: int) -> list[DiaryEntry]:
    """Newest first; `before` is the last entry of the page in hand."""
    query = select(DiaryEntry).where(DiaryEntry.owner.in_(holder.ids))
    if before is not None:
        last = select(DiaryEntry.watched_on, DiaryEntry.id).where(DiaryEntry.id == before).subquery()
        query = query.where(
            (DiaryEntry.watched_on < last.c.watched_on)
            | ((DiaryEntry.watched_on == last.c.watched_on) & (DiaryEntry.id < last.c.id))
        )
    return list(
        session.scalars(query.order_by(DiaryEntry.watched_on.desc(), DiaryEntry.id.desc()).limit(limit))
    )
