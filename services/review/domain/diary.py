"""The diary: what somebody watched, when and where. A used ticket writes the first line by itself."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.auth import Holder
from marquee.contracts.ticket import TicketAdmissionUndone, TicketAdmitted
from services.review.models import Admission, DiaryEntry

# Of advisory locks on a person's diary.
_DIARY = 5205001


def log_admission(session: Session, admitted: TicketAdmitted) -> None:
    """One entry per booking: whoever took three seats watched the film once. None for a scan that was taken back."""
    _lock_diary(session, admitted.owner)
    session.execute(
        insert(Admission)
        .values(
            ticket_id=admitted.ticket_id,
            admitted_at=admitted.admitted_at,
            reservation_id=admitted.reservation_id,
            seat=admitted.seat,
        )
        .on_conflict_do_nothing()
    )
    if not _seats_inside(session, admitted.reservation_id):
        return
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


def take_back_admission(session: Session, undone: TicketAdmissionUndone) -> None:
    """Nobody walked in by that scan: the entry goes, unless another seat of the booking was let in, or this one again."""
    _lock_diary(session, undone.owner)
    session.execute(
        insert(Admission)
        .values(
            ticket_id=undone.ticket_id,
            admitted_at=undone.admitted_at,
            reservation_id=undone.reservation_id,
            is_undone=True,
        )
        .on_conflict_do_update(index_elements=["ticket_id", "admitted_at"], set_={"is_undone": True})
    )
    entry = session.scalars(
        select(DiaryEntry).where(
            DiaryEntry.owner == undone.owner, DiaryEntry.reservation_id == undone.reservation_id
        )
    ).one_or_none()
    if entry is None:
        return
    if inside := _seats_inside(session, undone.reservation_id):
        entry.seat = inside[0]
        return
    session.delete(entry)
    session.flush()
    _call_first_watch_first(session, entry.owner, entry.movie_id)


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


def _lock_diary(session: Session, owner: str) -> None:
    """Scans of one person are told by several workers at once, and each asks what the others left in the diary."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, :diary))"),
        {"owner": owner, "diary": _DIARY},
    )


def _seats_inside(session: Session, reservation_id: UUID) -> list[str]:
    """Who came first, first."""
    standing = select(Admission.seat).where(
        Admission.reservation_id == reservation_id, Admission.is_undone.is_(False)
    )
    return list(session.scalars(standing.order_by(Admission.admitted_at)))


def _call_first_watch_first(session: Session, owner: str, movie_id: UUID) -> None:
    """An entry that is left may have been called a rewatch of the one that is gone."""
    first = (
        select(DiaryEntry.id)
        .where(DiaryEntry.owner == owner, DiaryEntry.movie_id == movie_id)
        .order_by(DiaryEntry.created_at, DiaryEntry.id)
        .limit(1)
    )
    session.execute(
        update(DiaryEntry).where(DiaryEntry.id.in_(first.scalar_subquery())).values(is_rewatch=False)
    )
