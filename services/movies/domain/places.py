"""The seats of a plan as booking sees them. A plan never changes, so every process keeps those it has seen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marquee.db import Ask
from services.movies.models import Seat

# Seats further apart than this, in seat widths, have an aisle between them.
AISLE = 1.5
_KEPT_PLANS, _KEPT_SCREENINGS = 500, 10_000


@dataclass(frozen=True)
class Place:
    """One seat of a plan; `x` and `y` in seat widths from the left end of the screen."""

    label: str
    row: str
    rank: int
    number: int
    kind: str
    partner: str | None
    x: float
    y: float


class Plan(Mapping[str, Place]):
    """Places by label, in the order of rows from the screen and of seats from the left."""

    def __init__(self, places: list[Place]) -> None:
        ordered = sorted(places, key=lambda place: (place.rank, place.x))
        self._places = {place.label: place for place in ordered}

    def __getitem__(self, label: str) -> Place:
        return self._places[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def rows(self) -> list[list[Place]]:
        """From the screen to the back."""
        return [list(row) for _, row in groupby(self.values(), key=lambda place: place.rank)]

    @cached_property
    def blocks(self) -> list[list[Place]]:
        """Stretches of a row without an aisle in them."""
        return [block for row in self.rows for block in _split_at_aisles(row)]


def load_plan(session: Session, plan_id: UUID) -> Plan:
    plan = _plans.get(plan_id)
    if plan is None:
        plan = Plan([_place(seat) for seat in session.scalars(select(Seat).where(Seat.plan_id == plan_id))])
        if len(_plans) >= _KEPT_PLANS:
            _plans.clear()
        _plans[plan_id] = plan
    return plan


def plan_last_seen(ask: Ask, screening_id: UUID) -> tuple[UUID, Plan] | None:
    """The plan a screening had when somebody looked. It may have got another one: make sure before it counts.

    None: there is no such screening, or its plan has not been loaded yet.
    """
    plan_id = _plan_ids.get(screening_id) or _look_up(ask, screening_id)
    plan = _plans.get(plan_id) if plan_id else None
    return (plan_id, plan) if plan_id and plan else None


def note_plan_of(screening_id: UUID, plan_id: UUID) -> None:
    if len(_plan_ids) >= _KEPT_SCREENINGS:
        _plan_ids.clear()
    _plan_ids[screening_id] = plan_id


_plans: dict[UUID, Plan] = {}
_plan_ids: dict[UUID, UUID] = {}


def _look_up(ask: Ask, screening_id: UUID) -> UUID | None:
    found = ask("SELECT plan_id FROM screenings WHERE id = %s", (str(screening_id),))
    if found is None:
        return None
    plan_id = UUID(str(found[0]))
    note_plan_of(screening_id, plan_id)
    return plan_id


def _place(seat: Seat) -> Place:
    return Place(seat.label, seat.row, seat.row_rank, seat.number, seat.kind, seat.partner, seat.x, seat.y)


def _split_at_aisles(row: list[Place]) -> list[list[Place]]:
    blocks: list[list[Place]] = []
    for place in row:
        if blocks and place.x - blocks[-1][-1].x <= AISLE:
            blocks[-1].append(place)
        else:
            blocks.append([place])
    return blocks
