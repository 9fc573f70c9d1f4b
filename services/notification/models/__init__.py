"""Tables of the notification service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from marquee.db import new_metadata, utc_now, uuid_pk

__all__ = ["Base", "Mail", "Notice"]


class Base(DeclarativeBase):
    metadata = new_metadata()


class Mail(Base):
    """A mail to be sent: written once per template and subject; its Message-ID follows from the two."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("template", "subject_id"),
        CheckConstraint("state IN ('due', 'sent', 'given_up')", name="state"),
        Index("ix_mails_due_at", "due_at", postgresql_where=text("state = 'due'")),
        Index("ix_mails_tickets_of", text("lower(recipient)"), postgresql_where=text("template = 'tickets'")),
    )

    id: Mapped[uuid_pk]
    template: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID]  # the reservation, or the wish, it is about
    recipient: Mapped[str] = mapped_column(String(254))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(10), default="due")
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(300), default="")
    due_at: Mapped[utc_now]
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[utc_now]


class Notice(Base):
    """A line in somebody's inbox on the website."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        Index("ix_notices_owner", "owner", "created_at"),
    )

    id: Mapped[uuid_pk]
    owner: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(String(400))
    link: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[utc_now]
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
