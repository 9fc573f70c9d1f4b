"""How a reservation changes state: one table of legal edges, one function that walks them. And how a screening does.

held ──> paying ──> confirmed ──> ticketed
 │         │  │         └─────┬──────┘
 │         │  └───────────> refund_due <─> refunded
 └> expired, cancelled          ^
          └── late money ───────┘   (or back to confirmed, where the seats are still free)
"""

from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marquee import live
from marquee.db import after_commit
from services.movies.domain import claims, measures
from services.movies.models import LIVE_STATES, Reservation, ReservationTransition, Screening

log = structlog.get_logger(__name__)

EDGES: dict[str, frozenset[str]] = {
    "held": frozenset({"paying", "expired", "cancelled"}),
    "paying": frozenset({"confirmed", "expired", "cancelled", "refund_due"}),
    "confirmed": frozenset({"ticketed", "refund_due"}),
    "ticketed": frozenset({"refund_due"}),
    "expired": frozenset({"paying", "confirmed", "refund_due"}),
    "cancelled": frozenset({"confirmed", "refund_due"}),
    "refund_due": frozenset({"refunded"}),
    "refunded": frozenset({"refund_due"}),  # the bank sent it back after all
}
# As a seat map shows them.
SEEN_AS = {"held": "held", "paying": "held", "confirmed": "taken", "ticketed": "taken"}


def move(session: Session, reservation: Reservation, target: str, cause: str) -> bool:
    """Bring `reservation`, whose row the caller has locked, to `target`; log it, and free its seats if it ends.

    An edge that is not in the table changes nothing: it is what a late or repeated message looks like. The log's
    primary key (reservation, version) refuses a second walker should a lock ever be forgotten.
    """
    source = reservation.state
    if target not in EDGES[source]:
        log.info(
            "transition_ignored",
            reservation_id=str(reservation.id),
            source=source,
            target=target,
            cause=cause,
        )
        return False
    reservation.state = target
    reservation.version += 1
    reservation.updated_at = func.now()
    reservation.refund_trouble, reservation.reminders = "", 0
    session.add(
        ReservationTransition(
            reservation_id=reservation.id,
            version=reservation.version,
            source=source,
            target=target,
            cause=cause[:120],
        )
    )
    session.flush()
    _settle_seats(session, reservation, source)
    live.publish_after_commit(session, f"reservation:{reservation.id}", {"kind": "state", "state": target})
    measures.count_change(session, source, target)
    log.info("transition", reservation_id=str(reservation.id), source=source, target=target, cause=cause)
    return True


def call_off(session: Session, screening: Screening, reason: str) -> None:
    """Scheduled to cancelled: the only edge a screening has. The caller has locked it; open seat maps are told."""
    screening.state, screening.cancelled_at, screening.cancel_reason = "cancelled", func.now(), reason[:200]
    live.publish_after_commit(
        session, f"screening:{screening.id}", {"kind": "screening", "state": "cancelled"}
    )


def tell_seats(session: Session, reservation: Reservation, seats: list[str], seen_as: str) -> None:
    """Show `seats` in another state on every open seat map, once the change is durable."""
    if seats:
        after_commit(session, lambda: tell_seats_now(reservation.screening_id, seats, seen_as))


def tell_seats_now(screening_id: UUID, seats: list[str], seen_as: str) -> None:
    live.publish(
        f"screening:{screening_id}", {"kind": "seats", "seats": dict.fromkeys(sorted(seats), seen_as)}
    )


def _settle_seats(session: Session, reservation: Reservation, source: str) -> None:
    """A reservation that lives keeps its claims; one that ended has none."""
    if reservation.state not in LIVE_STATES:
        tell_seats(session, reservation, claims.release(session, reservation.id), "free")
    elif SEEN_AS[reservation.state] != SEEN_AS.get(source):
        tell_seats(session, reservation, [s.seat for s in reservation.seats], SEEN_AS[reservation.state])


def lock_all(session: Session, *conditions: object) -> list[Reservation]:
    """Lock the matching reservations, in the order everybody uses."""
    wanted = select(Reservation).where(*conditions).order_by(Reservation.id).with_for_update()  # type: ignore[arg-type]
    return list(session.scalars(wanted.execution_options(populate_existing=True)))
