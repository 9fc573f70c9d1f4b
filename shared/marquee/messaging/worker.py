"""One process per service beside its web process: relay, consumer and timers, each in threads of its own.

It never ends because something it needs is away, only when it is told to.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from marquee.messaging import metrics
from marquee.messaging.backoff import Backoff
from marquee.messaging.consumer import Consumer, Handlers
from marquee.messaging.health import serve_health
from marquee.messaging.outbox import outbox
from marquee.messaging.relay import Relay
from marquee.messaging.timers import Timer, run_timer
from marquee.messaging.transport import Broker, BrokerUnavailable

__all__ = ["GRACE_SECONDS", "Loop", "Measure", "Timer", "Worker", "run_worker"]

log = logging.getLogger(__name__)

Loop = Callable[[threading.Event], None]
Measure = Callable[[Session], None]

GRACE_SECONDS = 8.0
MEASURE_EVERY_SECONDS = 15.0


def run_worker(
    *,
    service: str,
    engine: Engine,
    broker: Broker,
    handlers: Handlers,
    timers: Sequence[Timer] = (),
    loops: Sequence[Loop] = (),
    measures: Sequence[Measure] = (),
    prefetch: int = 1,
    threads: int = 1,
    health_port: int | None = None,
) -> None:
    """Until SIGTERM or SIGINT, then at most ten seconds more. `health_port` defaults to WORKER_PORT.

    `loops` are the service's own: each gets a thread and returns soon after the event it is given is set.
    `measures` set the service's own gauges, every 15 seconds.
    """
    worker = Worker(
        service, engine, broker, handlers, timers, loops, measures, prefetch=prefetch, threads=threads
    )
    port = health_port if health_port is not None else int(os.environ.get("WORKER_PORT") or 0)
    with _told_to_stop() as stop:
        host = os.environ.get("HOST") or "127.0.0.1"
        health = (
            serve_health(
                port,
                alive=lambda: stop.is_set() or worker.is_alive(),
                stopping=stop.is_set,
                needs=worker.needs(),
                parts=worker.parts(),
                host=host,
            )
            if port
            else None
        )
        worker.run(stop)
        if health:
            health.shutdown()
            health.server_close()


class Worker:
    def __init__(
        self,
        service: str,
        engine: Engine,
        broker: Broker,
        handlers: Handlers,
        timers: Sequence[Timer] = (),
        loops: Sequence[Loop] = (),
        measures: Sequence[Measure] = (),
        *,
        prefetch: int = 1,
        threads: int = 1,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._service, self._engine, self._broker = service, engine, broker
        self._grace_seconds = grace_seconds
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._timers, self._loops = timers, loops
        self._measures = (self._measure_outbox, *measures)
        self._relay = Relay(engine, broker.publisher(), service=service)
        self._consumer = (
            Consumer(
                service,
                handlers,
                self._sessions,
                broker,
                prefetch=prefetch,
                threads=threads,
                grace_seconds=grace_seconds,
            )
            if handlers
            else None
        )
        self._threads: list[threading.Thread] = []

    def run(self, stop: threading.Event) -> None:
        self._threads = [self._start(name, work, stop) for name, work in self._work()]
        log.info("%s worker runs", self._service)
        # Not for ever at a time: a signal that another thread was given is heard when this one wakes.
        while not stop.wait(0.5):
            pass
        deadline = time.monotonic() + self._grace_seconds + 1
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        # A thread that is still busy is given up with its transaction: the event comes again.
        log.info(
            "%s worker stops, unfinished: %s", self._service, [t.name for t in self._threads if t.is_alive()]
        )

    def is_alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def needs(self) -> dict[str, Callable[[], bool]]:
        return {"database": self._database_answers}

    def parts(self) -> dict[str, Callable[[], bool]]:
        parts = {"broker": self._broker_answers, "relay": lambda: self._relay.flows}
        if self._consumer:
            consumer = self._consumer
            parts["consumer"] = lambda: consumer.connected
        return parts

    def _work(self) -> Iterator[tuple[str, Callable[[threading.Event], None]]]:
        yield "relay", self._relay.run
        if self._consumer:
            yield "consumer", self._consumer.run
        yield "measure", self._measure
        for timer in self._timers:
            yield f"timer {timer.name}", self._timer_work(timer)
        for number, loop in enumerate(self._loops, start=1):
            yield f"loop {number}", loop

    def _timer_work(self, timer: Timer) -> Callable[[threading.Event], None]:
        return lambda stop: run_timer(timer, self._sessions, stop)

    def _start(
        self, name: str, work: Callable[[threading.Event], None], stop: threading.Event
    ) -> threading.Thread:
        thread = threading.Thread(target=_keep_going, args=(name, work, stop), name=name, daemon=True)
        thread.start()
        return thread

    def _measure(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                for measure in self._measures:
                    with self._sessions() as session:
                        measure(session)
                if self._consumer:
                    self._measure_queue()
            except (SQLAlchemyError, BrokerUnavailable) as away:
                log.debug("cannot measure: %r", away)
            stop.wait(MEASURE_EVERY_SECONDS)

    def _measure_queue(self) -> None:
        state = self._broker.lag(self._service)
        metrics.QUEUE_WAITING.labels(self._service).set(state.waiting)
        metrics.QUEUE_PARKED.labels(self._service).set(state.parked)

    def _measure_outbox(self, session: Session) -> None:
        waiting, refused, seconds = session.execute(
            select(
                func.count(),
                func.count(outbox.c.refusal),
                func.coalesce(func.extract("epoch", func.now() - func.min(outbox.c.created_at)), 0),
            ).where(outbox.c.published_at.is_(None))
        ).one()
        metrics.OUTBOX_WAITING.labels(self._service).set(waiting)
        metrics.OUTBOX_REFUSED.labels(self._service).set(refused)
        metrics.OUTBOX_SECONDS.labels(self._service).set(seconds)

    def _database_answers(self) -> bool:
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def _broker_answers(self) -> bool:
        try:
            self._broker.ping()
        except BrokerUnavailable:
            return False
        return True


def _keep_going(name: str, work: Callable[[threading.Event], None], stop: threading.Event) -> None:
    backoff = Backoff(0.5, 10.0)
    while not stop.is_set():
        try:
            work(stop)
        except Exception:
            log.exception("%s failed and starts again", name)
            backoff.wait(stop)


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
