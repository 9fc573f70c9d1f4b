"""Movies and who made them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marquee.db import utc_now, uuid_pk
from services.movies.models.base import Base


class Movie(Base):
    """A film. `deleted_at` takes it out of the catalogue; screenings and bookings keep their history."""

    __tablename__ = "movies"
    __table_args__ = (
        UniqueConstraint("title", "year"),
        CheckConstraint("runtime_minutes BETWEEN 1 AND 1000", name="runtime"),
        CheckConstraint("year BETWEEN 1878 AND 2100", name="year"),
        Index("ix_movies_live_title", "title", postgresql_where=text("deleted_at IS NULL")),
    )

    id: Mapped[uuid_pk]
    title: Mapped[str] = mapped_column(String(200))
    original_title: Mapped[str] = mapped_column(String(200), default="")
    year: Mapped[int]
    runtime_minutes: Mapped[int]
    certificate: Mapped[str] = mapped_column(String(10), default="")
    certificate_reason: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(60), default="")
    is_subtitled: Mapped[bool] = mapped_column(default=False)
    genres: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list)
    synopsis: Mapped[str] = mapped_column(String(4000), default="")
    house_line: Mapped[str] = mapped_column(String(200), default="")
    poster_variant: Mapped[int] = mapped_column(default=0)
    tmdb_id: Mapped[int | None] = mapped_column(unique=True)
    created_at: Mapped[utc_now]
    updated_at: Mapped[utc_now]
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    credits: Mapped[list["Credit"]] = relationship(
        order_by="Credit.position", cascade="all, delete-orphan", lazy="selectin"
    )

    @property
    def directors(self) -> list[str]:
        return [c.name for c in self.credits if c.job == "director"]

    @property
    def actors(self) -> list[str]:
        return [c.name for c in self.credits if c.job == "actor"]


class Credit(Base):
    """One name in a movie's credits; `position` counts within the job, from 0."""

    __tablename__ = "credits"
    __table_args__ = (CheckConstraint("job IN ('director', 'actor')", name="job"),)

    movie_id: Mapped[UUID] = mapped_column(ForeignKey("movies.id", ondelete="CASCADE"), primary_key=True)
    job: Mapped[str] = mapped_column(String(10), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
