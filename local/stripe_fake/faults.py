"""Things that go wrong on purpose: slow, lost, failing and refused answers, a counted number of times."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from local.stripe_fake.errors import Json
from local.stripe_fake.store import Store

SWITCH = "faults"


@dataclass(frozen=True)
class Faults:
    """`path` and `method` choose the calls; each count falls by one per call it hits.

    rate_limited: 429, before the idempotency key is looked at.
    errors_before: 500 with nothing done and nothing stored.
    errors_after: 500 after the effect, stored under the idempotency key.
    lost_replies: the effect happens, the reply never arrives (connection dropped, after hang_seconds).
    """

    path: str = "/v1/"
    method: str = "POST"
    delay_ms: int = 0
    rate_limited: int = 0
    errors_before: int = 0
    errors_after: int = 0
    lost_replies: int = 0
    hang_seconds: float = 0.0

    def match(self, method: str, path: str) -> bool:
        return path.startswith(self.path) and self.method in ("*", method)


COUNTS = ("rate_limited", "errors_before", "errors_after", "lost_replies")


def read(store: Store) -> Faults:
    with store.reading():
        return Faults(**store.switch(SWITCH, asdict(Faults())))


def change(store: Store, changes: Json) -> Faults:
    """Set some of the switches; raises ValueError for a name or a value that is none."""
    known = {name: type(value) for name, value in asdict(Faults()).items()}
    cleaned: Json = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"no such fault: {name}")
        cleaned[name] = known[name](value)
        if known[name] is not str and cleaned[name] < 0:
            raise ValueError(f"{name} cannot be negative")
    with store.transaction():
        store.set_switch(SWITCH, {**asdict(read(store)), **cleaned})
    return read(store)


def clear(store: Store) -> Faults:
    with store.transaction():
        store.set_switch(SWITCH, asdict(Faults()))
    return Faults()


def take(store: Store, name: str, method: str, path: str) -> bool:
    """Use up one of the counted faults, if any is left for this call."""
    faults = read(store)
    if getattr(faults, name) <= 0 or not faults.match(method, path):
        return False
    with store.transaction():
        left = getattr(read(store), name)
        if left > 0:
            change(store, {name: left - 1})
        return bool(left > 0)


def delay_seconds(store: Store, method: str, path: str) -> float:
    faults = read(store)
    return faults.delay_ms / 1000 if faults.match(method, path) else 0.0
