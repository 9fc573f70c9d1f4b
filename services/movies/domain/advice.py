"""Which seats to take, before anything is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from marquee.errors import NotFound
from services.movies.domain import claims, seating
from services.movies.domain.booking_problems import NotEnoughSeats, UnknownSeat
from services.movies.domain.places import Plan, load_plan
from services.movies.domain.seating import Suggestion
from services.movies.models import Screening


@dataclass(frozen=True)
class LoneSeatAdvice:
    """`lonely`: seats that would be left on their own; `instead`: the nearest choice that leaves none."""

    lonely: list[str]
    instead: list[str]


def suggest_seats(
    session: Session, screening_id: UUID, people: int, *, kind: str | None, step_free: bool
) -> Suggestion:
    """Raises NotFound, NotEnoughSeats."""
    plan, free = _plan_and_free(session, screening_id)
    found = seating.best_seats(plan, free, people, kind=kind, step_free=step_free)
    if found is None:
        raise NotEnoughSeats("There are not enough such seats left for all of you.", free=len(free))
    return found


def advise_on(
    session: Session, screening_id: UUID, seats: Sequence[str], holder_ids: Sequence[str]
) -> LoneSeatAdvice:
    """Whether choosing `seats` leaves anybody's neighbour alone. Raises NotFound, UnknownSeat."""
    plan, free = _plan_and_free(session, screening_id, besides=holder_ids)
    unknown = sorted(set(seats) - plan.keys())
    if unknown:
        raise UnknownSeat(f"There is no seat {', '.join(unknown)} in this room.", unknown=unknown)
    lonely = seating.lone_seats(plan, free, seats)
    instead = seating.without_lone_seat(plan, free, seats) if lonely else None
    return LoneSeatAdvice(lonely, instead or [])


def _plan_and_free(
    session: Session, screening_id: UUID, besides: Sequence[str] = ()
) -> tuple[Plan, frozenset[str]]:
    screening = session.get(Screening, screening_id)
    if screening is None:
        raise NotFound("There is no such screening.")
    plan = load_plan(session, screening.plan_id)
    mine = claims.held_by(session, screening_id, besides)
    return plan, frozenset(plan.keys() - (claims.occupied(session, screening_id) - mine))
