"""The CloudEvents 1.0 JSON envelope every event travels in."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from marquee.clock import utc_now
from marquee.contracts import EVENTS, Event

__all__ = [
    "MAX_BODY_BYTES",
    "Envelope",
    "EventTooLarge",
    "UnreadableEvent",
    "open_envelope",
    "traceparent",
    "wrap",
]

MAX_BODY_BYTES = 256 * 1024

traceparent: ContextVar[str] = ContextVar("traceparent", default="")
"""The W3C trace the running work belongs to; events recorded meanwhile carry it on."""


class EventTooLarge(ValueError):
    """The event would not pass the size limit that all transports share."""


class UnreadableEvent(Exception):
    """No attempt will ever make sense of this message; the text is the reason it is parked with."""


class Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(default_factory=uuid4)
    source: str
    type: str
    time: AwareDatetime = Field(default_factory=utc_now)
    subject: str | None = None
    dataschema: str
    datacontenttype: Literal["application/json"] = "application/json"
    requestid: str | None = None
    traceparent: str | None = None
    data: dict[str, Any]

    def to_bytes(self) -> bytes:
        """Raises EventTooLarge."""
        body = self.model_dump_json(exclude_none=True).encode()
        if len(body) > MAX_BODY_BYTES:
            raise EventTooLarge(f"{self.type} takes {len(body)} bytes, the limit is {MAX_BODY_BYTES}")
        return body


def wrap(
    event: Event, *, subject: str | None = None, request_id: str | None = None, traceparent: str | None = None
) -> Envelope:
    return Envelope(
        source=f"/marquee/{event.publisher}",
        type=event.routing_key,
        subject=subject if subject is not None else event.subject(),
        dataschema=schema_name(type(event)),
        requestid=request_id or None,
        traceparent=traceparent or None,
        data=event.model_dump(mode="json"),
    )


def open_envelope(body: bytes, events: Mapping[str, type[Event]] = EVENTS) -> tuple[Envelope, Event]:
    """Read a message. Raises UnreadableEvent for anything no later attempt could read either."""
    envelope = _read_envelope(body)
    event = events.get(envelope.type)
    if event is None:
        raise UnreadableEvent(f"unknown event type {envelope.type}")
    if envelope.dataschema != schema_name(event):
        raise UnreadableEvent(
            f"unknown version: {envelope.dataschema}, this reader knows {schema_name(event)}"
        )
    try:
        return envelope, event.model_validate(envelope.data)
    except ValidationError as error:
        raise UnreadableEvent(f"{envelope.type} does not fit its schema: {_first_fault(error)}") from error


def schema_name(event: type[Event]) -> str:
    return f"urn:marquee:event:{event.routing_key}:{event.version}"


def _read_envelope(body: bytes) -> Envelope:
    if len(body) > MAX_BODY_BYTES:
        raise UnreadableEvent(f"message of {len(body)} bytes is over the limit of {MAX_BODY_BYTES}")
    try:
        return Envelope.model_validate_json(body)
    except ValidationError as error:
        raise UnreadableEvent(f"malformed envelope: {_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    # Names the field and the rule but never the value, which may be somebody's mail address.
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or "message"
    return f"{place}: {fault['msg']}"
