"""From the outbox to the broker: all of it, marked only when confirmed, and again when the broker forgot."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, insert, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from marquee.contracts.movie import MovieRemoved
from marquee.messaging.consumer import Consumer
from marquee.messaging.envelope import EventTooLarge, open_envelope
from marquee.messaging.memory import MemoryBroker
from marquee.messaging.outbox import inbox, outbox, record
from marquee.messaging.relay import LEASE, Relay
from marquee.messaging.transport import CONFIRM_SECONDS, BrokerUnavailable, Epoch, Message, Outcome
from tests.shared.messaging.conftest import GROUPS, eventually, note_effect, numbered


class Died(Exception):
    """The relay's process ended here."""


class ScriptedPublisher:
    """Remembers what it was given and does with it what the test says."""

    def __init__(self, answer: Callable[[Message], Outcome | None] = lambda _: Outcome.CONFIRMED) -> None:
        self.sent: list[Message] = []
        self.life = Epoch("first", "run-1")
        self.answer = answer

    def epoch(self) -> Epoch:
        return self.life

    def publish(self, messages: Sequence[Message]) -> dict[UUID, Outcome]:
        self.sent += messages
        return {m.id: outcome for m in messages if (outcome := self.answer(m))}

    def close(self) -> None: ...

    @property
    def numbers(self) -> list[int]:
        events = [open_envelope(message.body)[1] for message in self.sent]
        return [event.movie_id.int for event in events if isinstance(event, MovieRemoved)]


@pytest.fixture
def publisher() -> ScriptedPublisher:
    return ScriptedPublisher()


def record_numbers(sessions: sessionmaker[Session], *numbers: int) -> list[UUID]:
    with sessions.begin() as session:
        return [record(session, numbered(number)) for number in numbers]


def waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(
            select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
        ).scalar_one()


def age(engine: Engine, by: timedelta, **where: Any) -> None:
    with engine.begin() as connection:
        connection.execute(update(outbox).values(published_at=outbox.c.published_at - by).filter_by(**where))


def let_leases_run_out(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(outbox).values(not_before=outbox.c.not_before - LEASE))


def test_an_event_of_a_rolled_back_transaction_is_never_sent(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    with sessions() as session:
        record(session, numbered(1))
        session.rollback()
    assert Relay(engine, publisher).publish_once() == 0
    assert publisher.sent == []


def test_events_are_sent_once_and_in_order(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    ids = record_numbers(sessions, 1, 2, 3)
    relay = Relay(engine, publisher, batch=2)
    assert [relay.publish_once() for _ in range(3)] == [2, 1, 0]
    assert publisher.numbers == [1, 2, 3]
    assert [message.id for message in publisher.sent] == ids


def test_only_confirmed_rows_are_marked(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    _, doubtful = record_numbers(sessions, 1, 2)
    publisher.answer = lambda message: None if message.id == doubtful else Outcome.CONFIRMED
    relay = Relay(engine, publisher)
    assert relay.publish_once() == 1
    publisher.answer = lambda _: Outcome.CONFIRMED
    assert relay.publish_once() == 1
    assert publisher.numbers == [1, 2, 2]


def test_rows_nobody_receives_do_not_hold_up_the_others(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    refused = set(record_numbers(sessions, *range(5)))
    publisher.answer = lambda m: Outcome.UNROUTABLE if m.id in refused else Outcome.CONFIRMED
    record_numbers(sessions, 10, 11)
    relay = Relay(engine, publisher, batch=3)
    for _ in range(4):
        relay.publish_once()
    assert waiting(engine) == 5
    assert publisher.numbers[-2:] == [10, 11]
    with engine.connect() as connection:
        assert set(connection.execute(select(outbox.c.refusal)).scalars()) == {"unroutable", None}


def test_a_relay_that_dies_before_marking_repeats_and_the_inbox_absorbs_it(
    sessions: sessionmaker[Session],
    engine: Engine,
    effects: Callable[[], list[int]],
    running: Callable[..., threading.Event],
) -> None:
    class DyingPublisher(ScriptedPublisher):
        def publish(self, messages: Sequence[Message]) -> dict[UUID, Outcome]:
            broker.publish(messages)
            raise Died

    broker = MemoryBroker(GROUPS)
    record_numbers(sessions, 1, 2)
    with pytest.raises(Died):
        Relay(engine, DyingPublisher()).publish_once()
    let_leases_run_out(engine)
    Relay(engine, broker).publish_once()
    assert broker.lag("left").waiting == 4
    running(Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker).run)
    eventually(lambda: broker.lag("left").waiting == 0)
    eventually(lambda: effects() == [1, 2])


def test_nothing_is_locked_and_no_transaction_open_while_the_broker_is_waited_for(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    seen: list[tuple[int, int]] = []

    def look(_: Message) -> Outcome:
        borrowed = engine.pool.checkedout()  # type: ignore[attr-defined]
        with engine.begin() as connection:
            free = connection.execute(select(outbox.c.id).with_for_update(skip_locked=True)).all()
        seen.append((borrowed, len(free)))
        return Outcome.CONFIRMED

    publisher.answer = look
    record_numbers(sessions, 1, 2)
    assert Relay(engine, publisher).publish_once() == 2
    assert seen == [(0, 2), (0, 2)]


def test_the_broker_is_asked_for_its_life_outside_any_transaction(
    sessions: sessionmaker[Session], engine: Engine
) -> None:
    borrowed: list[int] = []

    class Asked(ScriptedPublisher):
        def epoch(self) -> Epoch:
            borrowed.append(engine.pool.checkedout())  # type: ignore[attr-defined]
            return self.life

    publisher = Asked()
    relay = Relay(engine, publisher)
    record_numbers(sessions, 1)
    relay.publish_once()
    publisher.life = Epoch("second", "run-1")
    assert relay.publish_once() == 1
    assert borrowed == [0, 0]


def test_what_one_relay_is_sending_no_other_takes_until_the_lease_has_run_out(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    other = Relay(engine, publisher)
    tries: list[int] = []

    def meanwhile(_: Message) -> Outcome:
        tries.append(other.publish_once())
        let_leases_run_out(engine)
        tries.append(other.publish_once())
        return Outcome.CONFIRMED

    record_numbers(sessions, 1)
    assert Relay(engine, ScriptedPublisher(meanwhile)).publish_once() == 1
    assert tries == [0, 1]
    assert timedelta(seconds=CONFIRM_SECONDS) < LEASE < timedelta(seconds=2 * CONFIRM_SECONDS)


@pytest.mark.parametrize("silent", [True, False])
def test_what_the_broker_did_not_take_is_given_back_at_once(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher, silent: bool
) -> None:
    def away(_: Message) -> None:
        if not silent:
            raise BrokerUnavailable("away")

    record_numbers(sessions, 1, 2)
    with pytest.raises(BrokerUnavailable):
        Relay(engine, ScriptedPublisher(away)).publish_once()
    assert Relay(engine, publisher).publish_once() == 2


def test_a_relay_that_was_away_for_longer_than_its_lease_gives_nothing_back_that_is_anothers(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    def dies(_: Message) -> None:
        raise Died

    def is_away_for_long(_: Message) -> None:
        let_leases_run_out(engine)
        with pytest.raises(Died):
            Relay(engine, ScriptedPublisher(dies)).publish_once()
        raise BrokerUnavailable("away")

    record_numbers(sessions, 1)
    with pytest.raises(BrokerUnavailable):
        Relay(engine, ScriptedPublisher(is_away_for_long)).publish_once()
    assert Relay(engine, publisher).publish_once() == 0
    let_leases_run_out(engine)
    assert Relay(engine, publisher).publish_once() == 1


def test_a_refused_row_stays_put_off_when_others_of_its_batch_are_given_back(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    refused, _ = record_numbers(sessions, 1, 2)
    silent = ScriptedPublisher(lambda m: Outcome.UNROUTABLE if m.id == refused else None)
    assert Relay(engine, silent).publish_once() == 0
    assert Relay(engine, publisher).publish_once() == 1
    assert publisher.numbers == [2]
    with engine.connect() as connection:
        attempts, refusal = connection.execute(
            select(outbox.c.attempts, outbox.c.refusal).where(outbox.c.event_id == refused)
        ).one()
    assert (attempts, refusal) == (1, "unroutable")


def test_two_relays_share_the_work_without_sending_twice(
    sessions: sessionmaker[Session], engine: Engine
) -> None:
    both = [ScriptedPublisher(), ScriptedPublisher()]
    for one in both:
        one.answer = lambda _: time.sleep(0.002) or Outcome.CONFIRMED  # type: ignore[func-returns-value]
    record_numbers(sessions, *range(60))
    relays = [Relay(engine, one, batch=10) for one in both]

    def empty(relay: Relay) -> None:
        while relay.publish_once():
            pass

    threads = [threading.Thread(target=empty, args=(relay,)) for relay in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(both[0].numbers + both[1].numbers) == list(range(60))


def test_a_commit_rings_the_relay_at_once(
    sessions: sessionmaker[Session],
    engine: Engine,
    publisher: ScriptedPublisher,
    running: Callable[..., threading.Event],
) -> None:
    # It looks by itself only long after we have given up.
    running(Relay(engine, publisher, poll_seconds=300).run).wait(0.5)
    record_numbers(sessions, 1)
    eventually(lambda: waiting(engine) == 0)


def test_the_relay_outlives_a_broker_that_is_away(
    sessions: sessionmaker[Session], engine: Engine, running: Callable[..., threading.Event]
) -> None:
    class Away(ScriptedPublisher):
        back = False

        def epoch(self) -> Epoch:
            if not self.back:
                raise BrokerUnavailable("away")
            return self.life

    publisher = Away()
    record_numbers(sessions, 1)
    running(Relay(engine, publisher).run).wait(1)
    assert waiting(engine) == 1
    publisher.back = True
    eventually(lambda: waiting(engine) == 0)


def test_the_relay_outlives_its_listening_connection(
    sessions: sessionmaker[Session],
    engine: Engine,
    publisher: ScriptedPublisher,
    running: Callable[..., threading.Event],
) -> None:
    running(Relay(engine, publisher, poll_seconds=0.2).run).wait(0.5)
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    record_numbers(sessions, 1)
    eventually(lambda: waiting(engine) == 0)


def test_a_broker_that_lost_everything_is_filled_again_from_the_last_days(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    relay = Relay(engine, publisher, resend=timedelta(days=2))
    old, _, _ = record_numbers(sessions, 1, 2, 3)
    relay.publish_once()
    age(engine, timedelta(days=3), event_id=old)
    publisher.sent.clear()

    publisher.life = Epoch("second", "run-1")
    assert relay.publish_once() == 2
    assert publisher.numbers == [2, 3]
    assert relay.publish_once() == 0


def test_a_lost_memory_is_noticed_by_a_relay_that_was_not_running(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    record_numbers(sessions, 1)
    Relay(engine, publisher).publish_once()
    publisher.life = Epoch("second", "run-2")
    assert Relay(engine, publisher).publish_once() == 1


def test_a_restarted_broker_gets_only_its_last_seconds_again(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    relay = Relay(engine, publisher)
    earlier, _ = record_numbers(sessions, 1, 2)
    relay.publish_once()
    age(engine, timedelta(seconds=30), event_id=earlier)
    publisher.sent.clear()

    publisher.life = Epoch("first", "run-2")
    assert relay.publish_once() == 1
    assert publisher.numbers == [2]
    assert Relay(engine, publisher).publish_once() == 0


def test_published_rows_go_after_a_week_and_waiting_ones_never(
    sessions: sessionmaker[Session], engine: Engine, publisher: ScriptedPublisher
) -> None:
    relay = Relay(engine, publisher)
    record_numbers(sessions, 1)
    relay.publish_once()
    age(engine, timedelta(days=8))
    fresh, unsent = record_numbers(sessions, 2, 3)
    publisher.answer = lambda message: Outcome.CONFIRMED if message.id == fresh else None
    relay.publish_once()
    with engine.begin() as connection:
        connection.execute(insert(inbox).values(consumer="a", event_id=fresh, received_at=text("now()")))
        long_ago = text("now() - interval '31 days'")
        connection.execute(insert(inbox).values(consumer="b", event_id=fresh, received_at=long_ago))

    assert relay.purge() == 2

    with engine.connect() as connection:
        assert set(connection.execute(select(outbox.c.event_id)).scalars()) == {fresh, unsent}
        assert list(connection.execute(select(inbox.c.consumer)).scalars()) == ["a"]


def test_an_event_that_is_too_large_fails_where_it_is_recorded(sessions: sessionmaker[Session]) -> None:
    from marquee.contracts.movie import MovieAdded

    huge = MovieAdded(
        movie_id=UUID(int=1),
        title="x" * 300_000,
        original_title="",
        year=1999,
        runtime_minutes=1,
        genres=[],
        directors=[],
    )
    with pytest.raises(EventTooLarge, match="300"), sessions.begin() as session:
        record(session, huge)
