"""Prometheus: how often, how long, how it ended. With several processes, set PROMETHEUS_MULTIPROC_DIR."""

import os

from flask import Flask, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

REQUESTS = Counter(
    "marquee_http_requests_total", "Requests answered", ["service", "route", "method", "status"]
)
SECONDS = Histogram(
    "marquee_http_request_seconds",
    "Time to answer",
    ["service", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
_service = "unknown"


def install(app: Flask, service: str) -> None:
    global _service
    _service = service


def observe_request(status: int, seconds: float) -> None:
    # The rule, not the path: ids would make a series each.
    route = request.url_rule.rule if request.url_rule else "(none)"
    REQUESTS.labels(_service, route, request.method, status).inc()
    SECONDS.labels(_service, route).observe(seconds)


def expose() -> Response:
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
