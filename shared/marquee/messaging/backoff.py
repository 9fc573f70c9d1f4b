"""Waiting between attempts to reach something that is away, so that not everybody comes back at once."""

from __future__ import annotations

import random
import threading

__all__ = ["Backoff"]


class Backoff:
    """Doubling waits with jitter between half and all of the current step."""

    def __init__(self, first_seconds: float = 0.5, longest_seconds: float = 3.0) -> None:
        self._first, self._longest = first_seconds, longest_seconds
        self._step = first_seconds

    def wait(self, stop: threading.Event) -> None:
        """Sleep one step, or less when `stop` is set meanwhile."""
        stop.wait(self._step * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing
        self._step = min(self._longest, self._step * 2)

    def reset(self) -> None:
        self._step = self._first
