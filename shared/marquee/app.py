"""`build_app`: what every service has in common, in one call."""

import time
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, request
from flask.json.provider import JSONProvider
from flask_openapi.openapi import OpenAPI
from pydantic import ValidationError
from werkzeug.middleware.proxy_fix import ProxyFix

from marquee import auth, cache, errors, limits, live, logs, metrics
from marquee.api import Api, declared_access, enforce_access
from marquee.api_page import api_page
from marquee.db import Database
from marquee.errors import ProblemDetails
from marquee.settings import DatabaseSettings, Settings

log = structlog.get_logger(__name__)

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "guest": {"type": "apiKey", "in": "header", "name": auth.GUEST_HEADER},
}
SECURE_HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Cache-Control", "no-store"),
)


def build_app(
    import_name: str,
    settings: Settings,
    *,
    apis: list[Api],
    description: str = "",
    ready: dict[str, Callable[[], bool]] | None = None,
    **flask_options: Any,
) -> OpenAPI:
    """A Flask app with logs, request ids, problems, health, metrics, access control and OpenAPI.

    `ready` adds named checks to /readyz; a service's own database is checked by itself. Other services are
    never part of readiness: one death must not take the rest with it.
    """
    logs.configure(settings.service, settings.log_level)
    app = OpenAPI(
        import_name,
        info={"title": f"Marquee {settings.service}", "version": "1", "description": description},
        security_schemes=SECURITY_SCHEMES,
        validation_error_model=ProblemDetails,
        validation_error_callback=_invalid,
        doc_ui=False,
        **flask_options,
    )
    app.json = OrjsonProvider(app)
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit_bytes
    app.extensions["marquee.settings"] = settings
    app.extensions["marquee.verifier"] = auth.verifier_from(settings)
    checks = dict(ready or {})
    if isinstance(settings, DatabaseSettings):
        database = Database(
            settings.database_url, pool_size=settings.database_pool_size, name=f"marquee-{settings.service}"
        )
        app.extensions["marquee.database"] = database
        checks["database"] = database.is_ready
    cache.install(app, settings)
    live.install(app, settings)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=1, x_host=1
        )
    errors.install(app)
    metrics.install(app, settings.service)
    app.before_request(_begin)
    app.before_request(enforce_access)
    limits.install(app, settings)
    app.after_request(_finish)
    for api in (*apis, _common(app, checks, with_page=bool(apis))):
        _register(app, api)
    return app


def seal(app: Flask) -> Flask:
    """The last line of a service's create_app: refuse to start when a route forgot to declare its access."""
    forgotten = [name for name, access in declared_access(app).items() if access is None and name != "static"]
    if forgotten:
        raise RuntimeError(f"routes without declared access: {', '.join(sorted(forgotten))}")
    if "static" in app.view_functions:
        setattr(app.view_functions["static"], "access", auth.PUBLIC)  # noqa: B010 - Flask types views narrowly
    return app


def _register(app: OpenAPI, api: Api) -> None:
    """Two blueprints may serve one path by different methods; the library would describe the last one only."""
    described = dict(app.paths)
    app.register_api(api)
    for path in described.keys() & api.paths.keys():
        methods = {name: getattr(api.paths[path], name) for name in api.paths[path].model_fields_set}
        app.paths[path] = described[path].model_copy(update=methods)


class OrjsonProvider(JSONProvider):
    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


def _common(app: OpenAPI, checks: dict[str, Callable[[], bool]], *, with_page: bool) -> Api:
    """What each service answers besides its own. The website's "/" is the site, and it has no API to show."""
    api = Api("service", __name__, template_folder="templates")
    health: dict[str, Any] = {"description": "Named checks and whether each holds"}
    page: dict[str, Any] = {
        "description": "The page",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }

    @api.get("/healthz", access=auth.PUBLIC, answers={200: health}, summary="The process lives")
    def healthz() -> Any:
        return {"ok": True}

    @api.get("/health", access=auth.PUBLIC, answers={200: health}, summary="The same under a shorter name")
    def health_alias() -> Any:
        return {"ok": True}

    @api.get("/readyz", access=auth.PUBLIC, answers={200: health, 503: health}, summary="Ready for traffic")
    def readyz() -> Any:
        found = {name: bool(check()) for name, check in checks.items()}
        draining: bool = app.extensions.get("marquee.is_draining", bool)()
        fine = all(found.values()) and not draining
        return {"ok": fine, "checks": found, "draining": draining}, 200 if fine else 503

    @api.get(
        "/metrics",
        access=auth.PUBLIC,
        answers={200: {"description": "Prometheus text"}},
        summary="How often, how long, how it ended",
    )
    def prometheus() -> Any:
        return metrics.expose()

    @api.get(
        "/openapi.json",
        access=auth.PUBLIC,
        answers={200: {"description": "The document"}},
        summary="The API, for programs",
    )
    def openapi() -> Any:
        return app.api_doc

    if with_page:

        @api.get("/", access=auth.PUBLIC, answers={200: page}, summary="The API, for people")
        def root() -> Any:
            return api_page(app)

    return api


def _begin() -> None:
    g.began = time.perf_counter()
    logs.begin(request.headers.get("X-Request-Id"))
    if booking := logs.booking_in(request.view_args or {}):
        logs.concerns(booking)


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = logs.request_id.get()
    secure_headers(response)
    took = time.perf_counter() - g.get("began", time.perf_counter())
    if request.endpoint not in {"service.healthz", "service.readyz", "service.prometheus"}:
        log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round(took * 1000, 1),
            person=getattr(g.get("person"), "id", None),
        )
    metrics.observe_request(response.status_code, took)
    return response


def secure_headers(response: Response) -> None:
    """What every answer carries, unless it brings its own, as pages bring a policy."""
    given = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - headers are no dict
    response.headers.extend([(name, value) for name, value in SECURE_HEADERS if name.lower() not in given])


def _invalid(error: ValidationError) -> Response:
    return errors.render(errors.from_validation(error))
