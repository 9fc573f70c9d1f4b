"""Stripe's list answers: newest first, `limit`, `starting_after`, `ending_before`, ranges of `created`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from local.stripe_fake.errors import InvalidParameter, Json
from local.stripe_fake.parameters import Parameters
from local.stripe_fake.store import Store

DEFAULT_LIMIT, LARGEST_LIMIT = 10, 100


@dataclass(frozen=True)
class CreatedRange:
    exactly: int | None = None
    gt: int | None = None
    gte: int | None = None
    lt: int | None = None
    lte: int | None = None

    def includes(self, created: int) -> bool:
        return (
            (self.exactly is None or created == self.exactly)
            and (self.gt is None or created > self.gt)
            and (self.gte is None or created >= self.gte)
            and (self.lt is None or created < self.lt)
            and (self.lte is None or created <= self.lte)
        )

    def is_older(self, created: int) -> bool:
        """Whether `created`, and so all that comes after it in a newest-first walk, lies before the range."""
        return any(bound is not None and created < bound for bound in (self.exactly, self.gt, self.gte))


def read_created_range(params: Parameters) -> CreatedRange:
    if params.is_text("created"):
        return CreatedRange(exactly=params.integer("created"))
    bounds = params.nested("created")
    found = CreatedRange(**{name: bounds.integer(name) for name in ("gt", "gte", "lt", "lte")})
    bounds.refuse_others()
    return found


def page_of(
    store: Store,
    kind: str,
    params: Parameters,
    url: str,
    created: CreatedRange,
    wanted: Callable[[Json], bool] = lambda body: True,
    parent: str | None = None,
) -> Json:
    """One page of `kind`; refuses what no filter has read by now."""
    limit = params.integer("limit", default=DEFAULT_LIMIT, minimum=1) or DEFAULT_LIMIT
    if limit > LARGEST_LIMIT:
        raise InvalidParameter(f"Invalid limit: must be at most {LARGEST_LIMIT}", param="limit")
    after, before = params.text("starting_after"), params.text("ending_before")
    params.refuse_others()
    for anchor, name in ((after, "starting_after"), (before, "ending_before")):
        if anchor is not None:
            store.get(kind, anchor, name)
    walk = _walk(store.newest_first(kind, parent, before_id=after), created, wanted, until=before)
    if before is None:
        entries = list(islice(walk, limit + 1))
        return _page(entries[:limit], len(entries) > limit, url)
    newer = list(walk)
    return _page(newer[-limit:], len(newer) > limit, url)


def _walk(
    bodies: Iterator[Json], created: CreatedRange, wanted: Callable[[Json], bool], until: str | None
) -> Iterator[Json]:
    for body in bodies:
        if body["id"] == until or created.is_older(body["created"]):
            return
        if created.includes(body["created"]) and wanted(body):
            yield body


def _page(entries: list[Json], has_more: bool, url: str) -> Json:
    return {"object": "list", "data": entries, "has_more": has_more, "url": url}
