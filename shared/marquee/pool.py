"""A pool of connections whose callers are served in their order.

SQLAlchemy's gives a connection that comes back to whoever asks first, which is mostly not who has waited: one of many
callers may wait many times as long as the others, until its time is over.
"""

import threading
import time

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util import queue

__all__ = ["PoolInTurn"]


class _InTurn(queue.Queue[ConnectionPoolEntry]):
    """One caller at a time waits for the next connection; all others wait for its place."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        super().__init__(maxsize, use_lifo)
        self._place = threading.Lock()

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:
        if not block or timeout is None:
            return super().get(block, timeout)
        patient_until = time.monotonic() + timeout
        if not self._place.acquire(timeout=timeout):
            raise queue.Empty
        try:
            return super().get(block, max(0.0, patient_until - time.monotonic()))
        finally:
            self._place.release()


class PoolInTurn(QueuePool):
    # What SQLAlchemy's own pool for asyncio sets as well.
    _queue_class = _InTurn
