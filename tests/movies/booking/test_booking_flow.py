"""From hold to ticket, the way nearly every booking goes."""

from sqlalchemy import text

from marquee.contracts.payment import PaymentSucceeded
from marquee.contracts.ticket import TicketIssued
from services.movies.domain.facts import booking_facts
from services.movies.domain.settlement import note_tickets, settle_payment
from services.movies.models import Reservation, ReservationTransition


def test_a_hold_is_paid_confirmed_and_ticketed(database, settings, pay):
    booking = pay("C4", "C5")
    paid = PaymentSucceeded(reservation_id=booking.id, attempt=1, amount_cents=2300, currency="EUR")

    with database.transaction() as session:
        settle_payment(session, paid, settings)
    with database.transaction() as session:
        facts = booking_facts(session, session.get_one(Reservation, booking.id))
        note_tickets(session, TicketIssued(booking=facts, ticket_ids=[]))

    with database.transaction() as session:
        assert session.get_one(Reservation, booking.id).state == "ticketed"
        log = session.query(ReservationTransition).order_by(ReservationTransition.version).all()
        assert [(step.version, step.source, step.target) for step in log] == [
            (1, "held", "paying"),
            (2, "paying", "confirmed"),
            (3, "confirmed", "ticketed"),
        ]
        events = session.scalars(text("SELECT routing_key FROM outbox ORDER BY id")).all()
        assert events == ["payment.requested", "reservation.confirmed"]
