"""What writes seat_claims, beside the function hold_new_seats (new_holds.py). Locking order everywhere: holder,
screening, reservations, claims."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import String, Uuid

# One statement for all seats, in sorted order so that two overlapping parties wait for one another instead of
# blocking each other. A claim that ran out is taken over in place, so a sweeper that sleeps never stops a sale.
_CLAIM = text(
    """
    INSERT INTO seat_claims (screening_id, seat, plan_id, reservation_id, expires_at)
    SELECT :screening_id, seat, :plan_id, :reservation_id, :expires_at FROM unnest(:seats) AS seat
    ON CONFLICT (screening_id, seat) DO UPDATE
        SET reservation_id = excluded.reservation_id, expires_at = excluded.expires_at
        WHERE seat_claims.reservation_id = excluded.reservation_id OR seat_claims.expires_at <= now()
    RETURNING seat
    """
).bindparams(bindparam("seats", type_=ARRAY(String)))

_RELEASE = text(
    """
    DELETE FROM seat_claims WHERE (screening_id, seat) IN (
        SELECT screening_id, seat FROM seat_claims
        WHERE reservation_id = :reservation_id AND NOT seat = ANY(:keep)
        ORDER BY screening_id, seat FOR UPDATE
    )
    RETURNING seat
    """
).bindparams(bindparam("keep", type_=ARRAY(String)))

_KEEP_UNTIL = text("UPDATE seat_claims SET expires_at = :expires_at WHERE reservation_id = :reservation_id")

_OCCUPIED = text(
    """
    SELECT seat FROM seat_claims
    WHERE screening_id = :screening_id AND (expires_at IS NULL OR expires_at > now())
        AND NOT reservation_id = ANY(:besides)
    """
).bindparams(bindparam("besides", type_=ARRAY(Uuid)))

_HELD_BY = text(
    """
    SELECT c.seat FROM seat_claims c JOIN reservations r ON r.id = c.reservation_id
    WHERE c.screening_id = :screening_id AND r.state = 'held' AND r.owner = ANY(:owners)
    """
).bindparams(bindparam("owners", type_=ARRAY(String)))

_AMONG = text(
    """
    SELECT seat, reservation_id, coalesce(expires_at <= now(), false) AS is_stale FROM seat_claims
    WHERE screening_id = :screening_id AND seat = ANY(:seats)
    """
).bindparams(bindparam("seats", type_=ARRAY(String)))


class Claimed(NamedTuple):
    seat: str
    reservation_id: UUID
    is_stale: bool


def claim(
    session: Session,
    reservation_id: UUID,
    screening_id: UUID,
    plan_id: UUID,
    seats: Collection[str],
    *,
    expires_at: datetime | None,
) -> set[str]:
    """Claim `seats`, and answer those that were got. Fewer than asked for: the caller must roll back."""
    got = session.execute(
        _CLAIM,
        {
            "screening_id": screening_id,
            "plan_id": plan_id,
            "reservation_id": reservation_id,
            "expires_at": expires_at,
            "seats": sorted(seats),
        },
    )
    return set(got.scalars())


def release(session: Session, reservation_id: UUID, *, keep: Iterable[str] = ()) -> list[str]:
    """Give back what `reservation_id` claims, but for `keep`; answers the freed seats."""
    freed = session.execute(_RELEASE, {"reservation_id": reservation_id, "keep": list(keep)})
    return sorted(freed.scalars())


def keep_until(session: Session, reservation_id: UUID, expires_at: datetime | None) -> None:
    """None: for good, nobody may take the seats over."""
    session.execute(_KEEP_UNTIL, {"reservation_id": reservation_id, "expires_at": expires_at})


def occupied(session: Session, screening_id: UUID, *, besides: Iterable[UUID] = ()) -> set[str]:
    """The seats of a screening that nobody can have now, not counting those of `besides`."""
    found = session.execute(_OCCUPIED, {"screening_id": screening_id, "besides": list(besides)})
    return set(found.scalars())


def held_by(session: Session, screening_id: UUID, owners: Iterable[str]) -> set[str]:
    """The seats these owners hold and may still exchange for others."""
    given = {"screening_id": screening_id, "owners": list(owners)}
    return set(session.execute(_HELD_BY, given).scalars())


def among(session: Session, screening_id: UUID, seats: Collection[str]) -> list[Claimed]:
    """The claims that stand on `seats` now; the stale ones may be taken over."""
    found = session.execute(_AMONG, {"screening_id": screening_id, "seats": sorted(seats)})
    return [Claimed(*row) for row in found]
