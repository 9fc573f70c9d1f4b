"""The check of the books finds what is wrong, and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from marquee.db import Database
from marquee.migrate import SERVICES, migrate
from ops.addresses import Address
from ops.invariants import open_books

RESERVATION = str(uuid4())


@pytest.fixture(scope="module")
def urls(create_database: Callable[[str], str]) -> dict[str, str]:
    found = {name: create_database(f"checked_{name}") for name in SERVICES}
    for name, url in found.items():
        migrate(name, url)
    return found


@pytest.fixture
def payment(urls: dict[str, str]) -> Iterator[Database]:
    database = Database(urls["payment"])
    yield database
    with database.transaction() as session:
        session.execute(text("TRUNCATE payments, payment_transitions, outbox, stripe_events"))
    database.engine.dispose()


def wrong(urls: dict[str, str], *intents: dict[str, Any]) -> set[str]:
    books = open_books({name: Address(url) for name, url in urls.items()}, intents)
    found = books.violations(quiet_seconds=15, moment_seconds=5)
    books.close()
    return {name.partition(" ")[0] for name in found}


def intent(**changes: Any) -> dict[str, Any]:
    plain = {"id": "pi_1", "reservation_id": RESERVATION, "currency": "eur", "refunds": 0}
    return {**plain, "received": 2000, "refunded": 0, "net": 2000, **changes}


def note_payment(payment: Database, **changes: Any) -> None:
    values = {"state": "succeeded", "wanted": "paid", "version": 0, "amount": 2000, "age": 0} | changes
    with payment.transaction() as session:
        session.execute(
            text(
                "INSERT INTO payments (id, reservation_id, attempt, owner, link_key, email, method, description,"
                " amount_cents, currency, state, wanted, version, key_generation, decline_code, decline_message,"
                " failures, created_at, updated_at) VALUES (gen_random_uuid(), gen_random_uuid(), 1, '', '', '',"
                " 'element', '', :amount, 'EUR', :state, :wanted, :version, 0, '', '', 0, now(),"
                " now() - make_interval(secs => :age))"
            ),
            values,
        )


def test_an_empty_house_is_in_order(urls: dict[str, str]) -> None:
    assert wrong(urls) == set()


def test_money_without_a_booking_is_found(urls: dict[str, str]) -> None:
    assert wrong(urls, intent()) == {"I3", "I5"}


def test_money_that_went_back_whole_needs_no_booking(urls: dict[str, str]) -> None:
    assert wrong(urls, intent(refunded=2000, net=0, refunds=1)) == set()


def test_money_that_went_back_twice_is_found(urls: dict[str, str]) -> None:
    assert "I4" in wrong(urls, intent(refunded=4000, net=-2000, refunds=2))


def test_a_payment_that_stripe_does_not_know_is_found(urls: dict[str, str], payment: Database) -> None:
    note_payment(payment)

    assert wrong(urls) == {"I5"}


def test_what_is_stuck_is_found_once_it_is_late(urls: dict[str, str], payment: Database) -> None:
    note_payment(payment, state="creating", age=10)
    assert wrong(urls) == set()

    note_payment(payment, state="creating", age=20)
    assert wrong(urls) == {"I7"}


def test_a_step_that_was_not_logged_is_found(urls: dict[str, str], payment: Database) -> None:
    note_payment(payment, state="failed", version=1)

    assert wrong(urls) == {"I13"}


def test_an_event_that_was_never_sent_or_never_heard_is_found(
    urls: dict[str, str], payment: Database
) -> None:
    with payment.transaction() as session:
        session.execute(
            text(
                "INSERT INTO outbox (event_id, routing_key, envelope, created_at, published_at) VALUES"
                " (gen_random_uuid(), 'payment.failed', '{}', now() - interval '1 minute', NULL)"
            )
        )
        assert wrong(urls) == set()  # not committed
    assert wrong(urls) == {"I8"}

    with payment.transaction() as session:
        session.execute(text("UPDATE outbox SET published_at = now()"))
    assert wrong(urls) == {"I9"}
