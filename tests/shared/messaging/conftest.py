"""Brokers with a namespace of their own for each test, and a database with the outbox and the inbox."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from marquee.contracts.movie import MovieRemoved
from marquee.messaging.memory import MemoryBroker
from marquee.messaging.outbox import messaging_metadata
from marquee.messaging.rabbit import RabbitBroker
from marquee.messaging.streams import StreamsBroker
from marquee.messaging.transport import Broker, Message, Outcome
from tests.shared.messaging.rabbitmq_server import PROGRAM, RabbitServer

GROUPS = {"left": ["movie.*"], "right": ["movie.removed", "payment.*"]}

rabbit = pytest.param("rabbit", marks=pytest.mark.rabbitmq)


def numbered(number: int) -> MovieRemoved:
    """An event one can tell from the others."""
    return MovieRemoved(movie_id=UUID(int=number))


def message(body: bytes = b"{}", key: str = "movie.removed") -> Message:
    return Message(uuid4(), key, body)


def eventually(holds: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.05)


@dataclass(frozen=True)
class Transport:
    """One kind of broker, reachable; `open(**options)` gives a new client of it in this test's namespace."""

    kind: str
    url: str
    namespace: str
    open: Callable[..., Broker]


@pytest.fixture
def namespace() -> str:
    return f"t{uuid4().hex[:8]}"


@pytest.fixture
def transport(request: pytest.FixtureRequest, namespace: str) -> Iterator[Transport]:
    """Parameterised indirectly with "memory", "streams" or "rabbit"."""
    brokers: list[Broker] = []
    memory = MemoryBroker(GROUPS)

    def open_broker(**options: Any) -> Broker:
        wanted = {"subscriptions": GROUPS, "namespace": namespace, **options}
        if kind == "memory":
            return memory
        # This broker is not killed, so what is new may be used at once.
        made: Broker = (
            StreamsBroker(url, **wanted)
            if kind == "streams"
            else RabbitBroker(url, noted_seconds=0, **wanted)
        )
        brokers.append(made)
        return made

    kind = str(request.param)
    fixtures = {"streams": "valkey_url", "rabbit": "rabbitmq_url"}
    url = str(request.getfixturevalue(fixtures[kind])) if kind in fixtures else ""
    open_broker().declare()
    yield Transport(kind, url, namespace, open_broker)
    for broker in brokers:
        broker.close()


@pytest.fixture
def broker(transport: Transport) -> Broker:
    return transport.open()


@pytest.fixture
def publish(broker: Broker) -> Iterator[Callable[[list[Message]], dict[UUID, Outcome]]]:
    publisher = broker.publisher()
    yield publisher.publish
    publisher.close()


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if given := os.environ.get("MARQUEE_TEST_RABBITMQ_URL"):
        yield given
        return
    with started_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server.url


@contextmanager
def started_rabbitmq(folder: Path) -> Iterator[RabbitServer]:
    if not PROGRAM.exists():
        pytest.skip("no RabbitMQ: set MARQUEE_TEST_RABBITMQ_URL or install rabbitmq-server")
    server = RabbitServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def messaging_database_url(create_database: Callable[[str], str]) -> str:
    url = create_database("messaging")
    engine = create_engine(url)
    messaging_metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE effects (event_id uuid, number int, attempt int)"))
    engine.dispose()
    return url


@pytest.fixture
def engine(messaging_database_url: str) -> Iterator[Engine]:
    engine = create_engine(messaging_database_url, pool_pre_ping=True, pool_size=10)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE outbox, inbox, effects"))
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    return sessionmaker(engine)


@pytest.fixture
def effects(engine: Engine) -> Callable[[], list[int]]:
    """The numbers whose effect is committed, in the order it happened."""

    def read() -> list[int]:
        with engine.connect() as connection:
            return list(connection.execute(text("SELECT number FROM effects ORDER BY ctid")).scalars())

    return read


def note_effect(session: Session, event: MovieRemoved, meta: Any) -> None:
    session.execute(
        text("INSERT INTO effects VALUES (:id, :number, :attempt)"),
        {"id": meta.event_id, "number": event.movie_id.int, "attempt": meta.attempt},
    )


@pytest.fixture
def running() -> Iterator[Callable[[Callable[[threading.Event], None]], threading.Event]]:
    """`running(work)` runs `work(stop)` in a thread until the test ends; answers its stop event."""
    begun: list[tuple[threading.Thread, threading.Event]] = []

    def start(work: Callable[[threading.Event], None]) -> threading.Event:
        stop = threading.Event()
        thread = threading.Thread(target=work, args=(stop,), daemon=True)
        thread.start()
        begun.append((thread, stop))
        return stop

    yield start
    for _, stop in begun:
        stop.set()
    for thread, _ in begun:
        thread.join(60)
        assert not thread.is_alive()
