"""The key in the mail's link."""

import pytest

from marquee.errors import NotFound
from services.movies.domain import reservations
from tests.movies.booking.people import guest

BOB = guest("bob")


def test_the_mails_link_opens_the_booking_and_no_other_key_does(database, pay):
    booking = pay("C1")

    with database.transaction() as session:
        assert reservations.find_reservation(session, booking.id, None, booking.link_key)
        for key in ("", "wrong", booking.link_key[:-1]):
            with pytest.raises(NotFound):
                reservations.find_reservation(session, booking.id, BOB, key)


def test_a_hold_without_a_key_is_not_opened_by_an_empty_one(database, hold):
    held = hold("C1")

    with pytest.raises(NotFound), database.transaction() as session:
        reservations.find_reservation(session, held.id, None, "")
