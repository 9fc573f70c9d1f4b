"""What every published event is made of: a frozen model, a routing key and a version."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

__all__ = ["EVENTS", "Event", "json_schemas"]

EVENTS: dict[str, type[Event]] = {}


class Event(BaseModel):
    """Something that happened, named in the past tense; a subclass per event.

    The routing key follows from the class name (`ReservationRefundDue` is `reservation.refund_due`)
    unless the class names its own. Fields may be added freely with a default: readers ignore what they
    do not know. A change that old readers would misread needs `version` raised.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    routing_key: ClassVar[str] = ""
    version: ClassVar[int] = 1
    publisher: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "routing_key" not in cls.__dict__:
            cls.routing_key = routing_key_from(cls.__name__)
        if not cls.publisher:
            cls.publisher = cls.__module__.rpartition(".")[2]
        _register(cls)

    def subject(self) -> str | None:
        """The thing the event is about: by habit the field named after the aggregate, `payment_id`."""
        aggregate = self.routing_key.partition(".")[0]
        about = getattr(self, f"{aggregate}_id", None)
        return None if about is None else str(about)


def routing_key_from(class_name: str) -> str:
    """`PaymentSucceeded` is `payment.succeeded`: the first word is the aggregate."""
    aggregate, *happened = [word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", class_name)]
    if not happened:
        raise TypeError(f"{class_name} needs an aggregate and what happened to it, as in PaymentSucceeded")
    return f"{aggregate}.{'_'.join(happened)}"


def json_schemas() -> dict[str, dict[str, Any]]:
    """The catalogue by routing key, for the documentation and for tests against published shapes."""
    return {
        key: {"version": event.version, "publisher": event.publisher, "schema": event.model_json_schema()}
        for key, event in sorted(EVENTS.items())
    }


def _register(event: type[Event]) -> None:
    known = EVENTS.get(event.routing_key)
    if known and (known.__module__, known.__qualname__) != (event.__module__, event.__qualname__):
        raise TypeError(f"{event.routing_key} is already the key of {known.__module__}.{known.__qualname__}")
    EVENTS[event.routing_key] = event
