"""Issuing and voiding: once, whatever the order of the news."""

from collections.abc import Callable
from typing import Any

from marquee.contracts.reservation import BookingFacts
from marquee.db import Database
from services.ticket.domain import tickets
from services.ticket.models import Ticket
from tests.factories.bookings import booking_facts

Issue = Callable[[BookingFacts], list[Ticket]]
Published = Callable[[], list[tuple[str, dict[str, Any]]]]


def test_one_ticket_per_seat(issue: Issue, published: Published) -> None:
    facts = booking_facts("G9", "G10", "G11")

    found = issue(facts)

    assert [ticket.seat for ticket in found] == ["G10", "G11", "G9"]
    assert [key for key, _ in published()] == ["ticket.issued"]


def test_being_told_twice_issues_nothing_more(issue: Issue) -> None:
    facts = booking_facts()

    first, second = issue(facts), issue(facts)

    assert [ticket.id for ticket in first] == [ticket.id for ticket in second]


def test_a_cancellation_that_overtakes_the_confirmation_wins(
    database: Database, issue: Issue, published: Published
) -> None:
    facts = booking_facts()
    with database.transaction() as session:
        tickets.void_tickets(session, facts, "the showing is off")

    assert issue(facts) == []
    assert published() == []


def test_voiding_keeps_the_first_reason(database: Database, issue: Issue) -> None:
    facts = booking_facts()
    issue(facts)
    for reason in ("the buyer cancelled", "refunded"):
        with database.transaction() as session:
            tickets.void_tickets(session, facts, reason)

    with database.transaction() as session:
        booking = tickets.booking_for(session, facts.reservation_id, holder=None, privileged=True)
    assert (booking.state, booking.void_reason) == ("void", "the buyer cancelled")
