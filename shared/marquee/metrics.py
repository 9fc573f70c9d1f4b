"""Prometheus: how often, how long, how it ended, in this process; each of several is asked by itself."""

import functools
from typing import cast

from flask import Flask, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import Engine, QueuePool

REQUESTS = Counter(
    "marquee_http_requests_total", "Requests answered", ["service", "route", "method", "status"]
)
SECONDS = Histogram(
    "marquee_http_request_seconds",
    "Time to answer",
    ["service", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CONNECTIONS = Gauge("marquee_database_connections", "Size of the pool", ["pool"])
CONNECTIONS_IN_USE = Gauge("marquee_database_connections_in_use", "Lent at this moment", ["pool"])
DATABASE_AWAY = Counter("marquee_database_away_total", "Requests refused because no connection was to be had")
NEIGHBOURS = Counter(
    "marquee_neighbour_calls_total", "Calls to other services by how they ended: ok, refused, away", ["neighbour", "outcome"]
)  # fmt: skip
# Anybody may make up another, and each would be a series that stays.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_service = "unknown"


def install(app: Flask, service: str) -> None:
    global _service
    _service = service


def observe_request(status: int, seconds: float) -> None:
    # The rule, not the path: ids would make a series each.
    route = request.url_rule.rule if request.url_rule else "(none)"
    method = request.method if request.method in _METHODS else "other"
    count, duration = _series(_service, route, method, status)
    count.inc()
    duration.observe(seconds)


@functools.cache
def _series(service: str, route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Found once: looking them up by their labels takes longer than counting."""
    return REQUESTS.labels(service, route, method, status), SECONDS.labels(service, route)


def watch_pool(engine: Engine, name: str) -> None:
    """Looked at when somebody asks, not counted at each lending."""
    if isinstance(engine.pool, QueuePool):
        CONNECTIONS.labels(name).set_function(lambda: _pool(engine).size())
        CONNECTIONS_IN_USE.labels(name).set_function(lambda: _pool(engine).checkedout())


def _pool(engine: Engine) -> QueuePool:
    """The one it has now: after a `dispose` it is another."""
    return cast(QueuePool, engine.pool)


def expose() -> Response:
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
