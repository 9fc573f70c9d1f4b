"""python -m local.mailbox"""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType

from local.mailbox.serving import Mailbox
from local.mailbox.settings import Settings


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    asked_to_stop = threading.Event()

    def stop(signal_number: int, frame: FrameType | None) -> None:
        asked_to_stop.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    mailbox = Mailbox(Settings.from_environment())
    mailbox.start()
    while not asked_to_stop.wait(3600):
        pass
    mailbox.stop()


if __name__ == "__main__":
    main()
