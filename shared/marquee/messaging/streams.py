"""The broker on Redis Streams: a stream and one group per subscriber, routed when publishing.

Keys: `<namespace>:queue:<group>`, `:delayed:<group>` (waiting for their next attempt), `:parking:<group>`,
and `<namespace>:epoch`, which vanishes with everything else when Redis loses its memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

from redis.exceptions import RedisError

from marquee.messaging import streams_scripts as scripts
from marquee.messaging.streams_client import connect
from marquee.messaging.streams_subscription import StreamsSubscription
from marquee.messaging.topology import SUBSCRIPTIONS, groups_for
from marquee.messaging.transport import (
    BrokerUnavailable,
    Epoch,
    Message,
    Outcome,
    Parked,
    QueueState,
    Subscriptions,
    refuse_too_large,
)

__all__ = ["StreamsBroker", "StreamsPublisher"]

GROUP = "readers"


class StreamsBroker:
    """`min_idle_seconds`: a message whose reader has not been heard of that long goes to another."""

    def __init__(
        self,
        url: str,
        *,
        subscriptions: Subscriptions = SUBSCRIPTIONS,
        namespace: str = "marquee",
        min_idle_seconds: float = 6.0,
    ) -> None:
        self._url, self._subscriptions, self._namespace = url, subscriptions, namespace
        self._min_idle_seconds = min_idle_seconds
        self._client = connect(url)

    def declare(self) -> None:
        self._declared_epoch()

    def publisher(self) -> StreamsPublisher:
        return StreamsPublisher(self)

    def subscription(
        self, group: str, *, prefetch: int = 1, threads: int = 1, grace_seconds: float = 8
    ) -> StreamsSubscription:
        return StreamsSubscription(
            self._url,
            queue=self.key("queue", group),
            delayed=self.key("delayed", group),
            parking=self.key("parking", group),
            readers=GROUP,
            declare=self.declare,
            prefetch=prefetch,
            threads=threads,
            grace_seconds=grace_seconds,
            min_idle_seconds=self._min_idle_seconds,
        )

    def lag(self, group: str) -> QueueState:
        with _as_unavailable():
            queue = self.key("queue", group)
            begun = sum(found["pending"] for found in self._groups(queue))
            waiting = self._client.xlen(queue) - begun
            return QueueState(waiting, self._client.xlen(self.key("parking", group)))

    def parked(self, group: str, *, limit: int = 100) -> list[Parked]:
        with _as_unavailable():
            entries: Any = self._client.xrange(self.key("parking", group), count=limit)
            return [_parked(entry, fields) for entry, fields in entries]

    def replay(self, group: str, *, ids: Sequence[str] | None = None, limit: int = 1000) -> int:
        wanted = [p.id for p in self.parked(group, limit=limit)] if ids is None else list(ids)[:limit]
        with _as_unavailable():
            replay = self._client.register_script(scripts.REPLAY)
            moved: Any = replay(keys=[self.key("parking", group), self.key("queue", group)], args=wanted)
            return int(moved)

    def ping(self) -> None:
        with _as_unavailable():
            self._client.ping()

    def close(self) -> None:
        self._client.close()

    def key(self, kind: str, group: str) -> str:
        return f"{self._namespace}:{kind}:{group}"

    def _groups(self, queue: str) -> list[dict[str, Any]]:
        found: Any = self._client.xinfo_groups(queue) if self._client.exists(queue) else []
        return list(found)

    def _declared_epoch(self) -> str:
        with _as_unavailable():
            declare = self._client.register_script(scripts.DECLARE)
            keys = [f"{self._namespace}:epoch", *(self.key("queue", g) for g in self._subscriptions)]
            epoch: Any = declare(keys=keys, args=[GROUP, uuid4().hex])
            return str(epoch)


class StreamsPublisher:
    def __init__(self, broker: StreamsBroker) -> None:
        self._broker = broker
        self._client = connect(broker._url)
        self._publish = self._client.register_script(scripts.PUBLISH)
        self._groups = list(broker._subscriptions)
        self._epoch = ""

    def epoch(self) -> Epoch:
        self._epoch = self._broker._declared_epoch()
        with _as_unavailable():
            run = str(self._client.info("server")["run_id"])
            keeps_disk = self._client.info("persistence")["aof_enabled"]
        # Without an append-only file a restart may bring back any older state, epoch key included.
        return Epoch(self._epoch if keeps_disk else f"{self._epoch}.{run}", run)

    def publish(self, messages: Sequence[Message]) -> dict[UUID, Outcome]:
        if not self._epoch:
            self.epoch()
        outcomes = refuse_too_large(messages)
        arguments: list[str | bytes] = [self._epoch]
        for message in messages:
            if message.id in outcomes:
                continue
            groups = groups_for(message.routing_key, self._broker._subscriptions)
            outcomes[message.id] = Outcome.CONFIRMED if groups else Outcome.UNROUTABLE
            # Scripts count from 1 and the first key is the epoch's.
            numbers = [str(self._groups.index(group) + 2) for group in groups]
            arguments += [str(message.id), message.routing_key, message.body, str(len(numbers)), *numbers]
        keys = [f"{self._broker._namespace}:epoch", *(self._broker.key("queue", g) for g in self._groups)]
        with _as_unavailable():
            if not self._publish(keys=keys, args=arguments):
                self._epoch = ""
                raise BrokerUnavailable("Redis has lost its queues; they are being made again")
        return outcomes

    def close(self) -> None:
        with suppress(RedisError):
            self._client.close()


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise BrokerUnavailable(f"Redis: {type(error).__name__} {error}") from error


def _parked(entry: str, fields: dict[str, str]) -> Parked:
    return Parked(
        id=entry,
        routing_key=fields.get("key", ""),
        body=fields.get("body", "").encode("utf-8", "surrogateescape"),
        reason=fields["reason"],
        attempts=int(fields.get("attempt", "1")),
    )
