"""A worker in a process of its own, for tests that kill it. Its handler does what the event's number says."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from marquee import logs
from marquee.contracts.movie import MovieRemoved
from marquee.messaging.consumer import Meta
from marquee.messaging.rabbit import RabbitBroker
from marquee.messaging.streams import StreamsBroker
from marquee.messaging.transport import Broker
from marquee.messaging.worker import run_worker
from tests.shared.messaging.conftest import GROUPS, note_effect

DIES_ONCE, DIES_ALWAYS, SLOW = 1_000_001, 1_000_002, 1_000_003


def main(options: dict[str, Any]) -> None:
    marks = Path(options["marks"])

    def handle(session: Session, event: MovieRemoved, meta: Meta) -> None:
        note_effect(session, event, meta)
        number = event.movie_id.int
        (marks / f"began-{number}").touch()
        if number == SLOW:
            _wait_for(marks / "go-on")
        first = not (marks / f"died-{number}").exists()
        if number == DIES_ALWAYS or (number == DIES_ONCE and first):
            (marks / f"died-{number}").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    logs.configure("left")
    run_worker(
        service="left",
        engine=create_engine(options["database"], pool_size=8, pool_pre_ping=True),
        broker=_broker(options),
        handlers={MovieRemoved: [handle]},
        threads=options.get("threads", 1),
        health_port=options.get("health_port", 0),
    )


def _wait_for(mark: Path) -> None:
    """Not for ever: a worker that was told to stop has ten seconds."""
    deadline = time.monotonic() + 9
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _broker(options: dict[str, Any]) -> Broker:
    shared = {"subscriptions": GROUPS, "namespace": options["namespace"]}
    if options["kind"] == "rabbit":
        return RabbitBroker(options["url"], **shared)
    return StreamsBroker(options["url"], min_idle_seconds=1.5, **shared)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
