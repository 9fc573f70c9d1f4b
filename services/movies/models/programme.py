"""What plays when, where, and for how much."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marquee.db import utc_now, utc_time, uuid_pk
from services.movies.models.base import Base
from services.movies.models.catalogue import Movie
from services.movies.models.houses import Room

TICKET_TYPES = ("adult", "child", "student", "senior", "carer")


class PriceCard(Base):
    """A named list of prices of a cinema: one line per kind of seat and ticket type."""

    __tablename__ = "price_cards"
    __table_args__ = (UniqueConstraint("cinema_id", "name"),)

    id: Mapped[uuid_pk]
    cinema_id: Mapped[UUID] = mapped_column(ForeignKey("cinemas.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))

    lines: Mapped[list["PriceLine"]] = relationship(cascade="all, delete-orphan", lazy="selectin")


class PriceLine(Base):
    __tablename__ = "price_lines"
    __table_args__ = (
        CheckConstraint("price_cents BETWEEN 0 AND 1000000", name="price"),
        CheckConstraint(
            "ticket_type IN ('adult', 'child', 'student', 'senior', 'carer')", name="ticket_type"
        ),
    )

    card_id: Mapped[UUID] = mapped_column(ForeignKey("price_cards.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    ticket_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    price_cents: Mapped[int]


class Screening(Base):
    """A movie in a room at a time. The room is occupied from the doors to the end of cleaning (`occupied`)."""

    __tablename__ = "screenings"
    __table_args__ = (
        # What seat_claims refer to, so that a seat of another room cannot be.
        UniqueConstraint("id", "plan_id"),
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint("state IN ('scheduled', 'cancelled')", name="state"),
        ForeignKeyConstraint(["plan_id"], ["seat_plans.id"], ondelete="RESTRICT"),
        ExcludeConstraint(
            ("room_id", "="),
            ("occupied", "&&"),
            where=text("state = 'scheduled'"),
            name="no_clash",
        ),
        Index("ix_screenings_starts_at", "starts_at"),
        Index("ix_screenings_movie", "movie_id", "starts_at"),
    )

    id: Mapped[uuid_pk]
    movie_id: Mapped[UUID] = mapped_column(ForeignKey("movies.id", ondelete="RESTRICT"))
    room_id: Mapped[UUID] = mapped_column(ForeignKey("rooms.id", ondelete="RESTRICT"))
    plan_id: Mapped[UUID]
    # The printed start; trailers run from here, the feature ends at ends_at = start + trailers + runtime.
    starts_at: Mapped[utc_time]
    ends_at: Mapped[utc_time]
    free_at: Mapped[utc_time]  # ends_at + cleaning
    occupied: Mapped[Range[datetime]] = mapped_column(
        TSTZRANGE, Computed("tstzrange(starts_at, free_at, '[)')", persisted=True)
    )
    trailer_minutes: Mapped[int] = mapped_column(default=15)
    formats: Mapped[list[str]] = mapped_column(ARRAY(String(30)), default=list)  # "35 mm", "Open captions" …
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(10), default="scheduled")
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[utc_now]

    movie: Mapped[Movie] = relationship(lazy="joined")
    room: Mapped[Room] = relationship(lazy="joined")
    prices: Mapped[list["ScreeningPrice"]] = relationship(cascade="all, delete-orphan")


class ScreeningPrice(Base):
    """The price card as it was when the screening was made: a later change never touches what is on sale."""

    __tablename__ = "screening_prices"
    __table_args__ = (CheckConstraint("price_cents BETWEEN 0 AND 1000000", name="price"),)

    screening_id: Mapped[UUID] = mapped_column(
        ForeignKey("screenings.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    ticket_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    price_cents: Mapped[int]
