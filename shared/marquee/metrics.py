"""Prometheus: how often, how long, how it ended. With several processes, set PROMETHEUS_MULTIPROC_DIR."""

import os

from flask import Flask, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from sqlalchemy import Engine, QueuePool, event

REQUESTS = Counter(
    "marquee_http_requests_total", "Requests answered", ["service", "route", "method", "status"]
)
SECONDS = Histogram(
    "marquee_http_request_seconds",
    "Time to answer",
    ["service", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CONNECTIONS = Gauge("marquee_database_connections", "Size of the pool", ["pool"], multiprocess_mode="livesum")
CONNECTIONS_IN_USE = Gauge(
    "marquee_database_connections_in_use", "Lent at this moment", ["pool"], multiprocess_mode="livesum"
)
DATABASE_AWAY = Counter("marquee_database_away_total", "Requests refused because no connection was to be had")
NEIGHBOURS = Counter(
    "marquee_neighbour_calls_total", "Calls to other services by how they ended: ok, refused, away", ["neighbour", "outcome"]
)  # fmt: skip
_service = "unknown"


def install(app: Flask, service: str) -> None:
    global _service
    _service = service


def observe_request(status: int, seconds: float) -> None:
    # The rule, not the path: ids would make a series each.
    route = request.url_rule.rule if request.url_rule else "(none)"
    REQUESTS.labels(_service, route, request.method, status).inc()
    SECONDS.labels(_service, route).observe(seconds)


def watch_pool(engine: Engine, name: str) -> None:
    """Absolute numbers at each lending and return, so that no lost event can make them drift."""
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return
    in_use = CONNECTIONS_IN_USE.labels(name)
    CONNECTIONS.labels(name).set(pool.size())
    event.listen(engine, "checkout", lambda *_: in_use.set(pool.checkedout()))
    # Told just before it is back.
    event.listen(engine, "checkin", lambda *_: in_use.set(pool.checkedout() - 1))


def expose() -> Response:
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
