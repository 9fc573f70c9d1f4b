"""Which seats of a screening are free, as a seat map shows them. A read: nothing is swept here."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marquee.errors import NotFound
from services.movies.domain.places import Plan, load_plan
from services.movies.domain.showings import is_live_claim
from services.movies.domain.transitions import SEEN_AS
from services.movies.models import Reservation, Screening, SeatClaim


@dataclass(frozen=True)
class SeatStates:
    """`version` is of what everybody sees; `seats` shows the caller's own held seats as "yours"."""

    screening_id: UUID
    plan_id: UUID
    version: str
    seats: dict[str, str]
    free: int


def seat_states(session: Session, screening_id: UUID, owners: Collection[str] = ()) -> SeatStates:
    plan_id = _plan_of(session, screening_id)
    states = dict.fromkeys(load_plan(session, plan_id), "free")
    claimed = _claimed(session, screening_id)
    states |= {seat: SEEN_AS.get(state, "held") for seat, state, _ in claimed}
    version = hashlib.sha256(repr(sorted(states.items())).encode()).hexdigest()[:16]
    free = sum(state == "free" for state in states.values())
    states |= {seat: "yours" for seat, _, owner in claimed if owner in owners and states[seat] == "held"}
    return SeatStates(screening_id, plan_id, version, states, free)


def seat_matrix(session: Session, screening_id: UUID) -> list[list[int]]:
    """0 free, 1 not to be had, by row from the screen and by number; where no seat is stands a 1."""
    found = seat_states(session, screening_id)
    plan = load_plan(session, found.plan_id)
    return [
        [_cell(plan, found, row[0].row, number) for number in range(1, _width(plan) + 1)] for row in plan.rows
    ]


def _plan_of(session: Session, screening_id: UUID) -> UUID:
    plan_id = session.scalar(select(Screening.plan_id).where(Screening.id == screening_id))
    if plan_id is None:
        raise NotFound("There is no such screening.")
    return plan_id


def _claimed(session: Session, screening_id: UUID) -> list[tuple[str, str, str]]:
    found = session.execute(
        select(SeatClaim.seat, Reservation.state, Reservation.owner)
        .join(Reservation, Reservation.id == SeatClaim.reservation_id)
        .where(SeatClaim.screening_id == screening_id, is_live_claim())
    )
    return [(seat, state, owner) for seat, state, owner in found]


def _width(plan: Plan) -> int:
    return max(place.number for place in plan.values())


def _cell(plan: Plan, found: SeatStates, row: str, number: int) -> int:
    return 0 if found.seats.get(f"{row}{number}") == "free" else 1
