"""The broker inside one process, for tests that need no server. Nothing survives the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from uuid import UUID, uuid4

from marquee.messaging.topology import SUBSCRIPTIONS, groups_for
from marquee.messaging.transport import (
    Delivery,
    Done,
    Epoch,
    Handle,
    Later,
    Leave,
    Message,
    Outcome,
    Park,
    Parked,
    QueueState,
    Subscriptions,
    refuse_too_large,
)

__all__ = ["MemoryBroker"]


@dataclass
class _Queue:
    """`waiting` holds (due, number, delivery); the number keeps equal times in order."""

    waiting: list[tuple[float, int, Delivery]] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)


class MemoryBroker:
    def __init__(self, subscriptions: Subscriptions = SUBSCRIPTIONS) -> None:
        self._subscriptions = subscriptions
        self._queues = {group: _Queue() for group in subscriptions}
        self._numbers = count()
        self._changed = threading.Condition()
        self._epoch = Epoch(f"memory-{uuid4().hex}")

    def declare(self) -> None:
        """The queues exist from the start."""

    def publisher(self) -> MemoryBroker:
        return self

    def epoch(self) -> Epoch:
        return self._epoch

    def publish(self, messages: Sequence[Message]) -> dict[UUID, Outcome]:
        outcomes = refuse_too_large(messages)
        for message in messages:
            if message.id in outcomes:
                continue
            groups = groups_for(message.routing_key, self._subscriptions)
            for group in groups:
                self._put(group, Delivery(str(message.id), message.routing_key, message.body, 1))
            outcomes[message.id] = Outcome.CONFIRMED if groups else Outcome.UNROUTABLE
        return outcomes

    def subscription(
        self, group: str, *, prefetch: int = 1, threads: int = 1, grace_seconds: float = 8
    ) -> _MemorySubscription:
        return _MemorySubscription(self, group, threads, grace_seconds)

    def lag(self, group: str) -> QueueState:
        queue = self._queues[group]
        return QueueState(len(queue.waiting), len(queue.parked))

    def parked(self, group: str, *, limit: int = 100) -> list[Parked]:
        return self._queues[group].parked[:limit]

    def replay(self, group: str, *, ids: Sequence[str] | None = None, limit: int = 1000) -> int:
        parked = self._queues[group].parked
        chosen = [p for p in parked if ids is None or p.id in ids][:limit]
        for one in chosen:
            parked.remove(one)
            self._put(group, Delivery(one.id, one.routing_key, one.body, 1))
        return len(chosen)

    def ping(self) -> None:
        """Always there."""

    def close(self) -> None:
        """Nothing is open."""

    def _put(self, group: str, delivery: Delivery, delay_seconds: float = 0) -> None:
        with self._changed:
            due = time.monotonic() + delay_seconds if delay_seconds else 0.0
            self._queues[group].waiting.append((due, next(self._numbers), delivery))
            self._changed.notify_all()

    def _take(self, group: str) -> Delivery | None:
        with self._changed:
            waiting = self._queues[group].waiting
            due = [item for item in waiting if item[0] <= time.monotonic()]
            if not due:
                self._changed.wait(0.05)
                return None
            first = min(due)
            waiting.remove(first)
            return first[2]

    def _settle(self, group: str, delivery: Delivery, handle: Handle) -> None:
        match handle(delivery):
            case Done():
                return
            case Later(delay_seconds):
                self._put(group, replace(delivery, attempt=delivery.attempt + 1), delay_seconds)
            case Park(reason):
                self._queues[group].parked.append(
                    Parked(delivery.id, delivery.routing_key, delivery.body, reason, delivery.attempt)
                )
            case Leave():
                self._put(group, delivery)


class _MemorySubscription:
    def __init__(self, broker: MemoryBroker, group: str, threads: int, grace_seconds: float) -> None:
        self._broker, self._group = broker, group
        self._count, self._grace_seconds = threads, grace_seconds

    @property
    def connected(self) -> bool:
        return True

    def run(self, handle: Handle, stop: threading.Event) -> None:
        threads = [
            threading.Thread(target=self._work, args=(handle, stop), daemon=True) for _ in range(self._count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and not stop.is_set():
                thread.join(0.2)
            thread.join(self._grace_seconds)

    def _work(self, handle: Handle, stop: threading.Event) -> None:
        while not stop.is_set():
            if delivery := self._broker._take(self._group):
                self._broker._settle(self._group, delivery, handle)
