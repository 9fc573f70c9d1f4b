"""Reading the event log, newest first, as GET /v1/events does."""

from __future__ import annotations

from local.stripe_fake import deliveries
from local.stripe_fake.domain.account import Account
from local.stripe_fake.errors import Json
from local.stripe_fake.listing import page_of, read_created_range
from local.stripe_fake.parameters import Parameters

KIND = "event"


def retrieve(account: Account, event_id: str) -> Json:
    return account.store.get(KIND, event_id)


def list_events(account: Account, params: Parameters) -> Json:
    types = set(params.texts("types"))
    if (one := params.text("type")) is not None:
        types.add(one)
    created = read_created_range(params)
    asks_for_success = params.flag("delivery_success") if "delivery_success" in params else None

    undelivered = deliveries.undelivered_events(account.store) if asks_for_success is not None else set()

    def wanted(event: Json) -> bool:
        if types and not any(_matches(event["type"], pattern) for pattern in types):
            return False
        return asks_for_success is None or asks_for_success == (event["id"] not in undelivered)

    return page_of(account.store, KIND, params, "/v1/events", created, wanted)


def _matches(event_type: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return event_type == pattern
