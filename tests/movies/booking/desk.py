"""What the rest of Marquee does to a booking, a transaction at a time."""

from sqlalchemy import text

from marquee.contracts.payment import (
    PaymentDeclined,
    PaymentFailed,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentSucceeded,
)
from marquee.contracts.ticket import TicketIssued
from services.movies.domain import reservations, settlement
from services.movies.domain.facts import booking_facts
from services.movies.models import Reservation, SeatClaim
from tests.movies.booking.people import BUYER, guest

ANN = guest("ann")


class Desk:
    def __init__(self, database, settings):
        self.database, self.settings = database, settings

    def events(self):
        with self.database.transaction() as session:
            return list(session.scalars(text("SELECT routing_key FROM outbox ORDER BY id")))

    def facts_of(self, routing_key):
        with self.database.transaction() as session:
            return session.scalar(
                text(
                    "SELECT envelope -> 'data' FROM outbox WHERE routing_key = :key ORDER BY id DESC LIMIT 1"
                ),
                {"key": routing_key},
            )

    def state(self, booking):
        with self.database.transaction() as session:
            return session.get_one(Reservation, booking.id).state

    def is_payment_unknown(self, booking):
        with self.database.transaction() as session:
            return reservations.is_payment_unknown(session.get_one(Reservation, booking.id))

    def claimed(self):
        with self.database.transaction() as session:
            return {claim.seat: claim.reservation_id for claim in session.query(SeatClaim)}

    def succeed(self, booking, amount=None, currency="EUR"):
        cents = booking.total_cents if amount is None else amount
        paid = PaymentSucceeded(reservation_id=booking.id, attempt=1, amount_cents=cents, currency=currency)
        with self.database.transaction() as session:
            settlement.settle_payment(session, paid, self.settings)

    def decline(self, booking, message="Not enough funds."):
        event = PaymentDeclined(reservation_id=booking.id, attempt=1, code="card_declined", message=message)
        with self.database.transaction() as session:
            settlement.note_decline(session, event, self.settings)

    def fail(self, booking):
        event = PaymentFailed(reservation_id=booking.id, attempt=1, reason="canceled")
        with self.database.transaction() as session:
            settlement.end_payment(session, event)

    def issue(self, booking):
        with self.database.transaction() as session:
            facts = booking_facts(session, session.get_one(Reservation, booking.id))
            settlement.note_tickets(session, TicketIssued(booking=facts, ticket_ids=[]))

    def let_in(self, booking, change=1):
        with self.database.transaction() as session:
            settlement.count_admitted(session, booking.id, change)

    def refund_fails(self, booking):
        event = PaymentRefundFailed(reservation_id=booking.id, reason="the bank did not take it")
        with self.database.transaction() as session:
            settlement.note_refund_trouble(session, event)

    def refund(self, booking):
        event = PaymentRefunded(
            reservation_id=booking.id, amount_cents=booking.total_cents, currency=booking.currency
        )
        with self.database.transaction() as session:
            settlement.note_refund(session, event)

    def cancel(self, booking, by=ANN):
        with self.database.transaction() as session:
            return reservations.cancel_reservation(session, booking.id, by, self.settings)

    def release(self, booking, by=ANN):
        with self.database.transaction() as session:
            return reservations.release_payment(session, booking.id, by)

    def start(self, hold, buyer=BUYER, by=ANN):
        with self.database.transaction() as session:
            return reservations.start_payment(session, hold.id, buyer, by, self.settings)

    def run(self, timer, *given):
        with self.database.transaction() as session:
            return timer(session, *given)
