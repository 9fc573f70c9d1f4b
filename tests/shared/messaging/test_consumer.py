"""Effects happen once and together with their inbox row, whatever the handlers do."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from marquee.contracts.movie import MovieRemoved
from marquee.db import after_commit
from marquee.logs import request_id
from marquee.messaging.consumer import Consumer, Handlers, Meta, Reject, Retry
from marquee.messaging.envelope import Envelope, wrap
from marquee.messaging.memory import MemoryBroker
from marquee.messaging.outbox import inbox, outbox, record
from marquee.messaging.transport import Delivery, Done, Later, Leave, Park
from tests.shared.messaging.conftest import GROUPS, eventually, note_effect, numbered


def consumer_of(sessions: sessionmaker[Session], *handlers: Callable[..., Any]) -> Consumer:
    table: Handlers = {MovieRemoved: list(handlers)} if handlers else {}
    return Consumer("left", table, sessions, MemoryBroker(GROUPS))


def delivery(envelope: Envelope, attempt: int = 1) -> Delivery:
    return Delivery(str(envelope.id), envelope.type, envelope.to_bytes(), attempt)


def test_a_second_delivery_has_no_second_effect(
    sessions: sessionmaker[Session], effects: Callable[[], list[int]]
) -> None:
    consumer, twice = consumer_of(sessions, note_effect), delivery(wrap(numbered(7)))
    assert [consumer.handle(twice), consumer.handle(twice)] == [Done(), Done()]
    assert effects() == [7]


def test_two_deliveries_at_once_have_one_effect(
    sessions: sessionmaker[Session], effects: Callable[[], list[int]]
) -> None:
    consumer, same = consumer_of(sessions, note_effect), delivery(wrap(numbered(7)))
    threads = [threading.Thread(target=consumer.handle, args=(same,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert effects() == [7]


def test_a_handler_added_later_still_gets_its_turn(
    sessions: sessionmaker[Session], effects: Callable[[], list[int]]
) -> None:
    def also(session: Session, event: MovieRemoved, meta: Meta) -> None:
        note_effect(session, numbered(event.movie_id.int + 100), meta)

    same = delivery(wrap(numbered(7)))
    consumer_of(sessions, note_effect).handle(same)
    consumer_of(sessions, note_effect, also).handle(same)
    assert effects() == [7, 107]


def test_a_failing_handler_takes_back_everything(sessions: sessionmaker[Session], engine: Engine) -> None:
    def fail(session: Session, event: MovieRemoved, meta: Meta) -> None:
        record(session, event)
        raise ValueError("boom")

    assert consumer_of(sessions, note_effect, fail).handle(delivery(wrap(numbered(7)))) == Later(1)

    with engine.connect() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (inbox, outbox)
        ]
        assert [*counts, connection.execute(text("SELECT count(*) FROM effects")).scalar_one()] == [0, 0, 0]


@pytest.mark.parametrize(("attempt", "verdict"), [(1, Later(1)), (2, Later(5)), (3, Later(25))])
def test_failures_wait_longer_each_time(
    sessions: sessionmaker[Session], attempt: int, verdict: Later
) -> None:
    assert consumer_of(sessions, _boom).handle(delivery(wrap(numbered(1)), attempt)) == verdict


def test_the_fourth_failure_parks_with_the_reason(sessions: sessionmaker[Session]) -> None:
    assert consumer_of(sessions, _boom).handle(delivery(wrap(numbered(1)), 4)) == Park("ValueError: boom")


def test_a_parked_reason_never_carries_a_statements_data(sessions: sessionmaker[Session]) -> None:
    def leak(session: Session, event: MovieRemoved, meta: Meta) -> None:
        session.execute(text("INSERT INTO effects VALUES ('not-a-uuid:ann@example.org')"))

    verdict = consumer_of(sessions, leak).handle(delivery(wrap(numbered(1)), 4))
    assert verdict == Park("DataError")


def test_a_rejection_parks_at_the_first_attempt(sessions: sessionmaker[Session]) -> None:
    def reject(*_: Any) -> None:
        raise Reject("no such film")

    assert consumer_of(sessions, reject).handle(delivery(wrap(numbered(1)))) == Park("no such film")


@pytest.mark.parametrize(
    ("attempt", "verdict"), [(1, Later(5)), (29, Later(5)), (30, Park("mail server is away"))]
)
def test_a_wish_for_retry_may_be_patient(
    sessions: sessionmaker[Session], attempt: int, verdict: Later | Park
) -> None:
    def wish(*_: Any) -> None:
        raise Retry(3, "mail server is away", max_attempts=30)

    assert consumer_of(sessions, wish).handle(delivery(wrap(numbered(1)), attempt)) == verdict


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "movie.vanished"}, "unknown event type"),
        ({"dataschema": "urn:marquee:event:movie.removed:9"}, "unknown version"),
        ({"data": {"movie_id": "ann@example.org"}}, "does not fit its schema: movie_id"),
    ],
)
def test_what_nobody_can_read_is_parked_at_once(
    sessions: sessionmaker[Session], change: dict[str, Any], reason: str
) -> None:
    broken = wrap(numbered(1)).model_copy(update=change)
    verdict = consumer_of(sessions, note_effect).handle(delivery(broken))
    assert isinstance(verdict, Park)
    assert reason in verdict.reason
    assert "ann@" not in verdict.reason


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]", b'{"specversion":"1.0"}', b"null"])
def test_malformed_bytes_are_parked_at_once(sessions: sessionmaker[Session], body: bytes) -> None:
    verdict = consumer_of(sessions, note_effect).handle(Delivery("x", "movie.removed", body, 1))
    assert isinstance(verdict, Park)
    assert verdict.reason.startswith("malformed envelope")


def test_an_event_without_a_handler_is_simply_done(sessions: sessionmaker[Session]) -> None:
    assert consumer_of(sessions).handle(delivery(wrap(numbered(1)))) == Done()


def test_unknown_fields_are_ignored(
    sessions: sessionmaker[Session], effects: Callable[[], list[int]]
) -> None:
    newer = wrap(numbered(1))
    newer = newer.model_copy(update={"data": {**newer.data, "reason": "added next year"}})
    assert consumer_of(sessions, note_effect).handle(delivery(newer)) == Done()
    assert effects() == [1]


def test_a_handler_knows_the_request_and_its_events_carry_it_on(
    sessions: sessionmaker[Session], engine: Engine
) -> None:
    seen: list[Meta] = []
    before = request_id.get()

    def follow(session: Session, event: MovieRemoved, meta: Meta) -> None:
        seen.append(meta)
        assert request_id.get() == "request-1"
        record(session, numbered(2), subject="elsewhere")

    envelope = wrap(numbered(1), request_id="request-1", traceparent="00-abc-def-01")
    consumer_of(sessions, follow).handle(delivery(envelope, attempt=3))

    [meta] = seen
    assert (meta.event_id, meta.attempt, meta.source) == (envelope.id, 3, "/marquee/movie")
    assert (meta.subject, meta.request_id, meta.traceparent) == (
        str(UUID(int=1)),
        "request-1",
        "00-abc-def-01",
    )
    assert meta.time <= datetime.now(UTC)
    with engine.connect() as connection:
        sent = connection.execute(select(outbox.c.envelope)).scalar_one()
    assert (sent["requestid"], sent["traceparent"], sent["subject"]) == (
        "request-1",
        "00-abc-def-01",
        "elsewhere",
    )
    assert request_id.get() == before


def test_after_commit_actions_run_once_and_only_after_a_commit(sessions: sessionmaker[Session]) -> None:
    told: list[int] = []

    def tell(session: Session, event: MovieRemoved, meta: Meta) -> None:
        after_commit(session, lambda: told.append(event.movie_id.int))
        if meta.attempt == 1:
            raise ValueError("not yet")

    consumer, envelope = consumer_of(sessions, tell), wrap(numbered(5))
    consumer.handle(delivery(envelope, 1))
    assert told == []
    consumer.handle(delivery(envelope, 2))
    consumer.handle(delivery(envelope, 3))
    assert told == [5]


def test_while_the_database_is_away_no_attempt_is_spent() -> None:
    away = sessionmaker(create_engine("postgresql+psycopg2://nobody@127.0.0.1:1/none"))
    broker = MemoryBroker(GROUPS)
    consumer = Consumer("left", {MovieRemoved: [note_effect]}, away, broker)
    stop, verdicts = threading.Event(), []
    running = threading.Thread(target=consumer.run, args=(stop,))
    running.start()
    handling = threading.Thread(target=lambda: verdicts.append(consumer.handle(delivery(wrap(numbered(1))))))
    handling.start()
    handling.join(1)
    assert verdicts == []
    stop.set()
    handling.join(60)
    running.join(60)
    assert verdicts == [Leave()]


def test_events_flow_from_a_commit_to_a_handler_in_memory(
    sessions: sessionmaker[Session],
    effects: Callable[[], list[int]],
    running: Callable[..., threading.Event],
    engine: Engine,
) -> None:
    from marquee.messaging.relay import Relay

    broker = MemoryBroker(GROUPS)
    running(Relay(engine, broker).run)
    running(Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker, threads=2).run)
    with sessions.begin() as session:
        record(session, numbered(3))
    eventually(lambda: effects() == [3])


def _boom(session: Session, event: MovieRemoved, meta: Meta) -> None:
    raise ValueError("boom")
