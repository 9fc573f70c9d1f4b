"""Reservations and the seats they claim. A hold is a reservation in state `held`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marquee.db import utc_now, utc_time, uuid_pk
from services.movies.models.base import Base
from services.movies.models.programme import Screening

STATES = (
    "held",
    "paying",
    "confirmed",
    "ticketed",
    "expired",
    "cancelled",
    "refund_due",
    "refunded",
)
LIVE_STATES = ("held", "paying", "confirmed", "ticketed")


class Reservation(Base):
    """Somebody's seats in a screening. State changes only through domain/transitions.py."""

    __tablename__ = "reservations"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint("total_cents >= 0", name="total"),
        CheckConstraint("method IN ('', 'element', 'hosted')", name="method"),
        # One hold per holder and screening: a double click finds its own hold again.
        Index(
            "uq_reservations_one_hold",
            "screening_id",
            "owner",
            unique=True,
            postgresql_where=text("state = 'held'"),
        ),
        Index("ix_reservations_owner", "owner", "created_at"),
        # What the timers look for: holds and payments whose time is up, and paid bookings that wait for others.
        Index("ix_reservations_open", "expires_at", postgresql_where=text("state IN ('held', 'paying')")),
        Index(
            "ix_reservations_waiting",
            "updated_at",
            postgresql_where=text("state IN ('confirmed', 'refund_due')"),
        ),
    )

    id: Mapped[uuid_pk]
    screening_id: Mapped[UUID] = mapped_column(ForeignKey("screenings.id", ondelete="RESTRICT"), index=True)
    owner: Mapped[str] = mapped_column(String(80))  # "person:<sub>" or "guest:<sha256>"
    state: Mapped[str] = mapped_column(String(12), default="held")
    version: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[utc_time]  # of the hold, or of the time to pay
    extensions: Mapped[int] = mapped_column(default=0)
    total_cents: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    email: Mapped[str] = mapped_column(String(254), default="")
    name: Mapped[str] = mapped_column(String(120), default="")
    method: Mapped[str] = mapped_column(String(7), default="")  # of paying: "element" or "hosted"
    attempt: Mapped[int] = mapped_column(default=0)  # of paying; part of the derived idempotency key
    paying_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decline_message: Mapped[str] = mapped_column(String(300), default="")
    link_key: Mapped[str] = mapped_column(String(64), default="")  # lets the mail's link open the booking
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")
    # Why the money cannot go back by itself: somebody has to look. Empty while nothing is wrong.
    refund_trouble: Mapped[str] = mapped_column(String(200), default="", server_default="")
    # So many of its tickets were let in, as far as we have heard.
    admitted: Mapped[int] = mapped_column(default=0, server_default="0")
    reminders: Mapped[int] = mapped_column(default=0, server_default="0")  # sent in this state
    release_requested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[utc_now]
    updated_at: Mapped[utc_now]

    screening: Mapped[Screening] = relationship()
    seats: Mapped[list["ReservedSeat"]] = relationship(
        order_by="ReservedSeat.seat", cascade="all, delete-orphan", lazy="selectin"
    )


class ReservedSeat(Base):
    """A seat of a reservation with the price that was shown; kept as history when the claim is gone."""

    __tablename__ = "reservation_seats"

    reservation_id: Mapped[UUID] = mapped_column(
        ForeignKey("reservations.id", ondelete="CASCADE"), primary_key=True
    )
    seat: Mapped[str] = mapped_column(String(8), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    ticket_type: Mapped[str] = mapped_column(String(10))
    price_cents: Mapped[int]


class SeatClaim(Base):
    """A row stands here exactly while a seat is held or sold: the primary key is what keeps it from being sold twice.

    `expires_at` set: a hold, which anybody may take over once the database's clock has passed it. NULL: being
    paid for, or sold.
    """

    __tablename__ = "seat_claims"
    __table_args__ = (
        ForeignKeyConstraint(["screening_id", "plan_id"], ["screenings.id", "screenings.plan_id"]),
        ForeignKeyConstraint(["plan_id", "seat"], ["seats.plan_id", "seats.label"]),
        Index("ix_seat_claims_reservation_id", "reservation_id"),
    )

    screening_id: Mapped[UUID] = mapped_column(primary_key=True)
    seat: Mapped[str] = mapped_column(String(8), primary_key=True)
    plan_id: Mapped[UUID]
    reservation_id: Mapped[UUID] = mapped_column(ForeignKey("reservations.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ReservationTransition(Base):
    """The log of state changes: gapless versions, written by the one transition function."""

    __tablename__ = "reservation_transitions"

    reservation_id: Mapped[UUID] = mapped_column(
        ForeignKey("reservations.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(12))
    target: Mapped[str] = mapped_column(String(12))
    cause: Mapped[str] = mapped_column(String(120))
    at: Mapped[utc_now]
