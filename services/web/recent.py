"""What was true a moment ago: a small cache in this process, one maker per key at a time."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from marquee.http import NeighbourAway

T = TypeVar("T")

# Not at each one that comes: looking through 2,000 takes a quarter of a millisecond.
_CLEAR_EVERY_SECONDS = 1.0


@dataclass
class _Entry:
    made_at: float
    kept_until: float
    value: Any


class Recent:
    """The `most` newest values by key, for `seconds`; when their source is away, for `stale_seconds` more.

    What is too old goes when another one comes: a rush of made-up addresses takes no memory for longer than that.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, *, most: int = 2_000) -> None:
        self._now, self._most = now, most
        self._cleared_at = float("-inf")
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T], *, seconds: float, stale_seconds: float = 0) -> T:
        entry = self._entries.get(key)
        if entry and self._age(entry) < seconds:
            return entry.value  # type: ignore[no-any-return]
        with self._maker_of(key):
            entry = self._entries.get(key)
            if entry and self._age(entry) < seconds:
                return entry.value  # type: ignore[no-any-return]
            return self._make(key, make, entry, seconds + stale_seconds)

    def _make(self, key: Hashable, make: Callable[[], T], old: _Entry | None, kept_seconds: float) -> T:
        try:
            value = make()
        except NeighbourAway:
            if old is None or self._age(old) > kept_seconds:
                raise
            return old.value  # type: ignore[no-any-return]
        now = self._now()
        with self._lock:
            self._entries[key] = _Entry(now, now + kept_seconds, value)
            self._entries.move_to_end(key)
            if now - self._cleared_at >= _CLEAR_EVERY_SECONDS:
                self._cleared_at = now
                self._forget(key for key, entry in self._entries.items() if entry.kept_until < now)
            self._forget(islice(self._entries, max(0, len(self._entries) - self._most)))
        return value

    def _forget(self, keys: Iterable[Hashable]) -> None:
        for key in list(keys):
            del self._entries[key]

    def _maker_of(self, key: Hashable) -> threading.Lock:
        with self._lock:
            if len(self._making) > 2 * self._most:
                self._making = {one: lock for one, lock in self._making.items() if lock.locked()}
            return self._making.setdefault(key, threading.Lock())

    def _age(self, entry: _Entry) -> float:
        return self._now() - entry.made_at
