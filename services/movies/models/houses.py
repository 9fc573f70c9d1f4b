"""Cinemas, their rooms, and where the seats stand."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marquee.db import utc_now, uuid_pk
from services.movies.models.base import Base

# What a seat can be. "Zone" on a price card is the same word.
SEAT_KINDS = ("standard", "premium", "sofa", "wheelchair", "companion", "restricted")


class Cinema(Base):
    """A site: where it is, which clock hangs on its wall, and in what it is paid."""

    __tablename__ = "cinemas"

    id: Mapped[uuid_pk]
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(200))
    city: Mapped[str] = mapped_column(String(80))
    timezone: Mapped[str] = mapped_column(String(60))
    currency: Mapped[str] = mapped_column(String(3))
    about: Mapped[str] = mapped_column(String(500), default="")


class Room(Base):
    """A hall of a cinema. `number` is what stands over its door: "1", "A1", "VIP"."""

    __tablename__ = "rooms"
    __table_args__ = (
        UniqueConstraint("cinema_id", "number"),
        CheckConstraint("cleaning_minutes BETWEEN 0 AND 120", name="cleaning"),
    )

    id: Mapped[uuid_pk]
    cinema_id: Mapped[UUID] = mapped_column(ForeignKey("cinemas.id", ondelete="RESTRICT"))
    number: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(200), default="")
    step_free: Mapped[bool] = mapped_column(default=True)
    cleaning_minutes: Mapped[int] = mapped_column(default=15)
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    cinema: Mapped[Cinema] = relationship(lazy="joined")


class SeatPlan(Base):
    """One version of a room's layout. Screenings keep the version they were sold with, so rows never change."""

    __tablename__ = "seat_plans"
    __table_args__ = (UniqueConstraint("room_id", "version"),)

    id: Mapped[uuid_pk]
    room_id: Mapped[UUID] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    version: Mapped[int]
    # What is not a seat: {"width": 20.0, "height": 14.0, "labels": [{"text": "Way out", "x": .., "y": ..}], ...}
    # in seat widths, origin at the left end of the screen.
    drawing: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created_at: Mapped[utc_now]

    seats: Mapped[list["Seat"]] = relationship(
        order_by="Seat.row_rank, Seat.x", cascade="all, delete-orphan", lazy="selectin"
    )


class Seat(Base):
    """A place in a plan. Its label ("C7") names it everywhere; position is in seat widths, angle in degrees."""

    __tablename__ = "seats"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('standard', 'premium', 'sofa', 'wheelchair', 'companion', 'restricted')", name="kind"
        ),
    )

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("seat_plans.id", ondelete="CASCADE"), primary_key=True)
    label: Mapped[str] = mapped_column(String(8), primary_key=True)
    row: Mapped[str] = mapped_column(String(4))
    row_rank: Mapped[int]
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12), default="standard")
    # The other half of a sofa, or the wheelchair space a companion seat belongs to.
    partner: Mapped[str | None] = mapped_column(String(8))
    x: Mapped[float]
    y: Mapped[float]
    angle: Mapped[float] = mapped_column(default=0.0)
