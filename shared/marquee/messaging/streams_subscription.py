"""Reading a queue on Redis Streams: own unfinished work first, then what others left, then what is new."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from marquee.messaging import streams_scripts as scripts
from marquee.messaging.backoff import Backoff
from marquee.messaging.slots import consumer_name
from marquee.messaging.streams_client import connect
from marquee.messaging.topology import DELIVERY_LIMIT
from marquee.messaging.transport import BrokerUnavailable, Delivery, Done, Handle, Later, Leave, Park, Verdict

__all__ = ["StreamsSubscription"]

log = logging.getLogger(__name__)

BLOCK_SECONDS = 1.0
MOVE_EVERY_SECONDS = 0.2

Entry = tuple[str, dict[str, str] | None]


class StreamsSubscription:
    def __init__(
        self,
        url: str,
        *,
        queue: str,
        delayed: str,
        parking: str,
        readers: str,
        declare: Callable[[], None],
        prefetch: int,
        threads: int,
        grace_seconds: float,
        min_idle_seconds: float,
    ) -> None:
        self._url, self._queue, self._delayed, self._parking = url, queue, delayed, parking
        self._readers, self._declare = readers, declare
        self._prefetch, self._threads, self._grace_seconds = prefetch, threads, grace_seconds
        self._min_idle_ms = int(min_idle_seconds * 1000)
        self._in_hand: dict[str, tuple[str, ...]] = {}
        self._lively: set[str] = set()

    @property
    def connected(self) -> bool:
        return len(self._lively) == self._threads

    def run(self, handle: Handle, stop: threading.Event) -> None:
        # On the first start of all there may be no queue yet: it is made before anybody reads.
        with suppress(BrokerUnavailable):
            self._declare()
        finished = threading.Event()
        keeper = threading.Thread(
            target=self._keep, args=(finished,), daemon=True, name=f"keep {self._queue}"
        )
        readers = [
            threading.Thread(target=self._read, args=(handle, stop), daemon=True, name=f"read {self._queue}")
            for _ in range(self._threads)
        ]
        for thread in (keeper, *readers):
            thread.start()
        stop.wait()
        deadline = time.monotonic() + self._grace_seconds
        for thread in readers:
            thread.join(max(0.0, deadline - time.monotonic()))
        finished.set()
        keeper.join(2)

    # Reading

    def _read(self, handle: Handle, stop: threading.Event) -> None:
        with consumer_name(self._queue) as name:
            backoff = Backoff()
            while not stop.is_set():
                client = connect(self._url, block_seconds=BLOCK_SECONDS)
                try:
                    _Reader(self, client, name, handle, stop).run(backoff)
                except Exception as error:  # noqa: BLE001 - a thread that died here would read no more
                    self._lively.discard(name)
                    log.warning("cannot read %s: %s %s", self._queue, type(error).__name__, error)
                    self._redeclare_if_lost(error)
                    backoff.wait(stop)
                finally:
                    self._in_hand.pop(name, None)
                    client.close()
            self._lively.discard(name)

    def _redeclare_if_lost(self, error: Exception) -> None:
        if isinstance(error, ResponseError) and "NOGROUP" in str(error):
            with suppress(BrokerUnavailable):
                self._declare()

    # Keeping: due retries go back to the queue, and what is in hand is shown to be alive.

    def _keep(self, finished: threading.Event) -> None:
        client = connect(self._url)
        move = client.register_script(scripts.MOVE_DUE)
        beat_every = self._min_idle_ms / 4000
        next_beat = 0.0
        while not finished.wait(MOVE_EVERY_SECONDS):
            try:
                move(keys=[self._delayed, self._queue], args=[100])
                if time.monotonic() >= next_beat:
                    self._beat(client)
                    next_beat = time.monotonic() + beat_every
            except RedisError as error:
                log.debug("keeper of %s: %s", self._queue, error)
                finished.wait(1)
        client.close()

    def _beat(self, client: Redis) -> None:
        for name, entries in list(self._in_hand.items()):
            if entries:
                client.xclaim(self._queue, self._readers, name, 0, list(entries), justid=True)


class _Reader:
    """One consumer on one connection."""

    def __init__(
        self,
        subscription: StreamsSubscription,
        client: Redis,
        name: str,
        handle: Handle,
        stop: threading.Event,
    ) -> None:
        self._of, self._client, self._name = subscription, client, name
        self._handle, self._stop = handle, stop
        self._acknowledge = client.register_script(scripts.ACKNOWLEDGE)
        self._delay = client.register_script(scripts.DELAY)
        self._park = client.register_script(scripts.PARK)

    def run(self, backoff: Backoff) -> None:
        """Raises RedisError when the connection or the queue is lost."""
        while not self._stop.is_set() and (own := self._read("0")):
            self._work_off(own, again=True)
        claim_at = 0.0
        while not self._stop.is_set():
            if time.monotonic() >= claim_at:
                self._work_off(self._abandoned(), again=True)
                claim_at = time.monotonic() + self._of._min_idle_ms / 2000
            self._work_off(self._read(">"), again=False)
            self._of._lively.add(self._name)
            backoff.reset()

    def _read(self, after: str) -> list[Entry]:
        reply: Any = self._client.xreadgroup(
            self._of._readers,
            self._name,
            {self._of._queue: after},
            count=self._of._prefetch,
            block=int(BLOCK_SECONDS * 1000),
        )
        return _entries_of(reply)

    def _abandoned(self) -> list[Entry]:
        reply: Any = self._client.xautoclaim(
            self._of._queue, self._of._readers, self._name, self._of._min_idle_ms, count=self._of._prefetch
        )
        return list(reply[1])

    def _work_off(self, entries: Sequence[Entry], *, again: bool) -> None:
        remaining = [entry for entry, _ in entries]
        for entry, fields in entries:
            if self._stop.is_set():
                break
            self._of._in_hand[self._name] = tuple(remaining)
            self._settle(entry, self._verdict(entry, fields, again=again))
            remaining.remove(entry)
            self._of._in_hand[self._name] = tuple(remaining)
        self._of._in_hand.pop(self._name, None)

    def _verdict(self, entry: str, fields: dict[str, str] | None, *, again: bool) -> Verdict:
        if not fields:
            return Done()
        if again and self._times_delivered(entry) > DELIVERY_LIMIT + 1:
            return Park("delivery limit: every reader died on it")
        try:
            delivery = Delivery(
                id=fields["id"],
                routing_key=fields["key"],
                body=fields["body"].encode("utf-8", "surrogateescape"),
                attempt=int(fields["attempt"]),
            )
        except (KeyError, ValueError):
            return Park("malformed entry: not written by this library")
        return self._handle(delivery)

    def _times_delivered(self, entry: str) -> int:
        pending: Any = self._client.xpending_range(self._of._queue, self._of._readers, entry, entry, 1)
        return int(pending[0]["times_delivered"]) if pending else 0

    def _settle(self, entry: str, verdict: Verdict) -> None:
        queue, readers = self._of._queue, self._of._readers
        match verdict:
            case Done():
                self._acknowledge(keys=[queue], args=[readers, entry])
            case Later(delay_seconds):
                self._delay(keys=[queue, self._of._delayed], args=[readers, entry, delay_seconds * 1000])
            case Park(reason):
                self._park(keys=[queue, self._of._parking], args=[readers, entry, reason])
            case Leave():
                pass


def _entries_of(reply: Any) -> list[Entry]:
    """RESP2 answers a list of pairs, RESP3 a mapping of lists of lists."""
    if not reply:
        return []
    if isinstance(reply, dict):
        return [entry for batches in reply.values() for batch in batches for entry in batch]
    return [entry for _, batch in reply for entry in batch]
