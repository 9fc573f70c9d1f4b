"""Everything that can go wrong towards a caller, rendered once as RFC 9457 problem details.

Problem
├── BadRequest, Unauthenticated, Forbidden, NotFound, Conflict, Invalid, TooMany, Unavailable
└── each service's own reasons: one class, one sentence (services/<name>/domain/problems.py)
"""

from typing import Any, ClassVar
from uuid import uuid4

import orjson
import structlog
from flask import Flask, Response
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from marquee import logs, metrics
from marquee.db import OutcomeUnknown, is_away

log = structlog.get_logger(__name__)


class FieldError(BaseModel):
    field: str
    detail: str


class ProblemDetails(BaseModel):
    """The body of every answer that is not a success (RFC 9457)."""

    type: str = Field(examples=["/problems/seat-taken"])
    title: str
    status: int
    detail: str = ""
    instance: str = Field(default="", description="Reference to quote to support; also in the logs")
    errors: list[FieldError] = []


class Problem(Exception):
    """A reason for refusing. `type`, `title` and `status` belong to the class; `detail` to the moment."""

    type: ClassVar[str] = "about:blank"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500

    def __init__(
        self,
        detail: str = "",
        *,
        errors: list[FieldError] | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail, self.errors, self.members = detail, errors or [], members
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        known = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail}
        reference = {"instance": logs.request_id.get() or uuid4().hex}
        errors = {"errors": [e.model_dump() for e in self.errors]} if self.errors else {}
        return known | reference | errors | self.members


class BadRequest(Problem):
    """The request could not be read."""

    type, title, status = "/problems/bad-request", "That request could not be read", 400


class Unauthenticated(Problem):
    """No token, or one we do not accept."""

    type, title, status = "/problems/unauthenticated", "Please sign in", 401

    def __init__(self, detail: str = "", **members: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="marquee"'}, **members)


class Forbidden(Problem):
    """Signed in, but not allowed to do this."""

    type, title, status = "/problems/forbidden", "You may not do that", 403


class NotFound(Problem):
    """No such thing, or none that the caller may see."""

    type, title, status = "/problems/not-found", "There is nothing here", 404


class Conflict(Problem):
    """What is asked does not fit what is there."""

    type, title, status = "/problems/conflict", "That does not fit what is there now", 409


class Invalid(Problem):
    """The request was read, but a value in it is not acceptable."""

    type, title, status = "/problems/invalid", "Some of that is not acceptable", 422


class TooMany(Problem):
    """Rate limit."""

    type, title, status = "/problems/too-many-requests", "Too many requests, please slow down", 429

    def __init__(self, detail: str = "", *, retry_after_seconds: int = 60, **members: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)}, **members)


class Unavailable(Problem):
    """Something we need is away; trying again soon may work."""

    type, title, status = "/problems/unavailable", "We cannot do that just now", 503

    def __init__(self, detail: str = "", *, retry_after_seconds: int = 2, **members: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)}, **members)


def render(problem: Problem) -> Response:
    return Response(
        orjson.dumps(problem.body()),
        status=problem.status,
        headers=problem.headers,
        content_type="application/problem+json",
    )


def from_validation(error: ValidationError) -> Invalid:
    """Pydantic's complaints as field errors; the offending input is not echoed."""
    errors = [
        FieldError(
            field=".".join(str(part) for part in e["loc"]), detail=e["msg"].removeprefix("Value error, ")
        )
        for e in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return Invalid("; ".join(f"{e.field or 'body'}: {e.detail}" for e in errors[:3]), errors=errors)


def from_http(error: HTTPException) -> Problem:
    """Werkzeug's own refusals (unknown URL, wrong method, body too large) in our shape."""
    if error.response is not None:
        raise error
    status = error.code or 500
    slug = (error.name or "error").lower().replace(" ", "-")
    kind = type(
        "HttpProblem", (Problem,), {"type": f"/problems/{slug}", "title": error.name, "status": status}
    )
    headers = (
        {"Allow": ", ".join(sorted(methods))} if (methods := getattr(error, "valid_methods", None)) else {}
    )
    problem: Problem = kind(error.description or "", headers=headers)
    return problem


def install(app: Flask) -> None:
    """Render every failure of `app` as a problem; log the unexpected ones with their trace."""
    app.register_error_handler(Problem, render)
    app.register_error_handler(ValidationError, lambda e: render(from_validation(e)))
    app.register_error_handler(DBAPIError, _database_failed)
    app.register_error_handler(PoolTimeout, _database_failed)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    return render(from_http(error))


def _database_failed(error: Exception) -> Response:
    # Also a lock or a statement that took too long: busy, and nothing of it remains.
    if not (is_away(error) or isinstance(error, OperationalError)):
        return _unexpected(error)
    log.warning("database_unavailable", error=str(error).splitlines()[0])
    metrics.DATABASE_AWAY.inc()
    if isinstance(error, OutcomeUnknown):
        return render(
            Unavailable("The database went away just then. Look whether it was done before you repeat it.")
        )
    return render(Unavailable("The database is busy or away. Nothing was changed; please try again."))


def _unexpected(error: Exception) -> Response:
    log.error("unexpected_error", exc_info=error)
    return render(Problem("Nothing more was changed. Quote the reference if you ask us about it."))
