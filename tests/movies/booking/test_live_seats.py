"""What open seat maps are told, and when."""

import pytest

from marquee import live
from marquee.contracts.payment import PaymentSucceeded
from services.movies.domain import holds, screenings
from services.movies.domain.cancelling import cancel_screening
from services.movies.domain.expiry import sweep_holds
from services.movies.domain.settlement import settle_payment
from services.movies.models import Screening
from tests.movies.booking.conftest import adults, let_time_pass
from tests.movies.booking.people import guest


@pytest.fixture
def told(monkeypatch, screening):
    """The seat changes published so far for the screening."""
    messages = []
    monkeypatch.setattr(live, "publish", lambda channel, message: messages.append((channel, message)))
    return lambda: [
        m["seats"] if m["kind"] == "seats" else m["state"]
        for channel, m in messages
        if channel == f"screening:{screening.id}"
    ]


def test_choosing_anew_tells_only_what_changed(hold, told):
    hold("C1", "C2")
    hold("C2", "C3")

    assert told() == [{"C1": "held", "C2": "held"}, {"C1": "free"}, {"C3": "held"}]


def test_nothing_is_told_of_what_was_rolled_back(database, settings, screening, told):
    with database.sessions() as session:
        holds.hold_seats(session, screening.id, adults("C1"), guest("ann"), settings)
        session.rollback()

    assert told() == []


def test_a_sold_seat_is_taken_and_a_swept_one_is_free(database, settings, hold, pay, told):
    booking = pay("C1")
    hold("D1", by=guest("bob"))
    let_time_pass(database, 650)
    paid = PaymentSucceeded(reservation_id=booking.id, attempt=1, amount_cents=1150, currency="EUR")

    with database.transaction() as session:
        settle_payment(session, paid, settings)
    with database.transaction() as session:
        sweep_holds(session)

    assert told() == [{"C1": "held"}, {"D1": "held"}, {"C1": "taken"}, {"D1": "free"}]


def test_a_screening_that_is_cancelled_says_so_once(database, screening, hold, told):
    hold("C1")

    for _ in range(2):
        with database.transaction() as session:
            cancel_screening(session, session.get_one(Screening, screening.id), "No projector")

    assert told() == [{"C1": "held"}, "cancelled", {"C1": "free"}]


def test_a_screening_that_is_withdrawn_says_so(database, screening, told):
    with database.transaction() as session:
        screenings.withdraw(session, screening.id)

    assert told() == ["cancelled"]
