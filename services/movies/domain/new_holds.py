"""Holding seats nothing stands in the way of, in one statement: what a busy evening does most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from marquee.auth import Holder
from marquee.db import Ask
from services.movies.domain.places import Plan
from services.movies.domain.sales import Wish
from services.movies.settings import MoviesSettings

# Locks, looks again, and writes hold, prices and claims, or nothing. Its text: migrations/0005.
_HOLD_NEW_SEATS = (
    "SELECT seen_at, held_until, paid_in, prices "
    "FROM hold_new_seats(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


class PricedSeat(NamedTuple):
    seat: str
    kind: str
    ticket_type: str
    price_cents: int


@dataclass(frozen=True)
class NewHold:
    """A hold as it was written at `now`, the database's time."""

    id: UUID
    screening_id: UUID
    plan: Plan
    seats: list[PricedSeat]
    total_cents: int
    currency: str
    now: datetime
    expires_at: datetime
    state: str = "held"
    extensions: int = 0


def hold_free_seats(
    ask: Ask,
    screening_id: UUID,
    plan_id: UUID,
    plan: Plan,
    wishes: Sequence[Wish],
    holder: Holder,
    settings: MoviesSettings,
) -> NewHold | None:
    """Hold `wishes`, which fit together in `plan`, if nothing at all stands in the way; else None, and nothing is
    changed.

    In the way are a claim on one of the seats, even a stale one; a hold of the holder's on this screening; a cap; a
    ticket that is not sold; a screening that is closed, cancelled, unknown, or has another plan by now.
    """
    hold_id, wanted = uuid4(), sorted(wishes, key=lambda wish: wish.seat)
    labels, kinds = [wish.seat for wish in wanted], [plan[wish.seat].kind for wish in wanted]
    ticket_types = [wish.ticket_type for wish in wanted]
    found = ask(
        _HOLD_NEW_SEATS,
        (
            *(str(hold_id), str(screening_id), str(plan_id), holder.id, sorted(holder.ids)),
            *(labels, kinds, ticket_types),
            *(settings.hold_ttl_seconds, settings.sales_close_minutes_after_start),
            *(settings.seats_per_holder, settings.holds_per_holder - 1),
        ),
    )
    if found is None:
        return None
    now, expires_at, currency, prices = found
    seats = [PricedSeat(*seat) for seat in zip(labels, kinds, ticket_types, prices, strict=True)]
    return NewHold(hold_id, screening_id, plan, seats, sum(prices), currency, now, expires_at)
