"""Databases that come back as they were, and backups that refuse rather than surprise."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text

from local.servers import find_postgres
from marquee.contracts.payment import PaymentRequested
from marquee.db import Database
from marquee.messaging import outbox
from marquee.messaging.inbox import claim
from marquee.migrate import migrate
from ops.addresses import Address
from ops.backup import AlreadyThere, back_up, backups_in
from ops.manifest import Damaged, Manifest
from ops.restore import InUse, NotEmpty, restore
from services.payment.models import Payment
from tests.journeys.house import until

NAMES = ("movies", "payment")


class Books:
    """The databases of two services, and what is done with them here."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.addresses = {name: Address(url) for name, url in urls.items()}
        self._urls = urls

    def database(self, name: str) -> Database:
        return Database(self._urls[name], pool_size=2)

    def ask(self, name: str, query: str) -> list[Any]:
        with closing(self.addresses[name].connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def tables(self, name: str) -> list[Any]:
        return self.ask(name, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(find_postgres()))


@pytest.fixture
def empty_books(create_database: Callable[[str], str]) -> Books:
    return Books({name: create_database(f"restored_{name}") for name in NAMES})


@pytest.fixture
def books(create_database: Callable[[str], str]) -> Books:
    found = Books({name: create_database(f"backed_up_{name}") for name in NAMES})
    for name, address in found.addresses.items():
        migrate(name, address.url)
    return found


def silence(_: str) -> None:
    pass


def bring_back(folder: Path, books: Books, *, replace: bool = False) -> None:
    restore(folder, books.addresses, client=None, replace=replace, say=silence)


def requested() -> PaymentRequested:
    return PaymentRequested(
        reservation_id=uuid4(),
        attempt=1,
        owner="",
        email="",
        amount_cents=100,
        currency="EUR",
        method="element",
        description="",
        link_key="",
    )


def note_payment(books: Books) -> UUID:
    database = books.database("payment")
    with database.transaction() as session:
        values = requested().model_dump(exclude={"link_key"}) | {"state": "open", "wanted": "paid"}
        found = session.scalar(insert(Payment).values(**values, link_key="").returning(Payment.id))
    database.engine.dispose()
    assert found is not None
    return found


def test_what_was_backed_up_comes_back(books: Books, empty_books: Books, tmp_path: Path) -> None:
    kept = note_payment(books)
    folder = back_up(books.addresses, tmp_path, keep=2, say=silence)
    note_payment(books)

    bring_back(folder, empty_books)

    assert empty_books.ask("payment", "SELECT id::text FROM payments") == [(str(kept),)]
    assert empty_books.tables("movies") == books.tables("movies")
    again = back_up(empty_books.addresses, tmp_path, keep=2, say=silence, name="again")
    bring_back(again, empty_books, replace=True)
    assert empty_books.ask("payment", "SELECT id::text FROM payments") == [(str(kept),)]


def test_no_database_knows_of_an_event_that_its_publisher_has_not(
    books: Books, empty_books: Books, tmp_path: Path
) -> None:
    """movies publishes and payment takes it in, as fast as they can, while backups are made."""
    stop, movies, payment = threading.Event(), books.database("movies"), books.database("payment")

    rounds: list[int] = []

    def publish_and_take_in() -> None:
        while not stop.is_set():
            with movies.transaction() as session:
                event = outbox.record(session, requested())
            with payment.transaction() as session:
                claim(session, "payment:handlers.open_payment", event)
            rounds.append(1)

    threads = [threading.Thread(target=publish_and_take_in) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(rounds) > 10)
        folder = back_up(books.addresses, tmp_path, keep=0, say=silence)
        before = len(rounds)
        until(lambda: len(rounds) > before + 10)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        movies.engine.dispose()
        payment.engine.dispose()
    bring_back(folder, empty_books)

    published = {row[0] for row in empty_books.ask("movies", "SELECT event_id::text FROM outbox")}
    taken_in = {row[0] for row in empty_books.ask("payment", "SELECT event_id::text FROM inbox")}
    assert taken_in
    assert taken_in <= published
    later = {row[0] for row in books.ask("payment", "SELECT event_id::text FROM inbox")}
    assert taken_in < later


def test_what_was_sent_shortly_before_is_sent_again(books: Books, empty_books: Books, tmp_path: Path) -> None:
    database = books.database("movies")
    with database.transaction() as session:
        lately, long_ago = outbox.record(session, requested()), outbox.record(session, requested())
        session.execute(text("UPDATE outbox SET published_at = now()"))
        ages = text("UPDATE outbox SET published_at = now() - interval '3 days' WHERE event_id = :id")
        session.execute(ages, {"id": long_ago})
    database.engine.dispose()

    bring_back(back_up(books.addresses, tmp_path, keep=0, say=silence), empty_books)

    waiting = empty_books.ask("movies", "SELECT event_id::text FROM outbox WHERE published_at IS NULL")
    assert waiting == [(str(lately),)]


def test_a_restore_never_writes_over_anything_unasked(books: Books, tmp_path: Path) -> None:
    folder = back_up(books.addresses, tmp_path, keep=0, say=silence)
    note_payment(books)

    with pytest.raises(NotEmpty, match="movies, payment"):
        bring_back(folder, books)

    assert len(books.ask("payment", "SELECT 1 FROM payments")) == 1


def test_a_restore_waits_until_the_services_are_down(
    books: Books, empty_books: Books, tmp_path: Path
) -> None:
    folder = back_up(books.addresses, tmp_path, keep=0, say=silence)
    service = empty_books.database("payment")

    with service.engine.connect(), pytest.raises(InUse, match="payment: marquee"):
        bring_back(folder, empty_books)

    service.engine.dispose()
    assert empty_books.tables("payment") == []


@pytest.mark.parametrize("harm", ["a byte changed", "a file gone", "unfinished"])
def test_a_damaged_backup_changes_nothing(
    books: Books, empty_books: Books, tmp_path: Path, harm: str
) -> None:
    folder = back_up(books.addresses, tmp_path, keep=0, say=silence)
    dump = folder / "payment.dump"
    match harm:
        case "a byte changed":
            content = bytearray(dump.read_bytes())
            content[len(content) // 2] ^= 1
            dump.write_bytes(content)
        case "a file gone":
            dump.unlink()
        case "unfinished":
            (folder / "manifest.json").unlink()

    with pytest.raises(Damaged):
        bring_back(folder, empty_books)

    assert empty_books.tables("movies") == empty_books.tables("payment") == []


def test_a_backup_of_a_newer_marquee_is_refused(books: Books, empty_books: Books, tmp_path: Path) -> None:
    database = books.database("payment")
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.engine.dispose()
    folder = back_up(books.addresses, tmp_path, keep=0, say=silence)

    with pytest.raises(Damaged, match=r"newer Marquee \(payment\)"):
        bring_back(folder, empty_books)


def test_a_backup_is_never_written_over_another(books: Books, tmp_path: Path) -> None:
    folder = back_up(books.addresses, tmp_path, keep=0, say=silence, name="nightly")
    before = Manifest.read(folder)

    with pytest.raises(AlreadyThere):
        back_up(books.addresses, tmp_path, keep=0, say=silence, name="nightly")

    assert Manifest.read(folder) == before


def test_the_oldest_backups_go(books: Books, tmp_path: Path) -> None:
    for name in ("c", "a", "b"):
        back_up(books.addresses, tmp_path, keep=2, say=silence, name=name)

    assert [folder.name for folder in backups_in(tmp_path)] == ["a", "b"]


def test_only_the_owner_may_read_a_backup(books: Books, tmp_path: Path) -> None:
    folder = back_up(books.addresses, tmp_path, keep=0, say=silence)

    assert folder.stat().st_mode & 0o077 == 0
