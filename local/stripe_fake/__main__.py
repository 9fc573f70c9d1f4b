"""python -m local.stripe_fake"""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType

from local.stripe_fake.serving import StripeFake
from local.stripe_fake.settings import Settings


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asked_to_stop = threading.Event()

    def stop(signal_number: int, frame: FrameType | None) -> None:
        asked_to_stop.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    settings = Settings.from_environment()
    fake = StripeFake(settings)
    fake.start()
    logging.getLogger("stripe_fake").info("ledger at %s/", settings.public_url)
    while not asked_to_stop.wait(3600):
        pass
    fake.stop()


if __name__ == "__main__":
    main()
