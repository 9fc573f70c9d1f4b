"""Rate limits: so many requests in each of some windows, counted in Redis, and in memory while Redis is away.

@api.post(..., access=HOLDER)
@limited("20/minute", key=booker)
@limited("120/minute, 2000/hour, 10000/day", key=address)
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
# Counts, and answers for how long each window stays open, in one round trip.
_COUNT = """
local found = {}
for i, key in ipairs(KEYS) do
    local n = redis.call('INCR', key)
    if n == 1 then redis.call('EXPIRE', key, ARGV[i]) end
    found[i] = {n, redis.call('TTL', key)}
end
return found
"""
# After a failure Redis is left alone for this long, so that its absence is paid once, not by each request.
_PAUSE_SECONDS = 5.0
_KEPT_IN_MEMORY = 10_000


def caller() -> str:
    """A person where one is known, else an address, which counts only from behind proxies we trust
    (settings.trusted_proxies)."""
    person = g.get("person")
    return f"person:{person.id}" if person else f"address:{request.remote_addr}"


def address() -> str | None:
    """Where somebody outside calls from, however many tokens they make up: known when a proxy we trust tells it."""
    trusts = Settings.current().trusted_proxies
    return f"address:{request.remote_addr}" if trusts and "X-Forwarded-For" in request.headers else None


def booker() -> str:
    """Who owns the booking: behind the website, all guests come from one address."""
    return auth.current_holder().id


@dataclass(frozen=True)
class Limit:
    amount: int
    seconds: int

    @classmethod
    def parse(cls, words: str) -> "list[Limit]":
        """Of "20/minute, 300/hour"."""
        pairs = [one.strip().split("/") for one in words.split(",")]
        return [cls(int(amount), _SECONDS[unit]) for amount, unit in pairs]


def limited(words: str, *, key: Callable[[], str | None] = caller) -> Callable[[View], View]:
    """At most so many requests ("20/minute, 300/hour") per caller on this route; more are answered with TooMany."""
    limits = Limit.parse(words)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Any:
            _require_below(limits, words, str(request.endpoint), key())
            return view(*args, **kwargs)

        return cast(View, answer)

    return decorate


def install(app: Flask, settings: Settings) -> None:
    app.extensions["marquee.limits"] = Counter(settings) if settings.rate_limits else None
    if words := settings.rate_limit:
        limits = Limit.parse(words)
        app.before_request(lambda: _require_below(limits, words, "all", _outsider()))


def _outsider() -> str | None:
    """A person, else an address. Only our own services have permissions, and no limit."""
    person = g.get("person")
    if person is None:
        return address()
    return None if person.permissions else caller()


def _require_below(limits: "list[Limit]", words: str, what: str, key: str | None) -> None:
    counter: Counter | None = current_app.extensions["marquee.limits"]
    if counter is not None and key is not None:
        counter.require_below(limits, f"{what}:{key}", words)


class Counter:
    """Requests of each key in the window that its first request opened."""

    def __init__(self, settings: Settings) -> None:
        self._redis = fast_client(settings.redis_url)
        self._prefix = f"limit:{settings.service}:"
        self._memory = _Memory()
        self._paused_until = 0.0

    def require_below(self, limits: list[Limit], key: str, words: str) -> None:
        windows = [(f"{self._prefix}{key}:{limit.seconds}", limit.seconds) for limit in limits]
        for limit, (count, seconds_left) in zip(limits, self._count(windows), strict=True):
            if count > limit.amount:
                raise TooMany(
                    f"The limit is {words}. Please wait a moment.", retry_after_seconds=max(1, seconds_left)
                )

    def _count(self, windows: list[tuple[str, int]]) -> list[tuple[int, int]]:
        if time.monotonic() >= self._paused_until:
            try:
                return _count_in_redis(self._redis, windows)
            except RedisError as error:
                self._paused_until = time.monotonic() + _PAUSE_SECONDS
                log.warning("limits_unavailable", error=repr(error))
        return [self._memory.count(key, seconds) for key, seconds in windows]


def _count_in_redis(redis: Redis, windows: list[tuple[str, int]]) -> list[tuple[int, int]]:
    keys, seconds = zip(*windows, strict=True)
    found: list[tuple[int, int]] = redis.eval(_COUNT, len(keys), *keys, *seconds)
    return found


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
