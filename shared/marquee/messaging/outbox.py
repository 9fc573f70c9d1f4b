"""Events wait in the database of the service that publishes them, in the transaction that caused them.

`record` is the only way to publish. The relay (relay.py) carries the rows to the broker.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from marquee.contracts.base import Event
from marquee.logs import request_id
from marquee.messaging.envelope import traceparent, wrap

__all__ = ["CHANNEL", "create_tables", "drop_tables", "inbox", "messaging_metadata", "outbox", "record"]

CHANNEL = "outbox"

messaging_metadata = MetaData()

outbox = Table(
    "outbox",
    messaging_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("routing_key", Text, nullable=False),
    Column("envelope", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("published_at", DateTime(timezone=True)),
    # Which life of the broker took the event; rows taken by an earlier one may have to be sent again.
    Column("broker_epoch", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("not_before", DateTime(timezone=True)),
    Column("refusal", Text),
    Index("ix_outbox_waiting", "id", postgresql_where=text("published_at IS NULL")),
    Index("ix_outbox_published_at", "published_at", postgresql_where=text("published_at IS NOT NULL")),
)

inbox = Table(
    "inbox",
    messaging_metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_inbox_received_at", "received_at"),
)


def record(session: Session, event: Event, *, subject: str | None = None) -> UUID:
    """Publish `event` if and only if the session's transaction commits; answers the event's id.

    Raises EventTooLarge above 256 KB.
    """
    envelope = wrap(event, subject=subject, request_id=request_id.get(), traceparent=traceparent.get())
    envelope.to_bytes()
    # The notification leaves with the same statement and, like the row, only when the transaction commits.
    session.execute(
        insert(outbox)
        .values(
            event_id=envelope.id,
            routing_key=envelope.type,
            envelope=envelope.model_dump(mode="json", exclude_none=True),
        )
        .returning(func.pg_notify(CHANNEL, ""))
    )
    return envelope.id


def create_tables(op: Any) -> None:
    """For a service's first migration; `op` is alembic's."""
    for table in messaging_metadata.sorted_tables:
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))


def drop_tables(op: Any) -> None:
    for table in reversed(messaging_metadata.sorted_tables):
        op.execute(DropTable(table))
