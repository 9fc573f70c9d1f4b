"""Seat plans: drawn once, then never changed. A new layout is a new version; screenings keep theirs."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marquee.errors import NotFound
from services.movies.domain.layouts import DrawnPlan, Layout, draw
from services.movies.domain.prices import kinds_of_plan
from services.movies.domain.screenings import forget_lapsed_holds, lock_room, lock_upcoming, paid_for
from services.movies.models import Room, Screening, ScreeningPrice, Seat, SeatClaim, SeatPlan


@dataclass(frozen=True)
class SavedPlan:
    plan: SeatPlan
    # Screenings to come that took the new version, and those that stay with theirs: somebody has seats in them or
    # paid for some, or their prices leave out a kind of seat that is new.
    moved: list[UUID] = field(default_factory=list)
    kept: list[UUID] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_plan(session: Session, plan_id: UUID) -> SeatPlan:
    plan = session.get(SeatPlan, plan_id)
    if plan is None:
        raise NotFound("There is no such seat plan.")
    return plan


def save_layout(session: Session, room_id: UUID, layout: Layout, *, now: datetime) -> SavedPlan:
    """The next version of a room's plan, taken by every screening to come that nobody has seats in or paid for."""
    drawn = draw(layout)
    room = lock_room(session, room_id)
    plan = add_plan(session, room, drawn)
    upcoming = lock_upcoming(session, Screening.room_id == room.id, now)
    moved = _movable(session, upcoming, kinds_of_plan(session, plan.id))
    forget_lapsed_holds(session, [screening.id for screening in moved])
    for screening in moved:
        screening.plan_id = plan.id
    session.flush()
    kept = [screening.id for screening in upcoming if screening not in moved]
    return SavedPlan(plan, [screening.id for screening in moved], kept, drawn.warnings)


def add_plan(session: Session, room: Room, drawn: DrawnPlan, *, plan_id: UUID | None = None) -> SeatPlan:
    """Store `drawn` as the newest version of `room`, whose row the caller has locked or just made."""
    newest = session.scalar(select(func.max(SeatPlan.version)).where(SeatPlan.room_id == room.id)) or 0
    plan = SeatPlan(room_id=room.id, version=newest + 1, drawing=drawn.drawing)
    if plan_id is not None:
        plan.id = plan_id
    plan.seats = [
        Seat(
            label=seat.label,
            row=seat.row,
            row_rank=seat.row_rank,
            number=seat.number,
            kind=seat.kind,
            partner=seat.partner,
            x=seat.x,
            y=seat.y,
            angle=seat.angle,
        )
        for seat in drawn.seats
    ]
    session.add(plan)
    session.flush()
    return plan


def _movable(session: Session, locked: list[Screening], kinds: set[str]) -> list[Screening]:
    # Even a claim that ran out ties the screening to its plan (a foreign key) until the sweeper has been.
    ids = [screening.id for screening in locked]
    claimed = set(session.scalars(select(SeatClaim.screening_id).where(SeatClaim.screening_id.in_(ids))))
    tied = claimed | paid_for(session, ids)
    priced = defaultdict(set)
    lines = select(ScreeningPrice.screening_id, ScreeningPrice.kind).where(
        ScreeningPrice.screening_id.in_(ids)
    )
    for screening_id, kind in session.execute(lines):
        priced[screening_id].add(kind)
    return [screening for screening in locked if screening.id not in tied and kinds <= priced[screening.id]]
