"""Each handler's effect happens once, however often its event is delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.messaging.outbox import inbox

__all__ = ["claim", "handler_name"]


def claim(session: Session, consumer: str, event_id: UUID) -> bool:
    """True for the first transaction that commits with this claim; others may go on without the effect.

    Waits for a transaction that has claimed the same and is still open.
    """
    claimed = session.execute(
        insert(inbox)
        .values(consumer=consumer, event_id=event_id)
        .on_conflict_do_nothing()
        .returning(inbox.c.event_id)
    )
    return claimed.first() is not None


def handler_name(service: str, handler: Callable[..., Any]) -> str:
    """Survives restarts and moves between folders; renaming a handler makes it new to every old event."""
    return f"{service}:{handler.__module__.rpartition('.')[2]}.{handler.__name__}"
