"""The payment service on a real PostgreSQL and the Stripe stand-in."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
import stripe
from flask import Flask
from sqlalchemy import text

from local.ports import free_port
from local.stripe_fake.domain.settlement import settle_due
from local.stripe_fake.serving import StripeFake
from local.stripe_fake.settings import Settings as StripeFakeSettings
from marquee.contracts.payment import PaymentRequested
from marquee.db import Database
from marquee.testing.apps import settings_for_tests, trust
from marquee.testing.database import empty, migrated_database, url_of
from marquee.testing.tokens import TokenMint
from services.payment import create_app
from services.payment.domain import payments
from services.payment.models import Payment
from services.payment.provider import StripeProvider
from services.payment.settings import PaymentSettings
from services.payment.steps import Steps

WEBHOOK_SECRET = "whsec_test"
VISA, BOUNCING, SLOW = "4242424242424242", "4000000000008815", "4000000000008807"
GUEST = "a-guest-token-of-more-than-32-characters"


@pytest.fixture(scope="session")
def payment_database(create_database: Callable[[str], str]) -> Iterator[Database]:
    with migrated_database("payment", create_database) as database:
        yield database


@pytest.fixture
def database(payment_database: Database) -> Database:
    return empty(payment_database)


@pytest.fixture
def stripe_fake(tmp_path: Path) -> Iterator[StripeFake]:
    """Webhooks go nowhere: the tests hand them over themselves."""
    port = free_port()
    fake = StripeFake(
        StripeFakeSettings(
            state_file=tmp_path / "stripe.sqlite3",
            port=port,
            webhook_secret=WEBHOOK_SECRET,
            webhook_url="http://127.0.0.1:1/",
            public_url=f"http://localhost:{port}",
            processing_seconds=3600,
        )
    )
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def settings(database: Database, stripe_fake: StripeFake) -> PaymentSettings:
    return PaymentSettings(
        **settings_for_tests(
            database_url=url_of(database),
            public_url="http://localhost:8081",
            stripe_api_key="sk_test_marquee",
            stripe_api_base=stripe_fake.account.settings.public_url,
            stripe_webhook_secret=f"whsec_next, {WEBHOOK_SECRET}",
            starts_per_second=1000,
        )
    )


@pytest.fixture
def steps(database: Database, settings: PaymentSettings) -> Steps:
    return Steps(database, StripeProvider(settings), settings)


@pytest.fixture
def mint() -> TokenMint:
    return TokenMint()


@pytest.fixture
def app(settings: PaymentSettings, mint: TokenMint) -> Iterator[Flask]:
    app = trust(create_app(settings), mint)
    yield app
    app.extensions["marquee.database"].engine.dispose()


@pytest.fixture
def stripe_client(settings: PaymentSettings) -> stripe.StripeClient:
    """The buyer's and the operator's hands at Stripe."""
    return stripe.StripeClient("sk_test_marquee", base_addresses={"api": settings.stripe_api_base})


def time_passes(fake: StripeFake) -> None:
    """What is processing, and refunds on their way, come to their end at Stripe."""
    fake.account.clock = lambda: time.time() + 2 * 3600
    with fake.account.store.transaction():
        settle_due(fake.account)


class Desk:
    """Short ways to ask for things and to see what became of them."""

    def __init__(self, database: Database, steps: Steps, client: stripe.StripeClient) -> None:
        self.database, self.steps, self.stripe = database, steps, client

    def request(self, **changes: Any) -> PaymentRequested:
        wanted = PaymentRequested.model_validate(
            {
                "reservation_id": uuid4(),
                "attempt": 1,
                "owner": "person:viola",
                "email": "viola@marquee.example",
                "amount_cents": 2050,
                "currency": "EUR",
                "method": "element",
                "description": "Paper Moon, G9 and G10",
                "link_key": "the-key-in-the-mail",
                **changes,
            }
        )
        self.do(payments.open_payment, wanted)
        return wanted

    def do(self, verb: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with self.database.transaction() as session:
            return verb(session, *arguments, **options)

    def work(self) -> None:
        """Do what is due, until nothing is."""
        while self.steps.take_one():
            pass

    def opened(self, **changes: Any) -> tuple[PaymentRequested, Payment]:
        wanted = self.request(**changes)
        self.work()
        return wanted, self.payment(wanted.reservation_id)

    def payment(self, reservation_id: UUID) -> Payment:
        with self.database.transaction() as session:
            found = payments.newest(session, reservation_id)
        assert found is not None
        return found

    def pay(self, payment: Payment, card: str = "pm_card_visa") -> None:
        """What the card fields of the page do."""
        with contextlib.suppress(stripe.CardError, stripe.InvalidRequestError):
            self.stripe.v1.payment_intents.confirm(
                payment.provider_id or "", {"payment_method": card, "return_url": "http://localhost:8081/"}
            )

    def refuse_at_the_bank(self, payment: Payment) -> None:
        """What a buyer does on the page of the bank."""
        intent = self.stripe.v1.payment_intents.retrieve(payment.provider_id or "")
        page = (intent.next_action or {})["redirect_to_url"]["url"]
        assert requests.post(page, data={"answer": "refuse"}, allow_redirects=False, timeout=10).ok

    def pay_hosted(self, payment: Payment, card: str = VISA) -> None:
        """What a buyer does on Stripe's own page."""
        form = {"number": card, "expiry": "12/40", "cvc": "123"}
        page = requests.post(payment.hosted_url or "", data=form, allow_redirects=False, timeout=10)
        assert page.status_code == 303, page.text

    def hear(self, kind: str) -> None:
        """The newest webhook of a kind, as Stripe would send it."""
        event = self.stripe.v1.events.list({"type": kind, "limit": 1}).data[0].to_dict()
        self.do(payments.receive_webhook, event)

    def check(self, payment: Payment) -> Payment:
        """As if a webhook had made it due."""
        with self.database.transaction() as session:
            payments.make_due(session, payments.lock(session, payment.id))
        self.work()
        return self.payment(payment.reservation_id)

    def published(self) -> list[tuple[str, dict[str, Any]]]:
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT routing_key, envelope FROM outbox ORDER BY id")).all()
        return [(key, envelope["data"]) for key, envelope in rows]

    def keys(self) -> list[str]:
        return [key for key, _ in self.published()]


@pytest.fixture
def desk(database: Database, steps: Steps, stripe_client: stripe.StripeClient) -> Desk:
    return Desk(database, steps, stripe_client)
