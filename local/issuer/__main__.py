"""python -m local.issuer"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from local.issuer import create_app
from local.issuer.settings import Settings
from marquee.realm import RealmFileUnusable

logger = logging.getLogger("issuer")


class QuietHandler(WSGIRequestHandler):
    """No line per request: codes and tokens travel in addresses and have no place in a log."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        path = self.path.partition("?")[0]
        logger.debug("%s %s %s", self.command, path, code)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    settings = Settings.from_environment()
    try:
        app = create_app(settings)
    except RealmFileUnusable as error:
        sys.exit(str(error))
    server = make_server("127.0.0.1", settings.port, app, threaded=True, request_handler=QuietHandler)

    def stop(signal_number: int, frame: FrameType | None) -> None:
        # Waits for the loop to end, which this very thread runs: so another one asks.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logger.info("realm %s at %s", app.extensions["issuer"].realm.name, app.extensions["issuer"].url)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    app.extensions["issuer"].store.close()


if __name__ == "__main__":
    main()
