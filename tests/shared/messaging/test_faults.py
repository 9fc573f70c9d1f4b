"""Whatever is killed, every event has its effect once."""

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from local.ports import free_port
from local.servers import Valkey
from marquee.contracts.movie import MovieRemoved
from marquee.messaging.consumer import Consumer
from marquee.messaging.outbox import outbox, record
from marquee.messaging.relay import Relay
from marquee.messaging.streams import StreamsBroker
from marquee.messaging.transport import CONFIRM_SECONDS, Broker
from tests.shared.messaging.conftest import (
    GROUPS,
    Transport,
    eventually,
    message,
    note_effect,
    numbered,
    rabbit,
    started_rabbitmq,
)
from tests.shared.messaging.worker_process import DIES_ALWAYS, DIES_ONCE, SLOW

ROOT = Path(__file__).parents[3]
Running = Callable[[Callable[[threading.Event], None]], threading.Event]
Effects = Callable[[], list[int]]

on_servers = pytest.mark.parametrize("transport", ["streams", rabbit], indirect=True)


class Workers:
    """Starts worker processes and ends those that are left."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options, self._all = options, list[subprocess.Popen[bytes]]()
        self.marks = Path(options["marks"])

    def start(self, **options: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.shared.messaging.worker_process",
                json.dumps(self._options | options),
            ],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}", "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
        )
        self._all.append(process)
        return process

    def keep_alive(self, stop: threading.Event, seconds: float = 120) -> int:
        """Restart a worker as often as it dies, as a supervisor would; answers how often it died."""
        deaths, process = 0, self.start()
        deadline = time.monotonic() + seconds
        while not stop.is_set() and time.monotonic() < deadline:
            if process.poll() is not None:
                deaths, process = deaths + 1, self.start()
            stop.wait(0.05)
        return deaths

    def end(self) -> None:
        for process in self._all:
            process.kill()
            process.wait(10)


@pytest.fixture
def workers(transport: Transport, messaging_database_url: str, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(
        {
            "kind": transport.kind,
            "url": transport.url,
            "namespace": transport.namespace,
            "database": messaging_database_url,
            "marks": str(tmp_path),
        }
    )
    yield workers
    workers.end()


def record_numbers(sessions: sessionmaker[Session], numbers: range | list[int]) -> None:
    with sessions.begin() as session:
        for number in numbers:
            record(session, numbered(number))


@on_servers
def test_a_consumer_killed_in_mid_handler_loses_nothing(
    sessions: sessionmaker[Session], engine: Engine, effects: Effects, workers: Workers, broker: Broker
) -> None:
    record_numbers(sessions, [*range(10), DIES_ONCE, *range(10, 20)])
    first = workers.start()
    assert first.wait(60) == -signal.SIGKILL
    assert DIES_ONCE not in effects()

    workers.start()

    eventually(lambda: len(effects()) == 21)
    assert sorted(effects()) == [*range(20), DIES_ONCE]
    eventually(lambda: broker.lag("left").waiting == 0)


@pytest.mark.slow
@on_servers
def test_exactly_the_message_that_kills_every_reader_is_parked(
    sessions: sessionmaker[Session], effects: Effects, workers: Workers, broker: Broker
) -> None:
    record_numbers(sessions, [*range(10), DIES_ALWAYS, *range(10, 20)])
    stop, deaths = threading.Event(), []
    supervisor = threading.Thread(target=lambda: deaths.append(workers.keep_alive(stop)))
    supervisor.start()
    eventually(lambda: len(effects()) == 20 and broker.lag("left").parked == 1, seconds=120)
    stop.set()
    supervisor.join()
    assert deaths == [6]
    [parked] = broker.parked("left")
    assert str(DIES_ALWAYS % 16) not in parked.reason
    assert "delivery" in parked.reason
    assert sorted(effects()) == list(range(20))


@on_servers
def test_exactly_the_malformed_messages_are_parked(
    sessions: sessionmaker[Session], effects: Effects, engine: Engine, broker: Broker, running: Running
) -> None:
    publisher = broker.publisher()
    relay = Relay(engine, publisher)
    running(Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker, prefetch=16, threads=2).run)
    for round_, bad in enumerate((b"{", b'{"type":"movie.removed"}', b"\x00\xff")):
        record_numbers(sessions, range(round_ * 20, round_ * 20 + 20))
        publisher.publish([message(bad)])
        assert relay.publish_once() == 20
    eventually(lambda: broker.lag("left").parked == 3)
    eventually(lambda: sorted(effects()) == list(range(60)))
    assert all(parked.reason.startswith("malformed envelope") for parked in broker.parked("left"))
    publisher.close()


@on_servers
def test_a_worker_told_to_stop_says_so_finishes_and_goes(
    sessions: sessionmaker[Session], effects: Effects, workers: Workers
) -> None:
    port = free_port()
    worker = workers.start(health_port=port)
    eventually(lambda: _status(port, "/readyz") == (200, "ok"))
    record_numbers(sessions, [SLOW])
    eventually(lambda: (workers.marks / f"began-{SLOW}").exists())
    worker.terminate()
    eventually(lambda: _status(port, "/readyz") == (503, "stopping"))
    assert effects() == []
    assert _status(port, "/healthz") == (200, "ok")
    (workers.marks / "go-on").touch()
    assert worker.wait(60) == 0
    assert effects() == [SLOW]


def _status(port: int, path: str) -> tuple[int, str] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, json.load(answer)["status"]
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)["status"]
    except OSError:
        return None


# Redis without its memory


def test_redis_emptied_loses_no_event(
    valkey_url: str,
    namespace: str,
    sessions: sessionmaker[Session],
    engine: Engine,
    effects: Effects,
    running: Running,
) -> None:
    broker = StreamsBroker(valkey_url, subscriptions=GROUPS, namespace=namespace)
    publisher = broker.publisher()
    record_numbers(sessions, range(50))
    Relay(engine, publisher).publish_once()
    publisher.close()
    assert broker.lag("left").waiting == 50

    with Redis.from_url(valkey_url) as client:
        client.flushall()
    running(Relay(engine, broker.publisher(), poll_seconds=0.2).run)
    running(Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker).run)

    eventually(lambda: sorted(effects()) == list(range(50)))
    broker.close()


def test_redis_emptied_again_and_again_under_load_loses_and_doubles_nothing(
    valkey_url: str,
    namespace: str,
    sessions: sessionmaker[Session],
    engine: Engine,
    effects: Effects,
    running: Running,
) -> None:
    broker = StreamsBroker(valkey_url, subscriptions=GROUPS, namespace=namespace)
    running(Relay(engine, broker.publisher(), poll_seconds=0.2).run)
    running(Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker, threads=2).run)
    with Redis.from_url(valkey_url) as client:
        for round_ in range(4):
            record_numbers(sessions, range(round_ * 100, round_ * 100 + 100))
            time.sleep(0.15)
            client.flushall()
    eventually(lambda: len(effects()) >= 400)
    time.sleep(1)
    assert sorted(effects()) == list(range(400))
    broker.close()


def test_one_lost_queue_is_noticed_too(
    valkey_url: str, namespace: str, sessions: sessionmaker[Session], engine: Engine
) -> None:
    broker = StreamsBroker(valkey_url, subscriptions=GROUPS, namespace=namespace)
    publisher = broker.publisher()
    relay = Relay(engine, publisher)
    record_numbers(sessions, range(5))
    relay.publish_once()
    with Redis.from_url(valkey_url) as client:
        client.delete(broker.key("queue", "left"))
    assert relay.publish_once() == 5
    assert broker.lag("left").waiting == 5
    publisher.close()
    broker.close()


# The broker killed


def test_redis_killed_under_way_loses_and_doubles_nothing(
    scratch_folder: Path,
    sessions: sessionmaker[Session],
    engine: Engine,
    effects: Effects,
    running: Running,
) -> None:
    server = Valkey(scratch_folder / "valkey", free_port())
    server.start()
    broker = StreamsBroker(server.url(), subscriptions=GROUPS, min_idle_seconds=2)
    try:
        running(Relay(engine, broker.publisher(), poll_seconds=0.2).run)
        consumer = Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker, threads=2)
        running(consumer.run)
        record_numbers(sessions, range(500))
        eventually(lambda: len(effects()) > 50)
        server.kill()
        record_numbers(sessions, range(500, 600))
        time.sleep(1)
        server.start()
        eventually(lambda: consumer.connected)
        eventually(lambda: len(effects()) >= 600)
        time.sleep(1)
        assert sorted(effects()) == list(range(600))
    finally:
        broker.close()
        server.stop()


@pytest.mark.slow
@pytest.mark.rabbitmq
@pytest.mark.timeout(600)  # it starts a broker twice
def test_rabbitmq_killed_under_way_loses_and_doubles_nothing(
    tmp_path: Path,
    namespace: str,
    sessions: sessionmaker[Session],
    engine: Engine,
    effects: Effects,
    running: Running,
) -> None:
    with started_rabbitmq(tmp_path) as server:
        broker = rabbit_at(server.url, namespace)
        running(Relay(engine, broker.publisher(), poll_seconds=0.2).run)
        consumer = Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker, threads=2)
        stop = running(consumer.run)
        record_numbers(sessions, range(600))
        eventually(lambda: len(effects()) > 50)
        server.kill()
        record_numbers(sessions, range(600, 700))
        server.start()
        eventually(lambda: consumer.connected)
        eventually(lambda: len(effects()) >= 700)
        time.sleep(1)
        assert sorted(effects()) == list(range(700))
        stop.set()


@pytest.mark.slow
@pytest.mark.rabbitmq
def test_a_slow_queue_gets_every_event_once(
    tmp_path: Path, namespace: str, sessions: sessionmaker[Session], engine: Engine, running: Running
) -> None:
    """Beginning again with each silence would never end, and fill the queue that is slow already."""
    with started_rabbitmq(tmp_path) as server:
        broker = rabbit_at(server.url, namespace)
        broker.declare()
        slow = f"whereis('%2F_{namespace}.right')"
        server.control("eval", f"sys:suspend({slow}).")
        running(Relay(engine, broker.publisher(), poll_seconds=0.2).run)
        record_numbers(sessions, range(300))
        time.sleep(CONFIRM_SECONDS + 2)
        server.control("eval", f"sys:resume({slow}).")
        with engine.connect() as connection:
            unsent = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
            eventually(lambda: connection.execute(unsent).scalar_one() == 0)
        assert (broker.lag("left").waiting, broker.lag("right").waiting) == (300, 300)


@pytest.mark.rabbitmq
def test_of_several_brokers_one_that_lives_is_used(
    rabbitmq_url: str,
    namespace: str,
    sessions: sessionmaker[Session],
    engine: Engine,
    effects: Effects,
    running: Running,
) -> None:
    nobody = f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F"
    broker = rabbit_at(f"{nobody},{nobody},{rabbitmq_url},{nobody}", namespace)
    running(Relay(engine, broker.publisher(), poll_seconds=0.2).run)
    running(Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker).run)
    record_numbers(sessions, range(20))
    eventually(lambda: sorted(effects()) == list(range(20)))
    broker.ping()


@pytest.mark.slow
@pytest.mark.rabbitmq
def test_a_disk_alarm_delays_events_and_loses_none(
    tmp_path: Path,
    namespace: str,
    sessions: sessionmaker[Session],
    engine: Engine,
    effects: Effects,
    running: Running,
) -> None:
    with started_rabbitmq(tmp_path) as server:
        broker = rabbit_at(server.url, namespace)
        relay = Relay(engine, broker.publisher(), poll_seconds=0.2)
        running(relay.run)
        running(Consumer("left", {MovieRemoved: [note_effect]}, sessions, broker).run)
        record_numbers(sessions, range(10))
        eventually(lambda: len(effects()) == 10)
        assert relay.flows
        server.control("set_disk_free_limit", "9999GB")
        eventually(lambda: "disk" in server.control("eval", "rabbit_alarm:get_alarms()."))
        record_numbers(sessions, range(10, 110))
        time.sleep(11)
        eventually(lambda: not relay.flows)
        assert len(effects()) == 10
        with engine.connect() as connection:
            unsent = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
            assert connection.execute(unsent).scalar_one() == 100
        server.control("set_disk_free_limit", "50MB")
        eventually(lambda: len(effects()) >= 110)
        assert sorted(effects()) == list(range(110))


def rabbit_at(url: str, namespace: str) -> Broker:
    from marquee.messaging.rabbit import RabbitBroker

    return RabbitBroker(url, subscriptions=GROUPS, namespace=namespace)
