"""Rings when the database says that a payment became due, so that no buyer waits for a poll."""

import select
import threading

import psycopg2
import structlog
from sqlalchemy.exc import SQLAlchemyError

from marquee.db import Database, listening
from services.payment.domain import payments

log = structlog.get_logger(__name__)


class Bell:
    """Rings when the database says that a payment became due. Lost rings cost half a second."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def wait(self, seconds: float) -> None:
        """Until it rings, or `seconds` have passed."""
        self._rung.wait(seconds)
        self._rung.clear()

    def listen(self, database: Database, stop: threading.Event) -> None:
        """Hold an autocommit connection of its own that only listens; come back after an outage."""
        while not stop.is_set():
            try:
                self._listen(database, stop)
            except (psycopg2.Error, SQLAlchemyError) as error:
                log.warning(
                    "listening_again", error=str(error).splitlines()[0] if str(error) else repr(error)
                )
                stop.wait(1)

    def _listen(self, database: Database, stop: threading.Event) -> None:
        with listening(database.engine, payments.DUE_CHANNEL) as connection:
            while not stop.is_set():
                if select.select([connection], [], [], 1.0)[0]:
                    connection.poll()
                    connection.notifies.clear()
                    self._rung.set()
