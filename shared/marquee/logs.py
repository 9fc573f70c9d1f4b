"""JSON lines on stdout, each with the id of the request (or message) it belongs to, and of the booking it is about.

So one booking can be followed through every service with one search for its id.
"""

import logging
import random
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import orjson
import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# What paths, bodies and events call a booking: a hold and what becomes of it share their id.
_BOOKING_NAMES = ("reservation_id", "booking_id", "hold_id")


def new_request_id(given: str | None = None) -> str:
    """Keep the caller's id when it is one we would have made, else make one."""
    if given and _ACCEPTABLE_ID.fullmatch(given):
        return given
    # Tells requests apart and guards nothing: no need to ask the kernel each time.
    return f"{random.getrandbits(128):032x}"


def begin(given_request_id: str | None = None) -> None:
    """A request begins: what this thread spoke of before is over."""
    structlog.contextvars.clear_contextvars()
    request_id.set(new_request_id(given_request_id))


def concerns(reservation_id: UUID | str) -> None:
    """From here to its end, every line of this request names the reservation."""
    structlog.contextvars.bind_contextvars(reservation_id=str(reservation_id))


@contextmanager
def about(reservation_id: UUID | str | None, *, request: str | None = None) -> Iterator[None]:
    """Every line of the block names the reservation, and the request (or message) it goes back to."""
    before = request_id.set(new_request_id(request))
    named = {"reservation_id": str(reservation_id)} if reservation_id else {}
    try:
        with structlog.contextvars.bound_contextvars(**named):
            yield
    finally:
        request_id.reset(before)


def booking_in(thing: object) -> UUID | str | None:
    """The id of the booking that a path's values, a body or an event speaks of."""
    values = thing if isinstance(thing, dict) else getattr(thing, "__dict__", {})
    found = next((values[name] for name in _BOOKING_NAMES if values.get(name)), None)
    return found or (booking_in(values["booking"]) if values.get("booking") else None)


def configure(service: str, level: str = "INFO") -> None:
    """Send structlog and the standard library's logging to stdout as JSON."""

    def add_service(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"service": service, **event}

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    # Our own lines go straight to stdout: every request writes one.
    structlog.configure(
        processors=[*shared, add_service, structlog.processors.JSONRenderer(serializer=_to_bytes)],
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                add_service,
                structlog.processors.JSONRenderer(serializer=_to_text),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # It tells each failed attempt in a dozen lines and a traceback; whoever made the attempt tells it in one.
    logging.getLogger("pika").setLevel("CRITICAL")


def _add_request_id(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if current := request_id.get():
        event.setdefault("request_id", current)
    return event


def _to_bytes(value: Any, **_: Any) -> bytes:
    return orjson.dumps(value, default=str)


def _to_text(value: Any, **_: Any) -> str:
    return _to_bytes(value).decode()
