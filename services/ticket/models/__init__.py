"""Tables of the ticket service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from marquee.db import new_metadata, utc_now, utc_time, uuid_pk

__all__ = ["Admission", "Base", "Booking", "Reentry", "Ticket"]


class Base(DeclarativeBase):
    metadata = new_metadata()


class Booking(Base):
    """A paid booking as movies told it: all that a ticket says is in `facts`, so no neighbour is asked."""

    __tablename__ = "bookings"
    __table_args__ = (
        Index("ix_bookings_reference", "screening_id", "reference"),
        Index("ix_bookings_reference_anywhere", "reference"),
        CheckConstraint("state IN ('valid', 'void')", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the reservation's id
    reference: Mapped[str] = mapped_column(String(12))  # "7K2FQX", for people to say and type
    owner: Mapped[str] = mapped_column(String(80))
    link_key: Mapped[str] = mapped_column(String(64))
    screening_id: Mapped[UUID]
    starts_at: Mapped[utc_time]
    ends_at: Mapped[utc_time]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(6), default="valid")
    void_reason: Mapped[str] = mapped_column(String(200), default="")
    voided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[utc_now]

    tickets: Mapped[list["Ticket"]] = relationship(order_by="Ticket.seat", lazy="selectin")

    @property
    def tickets_side_by_side(self) -> list["Ticket"]:
        """As the seats stand in the room: by their names alone, G10 would come before G9."""
        return sorted(self.tickets, key=lambda ticket: ticket.place)


class Ticket(Base):
    """One seat of a booking. The PDF and the code are made from this row whenever somebody asks."""

    __tablename__ = "tickets"
    __table_args__ = (UniqueConstraint("booking_id", "seat"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"))
    seat: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(12))
    ticket_type: Mapped[str] = mapped_column(String(10))
    price_cents: Mapped[int]
    key_id: Mapped[int]
    created_at: Mapped[utc_now]

    booking: Mapped[Booking] = relationship(back_populates="tickets", lazy="joined")

    @property
    def reference(self) -> str:
        """For people to say and type."""
        return f"MQ-{self.booking.reference}-{self.seat}"

    @property
    def place(self) -> int:
        """Where its seat stands among those of the booking."""
        return [seat["label"] for seat in self.booking.facts["seats"]].index(self.seat)


class Admission(Base):
    """Somebody was let in. At most one stands per ticket: the partial unique index tells two doors so."""

    __tablename__ = "admissions"
    __table_args__ = (
        Index("uq_admissions_standing", "ticket_id", unique=True, postgresql_where=text("undone_at IS NULL")),
    )

    id: Mapped[uuid_pk]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="RESTRICT"))
    scan_id: Mapped[UUID] = mapped_column(unique=True)  # the scanner's own: a resend finds its first answer
    door: Mapped[str] = mapped_column(String(40), default="")
    admitted_by: Mapped[str] = mapped_column(String(80))
    admitted_at: Mapped[utc_now]
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[str] = mapped_column(String(80), default="")
    undo_reason: Mapped[str] = mapped_column(String(200), default="")

    ticket: Mapped[Ticket] = relationship(lazy="joined")


class Reentry(Base):
    """Somebody who had been let in and stepped out came back. The admission stands: nobody is counted twice."""

    __tablename__ = "reentries"
    __table_args__ = (Index("ix_reentries_admission_id", "admission_id"),)

    id: Mapped[uuid_pk]
    admission_id: Mapped[UUID] = mapped_column(ForeignKey("admissions.id", ondelete="RESTRICT"))
    scan_id: Mapped[UUID] = mapped_column(unique=True)  # as of an admission
    door: Mapped[str] = mapped_column(String(40), default="")
    let_in_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(200))
    let_in_at: Mapped[utc_now]
