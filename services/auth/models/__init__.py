"""Tables of the auth service."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from marquee.db import new_metadata, utc_now, utc_time

__all__ = ["Base", "Person", "Session"]


class Base(DeclarativeBase):
    metadata = new_metadata()


class Person(Base):
    """Somebody who signed in at least once, as the identity provider last described them."""

    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the token's `sub`
    username: Mapped[str] = mapped_column(String(255), index=True)
    name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[utc_now]
    updated_at: Mapped[utc_now]


class Session(Base):
    """A signed-in browser. The cookie's secret is stored as a hash, the tokens encrypted."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_provider_session", "provider_session"),
        Index("ix_sessions_expires_at", "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # sha256 of the cookie's value
    person_id: Mapped[UUID] = mapped_column(index=True)
    provider_session: Mapped[str] = mapped_column(String(255))  # the token's `sid`
    access_token: Mapped[bytes] = mapped_column(LargeBinary)
    refresh_token: Mapped[bytes] = mapped_column(LargeBinary)
    id_token: Mapped[bytes] = mapped_column(LargeBinary)
    access_expires_at: Mapped[utc_time]
    refreshing_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_seen_at: Mapped[utc_now]
    created_at: Mapped[utc_now]
    expires_at: Mapped[utc_time]
