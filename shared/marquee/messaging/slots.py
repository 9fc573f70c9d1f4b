"""Names for consumers that stay the same over restarts and are never used by two processes at once."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

__all__ = ["consumer_name"]


@contextmanager
def consumer_name(queue: str) -> Iterator[str]:
    """`<host>-<slot>`, the lowest slot that no living process on this host holds.

    A killed consumer so finds its unfinished work under its old name at once. The lock is the kernel's:
    it goes with the process, however that ends.
    """
    host = socket.gethostname()
    folder = Path(tempfile.gettempdir()) / f"marquee-consumers-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        slot, descriptor = _lowest_free(folder, queue.replace("/", "_"))
    except OSError:
        # Nowhere to write: a name of its own is as safe, its leftovers are taken over a little later.
        yield f"{host}-{uuid4().hex[:12]}"
        return
    try:
        yield f"{host}-{slot}"
    finally:
        os.close(descriptor)


def _lowest_free(folder: Path, queue: str) -> tuple[int, int]:
    for slot in count():
        descriptor = os.open(folder / f"{queue}-{slot}.lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return slot, descriptor
    raise AssertionError("count() does not end")
