"""Both sides of the mailbox together."""

from __future__ import annotations

import logging
import threading

from werkzeug.serving import WSGIRequestHandler, make_server

from local.mailbox.letterbox import Letterbox
from local.mailbox.pages import create_app
from local.mailbox.postman import Postman, listen
from local.mailbox.settings import Settings

logger = logging.getLogger(__name__)


class QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        logger.debug("%s %s %s", self.command, self.path, code)


class Mailbox:
    def __init__(self, settings: Settings) -> None:
        self.letterbox = Letterbox(settings.state_dir, settings.keep)
        self.postman = Postman(self.letterbox)
        self.app = create_app(self.letterbox, self.postman)
        self._smtp = listen(self.postman, settings.host, settings.smtp_port)
        self._server = make_server(
            settings.host, settings.port, self.app, threaded=True, request_handler=QuietHandler
        )
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    def start(self) -> None:
        self._smtp.start()
        self._thread.start()

    def stop(self) -> None:
        self._smtp.stop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.1)
