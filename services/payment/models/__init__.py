"""Tables of the payment service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from marquee.db import new_metadata, utc_now, uuid_pk

__all__ = ["Base", "Payment", "PaymentTransition", "StripeEvent"]


class Base(DeclarativeBase):
    metadata = new_metadata()


STATES = ("creating", "open", "processing", "succeeded", "failed", "refunding", "refunded", "refund_failed")


class Payment(Base):
    """One attempt to be paid for a reservation.

    `state` is what Stripe has told us; `wanted` is where it should go ("paid", "stopped", "refunded").
    `due_at` is when the worker next looks at it: work is found in this table, not remembered anywhere else.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("reservation_id", "attempt"),
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint("wanted IN ('paid', 'stopped', 'refunded')", name="wanted"),
        CheckConstraint("amount_cents >= 0", name="amount"),
        Index("ix_payments_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[uuid_pk]
    reservation_id: Mapped[UUID]
    attempt: Mapped[int]
    owner: Mapped[str] = mapped_column(String(80))
    link_key: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254))
    method: Mapped[str] = mapped_column(String(10))
    description: Mapped[str] = mapped_column(String(300))
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(14), default="creating")
    wanted: Mapped[str] = mapped_column(String(10), default="paid")
    version: Mapped[int] = mapped_column(default=0)
    # Part of the idempotency key. Stripe keeps even a 500 under its key for good; the next try needs another.
    key_generation: Mapped[int] = mapped_column(default=0)
    provider_id: Mapped[str | None] = mapped_column(String(255), unique=True)  # pi_… or cs_…
    intent_id: Mapped[str | None] = mapped_column(String(255), index=True)
    client_secret: Mapped[str | None] = mapped_column(String(255))
    hosted_url: Mapped[str | None] = mapped_column(String(2000))
    decline_id: Mapped[str | None] = mapped_column(String(255))
    decline_code: Mapped[str] = mapped_column(String(80), default="")
    decline_message: Mapped[str] = mapped_column(String(300), default="")
    refund_id: Mapped[str | None] = mapped_column(String(255))
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int] = mapped_column(default=0)  # in a row; spaces out the next tries
    created_at: Mapped[utc_now]
    updated_at: Mapped[utc_now]


class PaymentTransition(Base):
    """The log of state changes, gapless by version."""

    __tablename__ = "payment_transitions"

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(14))
    target: Mapped[str] = mapped_column(String(14))
    cause: Mapped[str] = mapped_column(String(120))
    at: Mapped[utc_now]


class StripeEvent(Base):
    """A webhook as it came, once by its id. It is a hint to look; what counts is read back from Stripe."""

    __tablename__ = "stripe_events"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    type: Mapped[str] = mapped_column(String(120))
    intent_id: Mapped[str | None] = mapped_column(String(255), index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_at: Mapped[utc_now]
