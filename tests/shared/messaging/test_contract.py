"""The ten promises of every broker (shared/marquee/messaging/transport.py), a test or more for each."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

import pytest

from marquee.messaging.envelope import MAX_BODY_BYTES
from marquee.messaging.rabbit import RabbitBroker
from marquee.messaging.streams import StreamsBroker
from marquee.messaging.transport import (
    Broker,
    BrokerUnavailable,
    Delivery,
    Done,
    Later,
    Message,
    Outcome,
    Park,
    Verdict,
)
from tests.shared.messaging.conftest import Transport, eventually, message, rabbit

Publish = Callable[[list[Message]], dict[UUID, Outcome]]
Running = Callable[[Callable[[threading.Event], None]], threading.Event]

everywhere = pytest.mark.parametrize("transport", ["memory", "streams", rabbit], indirect=True)
on_servers = pytest.mark.parametrize("transport", ["streams", rabbit], indirect=True)


class Recorder:
    """A handler that remembers what it was given and answers with what the test says."""

    def __init__(self, verdict: Callable[[Delivery], Verdict] = lambda _: Done()) -> None:
        self.seen: list[Delivery] = []
        self.at: list[float] = []
        self._verdict = verdict

    def __call__(self, delivery: Delivery) -> Verdict:
        self.seen.append(delivery)
        self.at.append(time.monotonic())
        return self._verdict(delivery)

    @property
    def bodies(self) -> list[bytes]:
        return [delivery.body for delivery in self.seen]


def listen(broker: Broker, running: Running, handle: Recorder, group: str = "left", **options: int) -> None:
    subscription = broker.subscription(group, **options)
    running(lambda stop: subscription.run(handle, stop))


def test_the_first_reader_of_all_finds_its_queue_made(
    valkey_url: str, namespace: str, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    broker = StreamsBroker(valkey_url, subscriptions={"left": ["movie.*"]}, namespace=namespace)
    subscription = broker.subscription("left")

    running(lambda stop: subscription.run(Recorder(), stop))
    eventually(lambda: subscription.connected)

    assert "NOGROUP" not in caplog.text
    broker.close()


# 1. Publishing returns only after the broker has it


@everywhere
def test_a_published_message_is_confirmed_and_waits_in_each_queue_that_wants_it(
    broker: Broker, publish: Publish
) -> None:
    sent = message()
    assert publish([sent]) == {sent.id: Outcome.CONFIRMED}
    assert (broker.lag("left").waiting, broker.lag("right").waiting) == (1, 1)


@everywhere
def test_only_matching_keys_reach_a_queue(broker: Broker, publish: Publish) -> None:
    publish([message(key="movie.added"), message(key="payment.failed")])
    assert (broker.lag("left").waiting, broker.lag("right").waiting) == (1, 1)


@everywhere
def test_an_unroutable_message_fails_alone(broker: Broker, publish: Publish) -> None:
    good, typo = message(), message(key="moovie.removed")
    outcomes = publish([typo, good])
    assert outcomes == {good.id: Outcome.CONFIRMED, typo.id: Outcome.UNROUTABLE}


@everywhere
def test_the_size_limit_is_the_same_everywhere(broker: Broker, publish: Publish) -> None:
    fits, too_large = message(b"x" * MAX_BODY_BYTES), message(b"x" * (MAX_BODY_BYTES + 1))
    outcomes = publish([fits, too_large])
    assert outcomes == {fits.id: Outcome.CONFIRMED, too_large.id: Outcome.TOO_LARGE}
    assert broker.lag("left").waiting == 1


@pytest.mark.parametrize(
    "broker", [StreamsBroker("redis://127.0.0.1:1/0"), RabbitBroker("amqp://guest:guest@127.0.0.1:1/")]
)
def test_a_broker_that_is_away_is_an_error_and_never_a_success(broker: Broker) -> None:
    with pytest.raises(BrokerUnavailable):
        broker.publisher().publish([message(key="user.updated")])
    with pytest.raises(BrokerUnavailable):
        broker.ping()


# 3. A queue exists before its first reader does


@everywhere
def test_a_first_reader_gets_what_was_published_before(
    broker: Broker, running: Running, publish: Publish
) -> None:
    publish([message(b"early")])
    recorder = Recorder()
    listen(broker, running, recorder)
    eventually(lambda: recorder.bodies == [b"early"])
    eventually(lambda: broker.lag("left").waiting == 0)


# 4. Attempts, delays, parking, replay


@everywhere
def test_a_retry_comes_later_with_its_attempt_counted(
    broker: Broker, running: Running, publish: Publish
) -> None:
    recorder = Recorder(lambda delivery: Later(1) if delivery.attempt == 1 else Done())
    listen(broker, running, recorder)
    sent = message(b"again")
    publish([sent])

    eventually(lambda: len(recorder.seen) == 2)

    assert [delivery.attempt for delivery in recorder.seen] == [1, 2]
    assert {(d.id, d.routing_key, d.body) for d in recorder.seen} == {
        (str(sent.id), "movie.removed", b"again")
    }
    assert 0.9 < recorder.at[1] - recorder.at[0] < 15


@everywhere
def test_a_retry_of_one_group_is_not_seen_by_another(
    broker: Broker, running: Running, publish: Publish
) -> None:
    left = Recorder(lambda delivery: Later(1) if delivery.attempt == 1 else Done())
    right = Recorder()
    listen(broker, running, left, "left")
    listen(broker, running, right, "right")
    publish([message()])
    eventually(lambda: len(left.seen) == 2 and right.seen)
    assert len(right.seen) == 1


@everywhere
def test_a_parked_message_keeps_its_reason_attempts_and_id(
    broker: Broker, running: Running, publish: Publish
) -> None:
    recorder = Recorder(lambda delivery: Later(1) if delivery.attempt == 1 else Park("no such film"))
    listen(broker, running, recorder)
    sent = message(b"\xff not even text")
    publish([sent])

    eventually(lambda: broker.lag("left").parked == 1)

    [parked] = broker.parked("left")
    assert (parked.reason, parked.attempts, parked.routing_key) == ("no such film", 2, "movie.removed")
    assert parked.body == b"\xff not even text"
    assert str(sent.id) in {parked.id, recorder.seen[0].id}
    # Looking does not use it up; RabbitMQ may take a moment to put it back.
    for _ in range(8):
        eventually(lambda: [seen.body for seen in broker.parked("left")] == [parked.body])


@everywhere
def test_a_replayed_message_starts_afresh_and_only_in_its_own_group(
    broker: Broker, running: Running, publish: Publish
) -> None:
    healed = threading.Event()
    left, right = Recorder(lambda _: Done() if healed.is_set() else Park("ill")), Recorder()
    listen(broker, running, left, "left")
    listen(broker, running, right, "right")
    publish([message(b"one"), message(b"two")])
    eventually(lambda: broker.lag("left").parked == 2)
    healed.set()
    chosen = next(parked.id for parked in broker.parked("left") if parked.body == b"two")

    assert broker.replay("left", ids=[chosen]) == 1

    eventually(lambda: len(left.seen) == 3)
    assert (left.seen[-1].body, left.seen[-1].attempt) == (b"two", 1)
    eventually(lambda: [parked.body for parked in broker.parked("left")] == [b"one"])
    assert broker.replay("left") == 1
    eventually(lambda: len(left.seen) == 4 and len(right.seen) >= 2)
    assert len(right.seen) == 2


# 5. A handler may take its time


def test_a_handler_longer_than_the_idle_limit_is_not_run_twice(
    valkey_url: str, namespace: str, running: Running
) -> None:
    broker = StreamsBroker(
        valkey_url, subscriptions={"left": ["movie.*"]}, namespace=namespace, min_idle_seconds=1.5
    )
    recorder = Recorder(lambda _: time.sleep(5) or Done())
    listen(broker, running, recorder, threads=2)
    publisher = broker.publisher()
    publisher.publish([message()])
    eventually(lambda: recorder.seen and broker.lag("left").waiting == 0)
    assert len(recorder.seen) == 1
    publisher.close()
    broker.close()


@pytest.mark.slow
@pytest.mark.parametrize("transport", [rabbit], indirect=True)
def test_a_handler_longer_than_the_heartbeat_is_not_cut(
    broker: Broker, running: Running, publish: Publish
) -> None:
    recorder = Recorder(lambda _: time.sleep(16) or Done())
    listen(broker, running, recorder, threads=2)
    publish([message()])
    eventually(lambda: recorder.seen and broker.lag("left").waiting == 0)
    assert len(recorder.seen) == 1


# 6. A reader takes no more than it was allowed


@on_servers
def test_a_busy_reader_holds_no_more_than_its_prefetch(
    broker: Broker, running: Running, publish: Publish
) -> None:
    release = threading.Event()
    recorder = Recorder(lambda _: (release.wait(60) and Done()) or Done())
    publish([message() for _ in range(5)])
    listen(broker, running, recorder, prefetch=2)
    eventually(lambda: len(recorder.seen) == 1)
    eventually(lambda: broker.lag("left").waiting == 3)
    release.set()
    eventually(lambda: len(recorder.seen) == 5)


# 8. Stopping


@everywhere
def test_stopping_finishes_what_has_begun(broker: Broker, running: Running, publish: Publish) -> None:
    recorder = Recorder(lambda _: time.sleep(0.7) or Done())
    subscription = broker.subscription("left")
    stopped = threading.Event()

    def run(stop: threading.Event) -> None:
        subscription.run(recorder, stop)
        stopped.set()

    stop = running(run)
    publish([message(b"begun")])
    eventually(lambda: recorder.seen)
    stop.set()
    assert stopped.wait(30)
    eventually(lambda: broker.lag("left").waiting == 0)
    later = Recorder()
    listen(broker, running, later)
    time.sleep(0.7)
    assert later.seen == []


@on_servers
def test_what_is_not_finished_in_the_grace_time_is_delivered_again(
    broker: Broker, running: Running, transport: Transport, publish: Publish
) -> None:
    release = threading.Event()
    stuck = Recorder(lambda _: (release.wait(60) and Park("too late")) or Done())
    subscription = broker.subscription("left", grace_seconds=0)
    stop = running(lambda stop: subscription.run(stuck, stop))
    publish([message(b"unfinished")])
    eventually(lambda: stuck.seen)
    stop.set()
    options = {"min_idle_seconds": 1} if transport.kind == "streams" else {}
    recorder = Recorder()
    listen(transport.open(**options), running, recorder)
    eventually(lambda: recorder.bodies == [b"unfinished"], seconds=30)
    release.set()


# 9. Order, with one reader


@everywhere
def test_one_reader_gets_them_in_order(broker: Broker, running: Running, publish: Publish) -> None:
    bodies = [str(number).encode() for number in range(100)]
    publish([message(body) for body in bodies])
    recorder = Recorder()
    listen(broker, running, recorder)
    eventually(lambda: len(recorder.seen) == 100)
    assert recorder.bodies == bodies


# 10. Nothing unread is dropped


@everywhere
def test_one_groups_reading_takes_nothing_from_another(
    broker: Broker, running: Running, publish: Publish
) -> None:
    recorder = Recorder()
    listen(broker, running, recorder, "left", prefetch=16)
    publish([message() for _ in range(300)])
    eventually(lambda: len(recorder.seen) == 300)
    eventually(lambda: broker.lag("left").waiting == 0)
    assert broker.lag("right").waiting == 300
