"""Tables of the review service: the diary, and the copies of names it shows."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from marquee.db import new_metadata, utc_now, utc_time, uuid_pk

__all__ = ["Admission", "Base", "DiaryEntry", "Member", "MovieTitle"]


class Base(DeclarativeBase):
    metadata = new_metadata()


class Member(Base):
    """A person's name as user events told it; older news never overwrites newer."""

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    told_at: Mapped[utc_time]


class MovieTitle(Base):
    """A movie's title as movie events told it."""

    __tablename__ = "movie_titles"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    year: Mapped[int]
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    told_at: Mapped[utc_time]


class Admission(Base):
    """A scan at the door, kept so that its being taken back may be told before it, and after others of its booking."""

    __tablename__ = "admissions"

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    admitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    reservation_id: Mapped[UUID] = mapped_column(index=True)
    seat: Mapped[str] = mapped_column(String(8), default="")
    is_undone: Mapped[bool] = mapped_column(default=False)


class DiaryEntry(Base):
    """Somebody watched something. One that began with a scan at the door carries its ticket: "Seen here"."""

    __tablename__ = "diary_entries"
    __table_args__ = (
        Index("ix_diary_entries_owner", "owner", "watched_on", "id"),
        Index("uq_diary_entries_reservation", "owner", "reservation_id", unique=True),
    )

    id: Mapped[uuid_pk]
    owner: Mapped[str] = mapped_column(String(80))  # as in marquee.auth.Holder
    movie_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(String(200))
    year: Mapped[int]
    watched_on: Mapped[date]  # on the cinema's calendar
    is_rewatch: Mapped[bool] = mapped_column(default=False)
    reservation_id: Mapped[UUID | None]
    cinema: Mapped[str] = mapped_column(String(120), default="")
    room: Mapped[str] = mapped_column(String(20), default="")
    seat: Mapped[str] = mapped_column(String(8), default="")
    created_at: Mapped[utc_now]
