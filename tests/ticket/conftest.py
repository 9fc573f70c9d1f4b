"""The ticket service on a real PostgreSQL."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from marquee.contracts.reservation import BookingFacts
from marquee.db import Database
from marquee.testing.apps import settings_for_tests, trust
from marquee.testing.database import empty, migrated_database, url_of
from marquee.testing.tokens import TokenMint
from services.ticket import create_app
from services.ticket.domain import tickets
from services.ticket.domain.codes import SigningKeys
from services.ticket.models import Ticket
from services.ticket.settings import TicketSettings

KEYS = f"1:{base64.b64encode(b'k' * 32).decode()}"


@pytest.fixture(scope="session")
def ticket_database(create_database: Callable[[str], str]) -> Iterator[Database]:
    with migrated_database("ticket", create_database) as database:
        yield database


@pytest.fixture
def database(ticket_database: Database) -> Database:
    return empty(ticket_database)


@pytest.fixture
def keys() -> SigningKeys:
    return SigningKeys(KEYS)


@pytest.fixture
def mint() -> TokenMint:
    return TokenMint()


@pytest.fixture
def app(database: Database, mint: TokenMint) -> Iterator[Flask]:
    settings = TicketSettings(
        **settings_for_tests(
            database_url=url_of(database), public_url="http://localhost:8081", ticket_signing_keys=KEYS
        )
    )
    app = trust(create_app(settings), mint)
    yield app
    app.extensions["marquee.database"].engine.dispose()


@pytest.fixture
def issue(database: Database) -> Callable[[BookingFacts], list[Ticket]]:
    """As the event handler does."""

    def issued(facts: BookingFacts) -> list[Ticket]:
        with database.transaction() as session:
            tickets.issue_tickets(session, facts, key_id=1)
        with database.transaction() as session:
            return list(
                tickets.booking_for(session, facts.reservation_id, holder=None, privileged=True).tickets
            )

    return issued


@pytest.fixture
def published(database: Database) -> Callable[[], list[tuple[str, dict[str, Any]]]]:
    def rows() -> list[tuple[str, dict[str, Any]]]:
        with database.transaction() as session:
            found = session.execute(text("SELECT routing_key, envelope FROM outbox ORDER BY id")).all()
        return [(key, envelope["data"]) for key, envelope in found]

    return rows
