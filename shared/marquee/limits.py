"""Rate limits: so many requests in a window, counted in Redis, and in memory while Redis is away.

@api.post(..., access=HOLDER)
@limited("20/minute", key=booker)
def hold_seats(...): ...
"""

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import structlog
from flask import Flask, current_app, g, request
from redis import Redis
from redis.exceptions import RedisError

from marquee import auth
from marquee.errors import TooMany
from marquee.redis import fast_client
from marquee.settings import Settings

log = structlog.get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
# Counts, and answers for how long the window stays open, in one round trip.
_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('TTL', KEYS[1])}
"""
# After a failure Redis is left alone for this long, so that its absence is paid once, not by each request.
_PAUSE_SECONDS = 5.0
_KEPT_IN_MEMORY = 10_000


def caller() -> str:
    """A person where one is known, else an address, which counts only from behind proxies we trust
    (settings.trusted_proxies)."""
    person = g.get("person")
    return f"person:{person.id}" if person else f"address:{request.remote_addr}"


def booker() -> str:
    """Who owns the booking: behind the website, all guests come from one address."""
    return auth.current_holder().id


@dataclass(frozen=True)
class Limit:
    amount: int
    seconds: int

    @classmethod
    def parse(cls, words: str) -> "Limit":
        amount, _, unit = words.partition("/")
        return cls(int(amount), _SECONDS[unit])


def limited(words: str, *, key: Callable[[], str] = caller) -> Callable[[View], View]:
    """At most so many requests ("20/minute") per caller on this route; more are answered with TooMany."""
    limit = Limit.parse(words)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Any:
            counter: Counter | None = current_app.extensions["marquee.limits"]
            if counter is not None:
                counter.require_below(limit, f"{request.endpoint}:{key()}", words)
            return view(*args, **kwargs)

        return cast(View, answer)

    return decorate


def install(app: Flask, settings: Settings) -> None:
    app.extensions["marquee.limits"] = Counter(settings) if settings.rate_limits else None


class Counter:
    """Requests of each key in the window that its first request opened."""

    def __init__(self, settings: Settings) -> None:
        self._redis = fast_client(settings.redis_url)
        self._prefix = f"limit:{settings.service}:"
        self._memory = _Memory()
        self._paused_until = 0.0

    def require_below(self, limit: Limit, key: str, words: str) -> None:
        count, seconds_left = self._count(self._prefix + key, limit.seconds)
        if count > limit.amount:
            raise TooMany(
                f"The limit is {words}. Please wait a moment.", retry_after_seconds=max(1, seconds_left)
            )

    def _count(self, key: str, seconds: int) -> tuple[int, int]:
        if time.monotonic() >= self._paused_until:
            try:
                return _count_in_redis(self._redis, key, seconds)
            except RedisError as error:
                self._paused_until = time.monotonic() + _PAUSE_SECONDS
                log.warning("limits_unavailable", error=repr(error))
        return self._memory.count(key, seconds)


def _count_in_redis(redis: Redis, key: str, seconds: int) -> tuple[int, int]:
    count, seconds_left = redis.eval(_COUNT, 1, key, seconds)
    return count, seconds_left


class _Memory:
    """Of this process only: several allow several times as much, which is better than no limit."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def count(self, key: str, seconds: int) -> tuple[int, int]:
        now = time.monotonic()
        with self._lock:
            if len(self._windows) >= _KEPT_IN_MEMORY:
                self._windows = {k: window for k, window in self._windows.items() if window[1] > now}
            count, ends = self._windows.get(key, (0, 0.0))
            if ends <= now:
                count, ends = 0, now + seconds
            self._windows[key] = (count + 1, ends)
        return count + 1, int(ends - now) + 1
