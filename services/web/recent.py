"""What was true a moment ago: a small cache in this process, one maker per key at a time."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from marquee.http import NeighbourAway

T = TypeVar("T")


@dataclass
class _Entry:
    made_at: float
    value: Any


class Recent:
    """The `most` newest values by key, for `seconds`; when their source is away, for `stale_seconds` more."""

    def __init__(self, now: Callable[[], float] = time.monotonic, *, most: int = 2_000) -> None:
        self._now, self._most = now, most
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

    def forget(self, key: Hashable) -> None:
        self._entries.pop(key, None)

    def _make(self, key: Hashable, make: Callable[[], T], old: _Entry | None, good_until: float) -> T:
        try:
            value = make()
        except NeighbourAway:
            if old is None or self._age(old) > good_until:
                raise
            return old.value  # type: ignore[no-any-return]
        with self._lock:
            self._entries[key] = _Entry(self._now(), value)
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                forgotten, _ = self._entries.popitem(last=False)
                self._making.pop(forgotten, None)
        return value

    def _maker_of(self, key: Hashable) -> threading.Lock:
        with self._lock:
            if len(self._making) > 2 * self._most:
                self._making.clear()
            return self._making.setdefault(key, threading.Lock())

    def _age(self, entry: _Entry) -> float:
        return self._now() - entry.made_at
