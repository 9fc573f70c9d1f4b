"""Read-through caching in Redis by dogpile: one creator at a time, and none of it needed to be correct.

@cached("seat-plan:{plan_id}", seconds=300)
def seat_plan(plan_id): ...
"""

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import orjson
import structlog
from dogpile.cache import CacheRegion, make_region
from dogpile.cache.api import NO_VALUE
from dogpile.cache.proxy import ProxyBackend
from flask import Flask, current_app
from redis.exceptions import RedisError

from marquee.redis import fast_client
from marquee.settings import Settings

log = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

# After a failure Redis is left alone for this long, so that its absence is paid once, not by each request.
_PAUSE_SECONDS = 5.0


def install(app: Flask, settings: Settings) -> None:
    region = make_region(
        function_key_generator=None,
        serializer=orjson.dumps,
        deserializer=orjson.loads,
        key_mangler=lambda key: f"cache:{settings.service}:{key}",
    )
    region.configure(
        "dogpile.cache.redis",
        arguments={
            "connection_pool": fast_client(settings.redis_url).connection_pool,
            "distributed_lock": False,
        },
        wrap=[_Forgiving],
    )
    app.extensions["marquee.cache"] = region


def cached(key: str, *, seconds: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Cache the JSON-able result under `key`, formatted with the call's arguments."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def read(*args: P.args, **kwargs: P.kwargs) -> T:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            result: T = _region().get_or_create(
                key.format(**bound.arguments), lambda: function(*args, **kwargs), expiration_time=seconds
            )
            return result

        return read

    return decorate


def _region() -> CacheRegion:
    region: CacheRegion = current_app.extensions["marquee.cache"]
    return region


class _Forgiving(ProxyBackend):
    """Answers "nothing cached" while Redis is away."""

    _paused_until = 0.0

    def _try(self, action: Callable[[], Any], otherwise: Any) -> Any:
        if time.monotonic() < _Forgiving._paused_until:
            return otherwise
        try:
            return action()
        except RedisError as error:
            _Forgiving._paused_until = time.monotonic() + _PAUSE_SECONDS
            log.warning("cache_unavailable", error=repr(error))
            return otherwise

    def get(self, key: Any) -> Any:
        return self._try(lambda: self.proxied.get(key), NO_VALUE)

    def get_serialized(self, key: Any) -> Any:
        return self._try(lambda: self.proxied.get_serialized(key), NO_VALUE)

    def get_multi(self, keys: Any) -> Any:
        return self._try(lambda: self.proxied.get_multi(keys), [NO_VALUE] * len(keys))

    def get_serialized_multi(self, keys: Any) -> Any:
        return self._try(lambda: self.proxied.get_serialized_multi(keys), [NO_VALUE] * len(keys))

    def set(self, key: Any, value: Any) -> None:
        self._try(lambda: self.proxied.set(key, value), None)

    def set_serialized(self, key: Any, value: Any) -> None:
        self._try(lambda: self.proxied.set_serialized(key, value), None)

    def set_multi(self, mapping: Any) -> None:
        self._try(lambda: self.proxied.set_multi(mapping), None)

    def set_serialized_multi(self, mapping: Any) -> None:
        self._try(lambda: self.proxied.set_serialized_multi(mapping), None)
