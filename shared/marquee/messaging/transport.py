"""What every broker must offer. rabbit.py, streams.py and memory.py keep these promises.

Publishing returns only after the broker holds the message. Consuming is at least once: a delivery is taken
off the queue after the verdict on it, so whoever dies before leaves it to the next. Order is kept only per
queue with a single consumer, and not across retries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from marquee.messaging.envelope import MAX_BODY_BYTES

__all__ = [
    "CONFIRM_SECONDS",
    "Broker",
    "BrokerUnavailable",
    "Delivery",
    "Done",
    "Epoch",
    "Handle",
    "Later",
    "Leave",
    "Message",
    "Outcome",
    "Park",
    "Parked",
    "Publisher",
    "QueueState",
    "Subscription",
    "Subscriptions",
    "Verdict",
    "refuse_too_large",
]

# What a broker has not confirmed by then counts as not published.
CONFIRM_SECONDS = 5.0


class BrokerUnavailable(Exception):
    """The broker cannot be reached or does not answer; trying again later is right."""


class Outcome(StrEnum):
    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    TOO_LARGE = "too large"


@dataclass(frozen=True)
class Message:
    id: UUID
    routing_key: str
    body: bytes


@dataclass(frozen=True)
class Epoch:
    """One life of the broker's memory.

    Another `id` means that anything published before may be gone. Another `run` with the same `id` is a
    restart that kept its disk, at worst without the last seconds.
    """

    id: str
    run: str = ""

    def __str__(self) -> str:
        return f"{self.id}/{self.run}"


@dataclass(frozen=True)
class Delivery:
    """`attempt` counts from 1; `routing_key` is the event's own, also after a retry."""

    id: str
    routing_key: str
    body: bytes
    attempt: int


@dataclass(frozen=True)
class Done:
    """Take it off the queue."""


@dataclass(frozen=True)
class Later:
    """Take it off the queue and bring it back, one attempt higher, after one of RETRY_SECONDS."""

    delay_seconds: int


@dataclass(frozen=True)
class Park:
    """Put it aside for a person, with the reason."""

    reason: str


@dataclass(frozen=True)
class Leave:
    """Leave it on the queue for whoever comes next: this process is about to stop."""


Verdict = Done | Later | Park | Leave
Handle = Callable[[Delivery], Verdict]
"""Never raises. Called in a thread of the subscription."""


@dataclass(frozen=True)
class Parked:
    id: str
    routing_key: str
    body: bytes
    reason: str
    attempts: int


@dataclass(frozen=True)
class QueueState:
    """`waiting` counts what nobody has begun; `parked` what a person must look at."""

    waiting: int
    parked: int


class Publisher(Protocol):
    """For one thread at a time."""

    def epoch(self) -> Epoch:
        """The life the broker is in, its queues declared. Raises BrokerUnavailable."""

    def publish(self, messages: Sequence[Message]) -> dict[UUID, Outcome]:
        """What became of each; a message without an outcome is not published, as far as one can know.

        Waits CONFIRM_SECONDS for that. Raises BrokerUnavailable.
        """

    def close(self) -> None: ...


class Subscription(Protocol):
    def run(self, handle: Handle, stop: threading.Event) -> None:
        """Deliver until `stop`, through broker outages; then finish what has begun, within the grace time."""

    @property
    def connected(self) -> bool: ...


class Broker(Protocol):
    def declare(self) -> None:
        """Make every group's queue, so that it hears what happens before its service first starts."""

    def publisher(self) -> Publisher: ...

    def subscription(
        self, group: str, *, prefetch: int = 1, threads: int = 1, grace_seconds: float = 8
    ) -> Subscription: ...

    def lag(self, group: str) -> QueueState: ...

    def parked(self, group: str, *, limit: int = 100) -> list[Parked]: ...

    def replay(self, group: str, *, ids: Sequence[str] | None = None, limit: int = 1000) -> int:
        """Put parked messages back into the group's queue, attempts from the start; answers how many."""

    def ping(self) -> None:
        """Raises BrokerUnavailable."""

    def close(self) -> None: ...


Subscriptions = Mapping[str, Sequence[str]]


def refuse_too_large(messages: Sequence[Message]) -> dict[UUID, Outcome]:
    """The one size limit, the same on every transport."""
    return {message.id: Outcome.TOO_LARGE for message in messages if len(message.body) > MAX_BODY_BYTES}
