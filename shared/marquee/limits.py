"""Rate limits by person where one is known, else by guest token, else by address. Kept in Redis, else in memory.

@api.post(..., access=HOLDER)
@limited("20/minute")
def hold_seats(...): ...
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded
from redis.backoff import NoBackoff
from redis.retry import Retry

from marquee import errors
from marquee.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])


def caller() -> str:
    """The address counts only from behind proxies we trust (settings.trusted_proxies)."""
    person = g.get("person")
    return f"person:{person.id}" if person else f"address:{request.remote_addr}"


limiter = Limiter(key_func=caller)


def limited(limit: str, *, key: Callable[[], str] = caller) -> Callable[[View], View]:
    """At most `limit` ("20/minute", several separated by ;) per caller on this route."""
    decorate: Callable[[View], View] = limiter.limit(limit, key_func=key, exempt_when=_switched_off)  # type: ignore[assignment]
    return decorate


def _switched_off() -> bool:
    settings: Settings = current_app.extensions["marquee.settings"]
    return not settings.rate_limits


def install(app: Flask, settings: Settings) -> None:
    app.config.update(
        RATELIMIT_STORAGE_URI=settings.redis_url,
        RATELIMIT_STORAGE_OPTIONS={
            "socket_timeout": 0.25,
            "socket_connect_timeout": 0.25,
            "retry": Retry(NoBackoff(), 0),
        },
        RATELIMIT_STRATEGY="fixed-window",
        RATELIMIT_KEY_PREFIX=f"{settings.service}-fixed-window",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_HEADERS_ENABLED=True,
    )
    limiter.init_app(app)
    app.register_error_handler(RateLimitExceeded, _too_many)


def _too_many(error: RateLimitExceeded) -> Any:
    # Flask-Limiter adds Retry-After and X-RateLimit-* to the answer.
    return errors.render(errors.TooMany(f"The limit is {error.description}. Please wait a moment."))
