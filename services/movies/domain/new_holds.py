"""Writing a new hold, its seats and its claims in one statement: what a busy evening does most."""

from uuid import UUID

from sqlalchemy import Integer, String, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from services.movies.domain.claims import CLAIM
from services.movies.models import Reservation

_LISTS: dict[str, type[String | Integer]] = {
    "seats": String,
    "kinds": String,
    "ticket_types": String,
    "prices": Integer,
}


def writing(claim: str) -> TextClause:
    """A hold and its priced seats, and then `claim`."""
    sql = f"""
        WITH hold AS (
            INSERT INTO reservations (id, screening_id, owner, state, version, expires_at, extensions,
                total_cents, currency, email, name, method, attempt, decline_message, link_key, cancel_reason)
            VALUES (:reservation_id, :screening_id, :owner, 'held', 0, :expires_at, 0,
                :total_cents, :currency, '', '', '', 0, '', '', '')
        ), priced AS (
            INSERT INTO reservation_seats (reservation_id, seat, kind, ticket_type, price_cents)
            SELECT :reservation_id, * FROM unnest(:seats, :kinds, :ticket_types, :prices)
        )
        {claim}
        """  # noqa: S608 - put together from constants
    return text(sql).bindparams(*(bindparam(name, type_=ARRAY(kind)) for name, kind in _LISTS.items()))


_WRITE = writing(CLAIM)


def write_hold(session: Session, hold: Reservation, plan_id: UUID) -> set[str]:
    """Write `hold`; answers the seats that were not to be had. Any: roll back."""
    seats = sorted(hold.seats, key=lambda seat: seat.seat)
    got = session.execute(
        _WRITE,
        {
            "reservation_id": hold.id,
            "screening_id": hold.screening_id,
            "plan_id": plan_id,
            "owner": hold.owner,
            "expires_at": hold.expires_at,
            "total_cents": hold.total_cents,
            "currency": hold.currency,
            "seats": [seat.seat for seat in seats],
            "kinds": [seat.kind for seat in seats],
            "ticket_types": [seat.ticket_type for seat in seats],
            "prices": [seat.price_cents for seat in seats],
        },
    )
    return {seat.seat for seat in seats} - set(got.scalars())
