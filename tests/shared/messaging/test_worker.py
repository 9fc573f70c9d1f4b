"""A worker keeps going: timers, health, and threads that fail."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from prometheus_client import REGISTRY
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from local.ports import free_port
from marquee.contracts.movie import MovieRemoved
from marquee.logs import request_id
from marquee.messaging.health import serve_health
from marquee.messaging.memory import MemoryBroker
from marquee.messaging.outbox import record
from marquee.messaging.timers import Timer, run_timer
from marquee.messaging.worker import Worker
from tests.shared.messaging.conftest import GROUPS, eventually, note_effect, numbered

Running = Callable[[Callable[[threading.Event], None]], threading.Event]


def test_a_worker_relays_consumes_and_keeps_time(
    sessions: sessionmaker[Session], engine: Engine, effects: Callable[[], list[int]], running: Running
) -> None:
    turns: list[int] = []
    timer = Timer("tick", 0.1, lambda: turns.append(1))
    worker = Worker("left", engine, MemoryBroker(GROUPS), {MovieRemoved: [note_effect]}, [timer])
    running(worker.run)
    with sessions.begin() as session:
        record(session, numbered(4))
    eventually(lambda: effects() == [4] and len(turns) > 2)
    assert worker.is_alive()
    assert all(check() for check in (worker.needs() | worker.parts()).values())


def test_a_service_without_handlers_still_relays(
    sessions: sessionmaker[Session], engine: Engine, running: Running
) -> None:
    broker = MemoryBroker(GROUPS)
    running(Worker("auth", engine, broker, {}).run)
    with sessions.begin() as session:
        record(session, numbered(4))
    eventually(lambda: broker.lag("left").waiting == 1)


def test_a_worker_started_without_its_database_works_once_it_is_there(running: Running) -> None:
    nowhere = create_engine("postgresql+psycopg2://nobody@127.0.0.1:1/none")
    worker = Worker("left", nowhere, MemoryBroker(GROUPS), {MovieRemoved: [note_effect]})
    running(worker.run).wait(1)
    assert worker.is_alive()
    assert worker.needs()["database"]() is False
    assert worker.parts()["broker"]() is True
    assert worker.parts()["relay"]() is False


def test_a_timers_session_is_committed_and_a_failure_is_taken_back(
    sessions: sessionmaker[Session], effects: Callable[[], list[int]], running: Running
) -> None:
    turns: list[int] = []

    def insert(session: Session) -> None:
        turns.append(len(turns))
        session.execute(text("INSERT INTO effects (number) VALUES (:n)"), {"n": turns[-1]})
        assert request_id.get()
        if turns[-1] == 1:
            raise ValueError("the second turn fails")

    running(lambda stop: run_timer(Timer("insert", 0.05, insert), sessions, stop))
    eventually(lambda: len(effects()) >= 3)
    assert effects()[:3] == [0, 2, 3]


def test_an_exclusive_timer_runs_in_one_worker_at_a_time(
    sessions: sessionmaker[Session], running: Running
) -> None:
    inside, most, turns = [0], [0], [0]

    def work(session: Session) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.05)
        inside[0] -= 1
        turns[0] += 1

    timer = Timer("alone", 0.01, work, exclusive=True)
    for _ in range(3):
        running(lambda stop: run_timer(timer, sessions, stop))
    eventually(lambda: turns[0] > 8)
    assert most == [1]


def test_a_worker_measures_its_outbox_and_what_its_service_asks_for(engine: Engine, running: Running) -> None:
    measured: list[int] = []

    def count(session: Session) -> None:
        measured.append(session.execute(text("SELECT 7")).scalar_one())

    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (event_id, routing_key, envelope, created_at, refusal, not_before) VALUES "
                "(gen_random_uuid(), 'x', '{}', now() - interval '90 s', 'unroutable', now() + interval '1 h')"
            )
        )
    running(Worker("measured", engine, MemoryBroker({}), {}, measures=[count]).run)

    eventually(lambda: measured == [7])
    assert REGISTRY.get_sample_value("marquee_outbox_waiting", {"service": "measured"}) == 1
    assert REGISTRY.get_sample_value("marquee_outbox_refused", {"service": "measured"}) == 1
    assert (
        90
        <= (REGISTRY.get_sample_value("marquee_outbox_waiting_seconds", {"service": "measured"}) or 0)
        < 200
    )


def test_health_tells_alive_from_degraded_from_useless_and_exposes_metrics() -> None:
    alive, stopping, database, broker = [True], [False], [True], [False]
    port = free_port()
    server = serve_health(
        port,
        alive=lambda: alive[0],
        stopping=lambda: stopping[0],
        needs={"database": lambda: database[0]},
        parts={"broker": lambda: broker[0]},
    )
    try:
        assert ask(port, "/healthz") == (200, {"status": "ok"})
        assert ask(port, "/readyz") == (200, readiness("degraded", database=True, broker=False))
        broker[0] = True
        assert ask(port, "/readyz") == (200, readiness("ok", database=True, broker=True))
        database[0] = False
        assert ask(port, "/readyz") == (503, readiness("not ready", database=False, broker=True))
        database[0] = stopping[0] = True
        assert ask(port, "/readyz") == (503, readiness("stopping"))
        alive[0] = False
        assert ask(port, "/healthz") == (503, {"status": "dead"})
        assert ask(port, "/etc/passwd")[0] == 404
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b"marquee_outbox_waiting" in answer.read()
    finally:
        server.shutdown()
        server.server_close()


def readiness(status: str, **parts: bool) -> dict[str, Any]:
    return {"status": status, "parts": parts}


def ask(port: int, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)
