"""A post office whose mail server and ticket service are played, on a real database."""

from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from sqlalchemy import select, text

from marquee.contracts.reservation import BookingFacts
from marquee.db import Database
from marquee.testing.apps import settings_for_tests
from marquee.testing.database import empty, migrated_database
from services.notification.domain import notices
from services.notification.letters import Attachment, DoorCode, Papers
from services.notification.models import Mail
from services.notification.post import PostRound
from services.notification.settings import NotificationSettings


@pytest.fixture(scope="module")
def notification_database(create_database: Callable[[str], str]) -> Iterator[Database]:
    with migrated_database("notification", create_database) as database:
        yield database


@pytest.fixture
def database(notification_database: Database) -> Database:
    return empty(notification_database)


class FakeMailer:
    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.trouble: list[Exception] = []

    def send(self, message: EmailMessage) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.sent.append(message)


class FakeTickets:
    def __init__(self) -> None:
        self.trouble: list[Exception] = []

    def pdf(self, booking: BookingFacts, name: str) -> Attachment:
        if self.trouble:
            raise self.trouble.pop(0)
        return Attachment(name, b"%PDF-1.7 paper", "application/pdf")

    def papers(self, booking: BookingFacts) -> Papers:
        return Papers(
            [
                self.pdf(booking, "tickets.pdf"),
                Attachment("screening.ics", b"BEGIN:VCALENDAR", "text/calendar"),
            ],
            [
                DoorCode(seat.label, f"MQ-7K2FQX-{seat.label}", f"PNG of {seat.label}".encode())
                for seat in booking.seats
            ],
        )


class PostOffice:
    def __init__(self, database: Database) -> None:
        self.database, self.mailer, self.tickets = database, FakeMailer(), FakeTickets()
        settings = NotificationSettings(
            **settings_for_tests(
                database_url="postgresql+psycopg2://unused",
                public_url="http://localhost:8081",
                ticket_url="http://localhost:5003",
            )
        )
        self.round = PostRound(database, self.mailer, self.tickets, settings)  # type: ignore[arg-type]

    def tell(self, template: str, booking: BookingFacts, **more: str) -> None:
        with self.database.transaction() as session:
            notices.tell(session, template, booking, **more)

    def work(self) -> None:
        while self.round.take_one():
            pass

    def hurry(self) -> None:
        """As if the wait before the next try were over."""
        with self.database.transaction() as session:
            session.execute(text("UPDATE mails SET due_at = now() WHERE state = 'due'"))
        self.work()

    def mail(self) -> Mail:
        with self.database.transaction() as session:
            return session.scalars(select(Mail)).one()


@pytest.fixture
def post(database: Database) -> PostOffice:
    return PostOffice(database)
