"""The running stand-in: an HTTP server, couriers for webhooks, a clock that ticks."""

from __future__ import annotations

import logging
import threading

from werkzeug.serving import WSGIRequestHandler, make_server

from local.stripe_fake import create_app
from local.stripe_fake.deliveries import Courier
from local.stripe_fake.domain.account import Account
from local.stripe_fake.domain.settlement import settle_due
from local.stripe_fake.errors import StripeError
from local.stripe_fake.settings import Settings

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open between requests, as Stripe does, and leaves the log to what matters."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        logger.debug("%s %s %s", self.command, self.path, code)


class StripeFake:
    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        self.account: Account = self.app.extensions["account"]
        self._courier = Courier(self.account)
        self._stopping = threading.Event()
        self._server = make_server(
            settings.host, settings.port, self.app, threaded=True, request_handler=QuietHandler
        )
        self._threads = [
            threading.Thread(target=self._serve, name="http", daemon=True),
            threading.Thread(target=self._tick, name="clock", daemon=True),
        ]

    def start(self) -> None:
        self._courier.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._courier.stop()
        for thread in self._threads:
            thread.join(timeout=5)
        self.account.store.close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.1)

    def _tick(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            with self.account.store.reading():
                due = self.account.store.due(self.account.clock())
            if due:
                self._settle()

    def _settle(self) -> None:
        try:
            with self.account.store.transaction():
                settle_due(self.account)
        except StripeError:
            logger.exception("something due could not be settled")
