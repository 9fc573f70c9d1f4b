"""A screening on sale, and people to sell it to."""

import pytest
from sqlalchemy import text

from services.movies.domain import holds
from services.movies.domain.holds import hold_seats
from services.movies.domain.reservations import start_payment
from services.movies.domain.sales import Wish
from tests.factories.movies import add_screening
from tests.movies.booking.desk import Desk
from tests.movies.booking.people import BUYER, guest


def adults(*seats: str) -> list[Wish]:
    return [Wish(seat) for seat in seats]


def hold_by_api(database, screening_id, wishes, holder, settings):
    """As the route does: at once where nothing is in the way, else step by step."""
    given = (screening_id, wishes, holder, settings)
    return holds.hold_at_once(database.ask, *given) or hold_by_steps(database, *given)


def hold_by_steps(database, screening_id, wishes, holder, settings):
    return database.run(lambda session: holds.hold_seats(session, screening_id, wishes, holder, settings))


TIMES = {
    "reservations": ("expires_at", "updated_at", "paying_since", "release_requested_at"),
    "seat_claims": ("expires_at",),
}


def let_time_pass(database, seconds):
    """The database's clock cannot be moved, so everything else moves the other way."""
    with database.transaction() as session:
        for table, columns in TIMES.items():
            shifts = ", ".join(f"{c} = {c} - make_interval(secs => {seconds})" for c in columns)
            session.execute(text(f"UPDATE {table} SET {shifts}"))


@pytest.fixture
def screening(database):
    with database.transaction() as session:
        return add_screening(session)


@pytest.fixture
def hold(database, settings, screening):
    """`hold("A1", "A2", by=guest("ann"))` in a transaction of its own."""

    def hold(*seats, by=guest("ann"), at=None):  # noqa: B008 - a holder never changes
        with database.transaction() as session:
            return hold_seats(session, (at or screening).id, adults(*seats), by, settings)

    return hold


@pytest.fixture
def pay(database, settings, hold):
    def pay(*seats, by=guest("ann"), at=None):  # noqa: B008 - a holder never changes
        held = hold(*seats, by=by, at=at)
        with database.transaction() as session:
            return start_payment(session, held.id, BUYER, by, settings)

    return pay


@pytest.fixture
def desk(database, settings):
    return Desk(database, settings)
