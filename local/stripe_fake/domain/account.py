"""The one account behind the API: its memory, its clock, and the events it tells about."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from local.stripe_fake.errors import Json
from local.stripe_fake.settings import API_VERSION, Settings
from local.stripe_fake.store import Store

NO_REQUEST: Json = {"id": None, "idempotency_key": None}
CURRENT_REQUEST: ContextVar[Json] = ContextVar("current_request", default=NO_REQUEST)
_LETTERS = string.ascii_letters + string.digits


@dataclass
class Account:
    settings: Settings
    store: Store
    clock: Callable[[], float] = time.time
    queue_deliveries: Callable[[Json], None] = field(default=lambda event: None)

    def now(self) -> int:
        return int(self.clock())

    def record_event(self, event_type: str, body: Json, before: Json | None = None) -> Json:
        """Tell the world that `body` changed; `before` holds the earlier values of what an update changed."""
        data: Json = {"object": visible(body)}
        if before is not None:
            data["previous_attributes"] = before
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 1 if self.settings.webhook_url else 0,
            "request": CURRENT_REQUEST.get(),
            "type": event_type,
        }
        self.store.insert(event, parent=event_type)
        self.queue_deliveries(event)
        return event


def visible(body: Json) -> Json:
    """What the API shows of an object: all but the stand-in's own notes, whose names begin with `_`."""
    return {name: value for name, value in body.items() if not name.startswith("_")}


def new_id(prefix: str, length: int = 24) -> str:
    return f"{prefix}_{random_letters(length)}"


def random_letters(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def changed(body: Json, **updates: Any) -> Json:
    """Apply `updates` to `body` and return the values they replaced, as Stripe's previous_attributes."""
    before = {name: body.get(name) for name, value in updates.items() if body.get(name) != value}
    body.update(updates)
    return before
