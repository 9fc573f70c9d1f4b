"""REST routes: typed in, typed out, access declared, documented by the same lines.

    api = Api("holds", __name__)

    @api.post("/screenings/<uuid:screening_id>/holds", access=HOLDER, answers={201: HoldView})
    def hold_seats(path: ScreeningPath, body: HoldRequest) -> Answer: ...

A wrapper around flask-openapi, so that the services know only this module.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from flask import Response, current_app, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema
from werkzeug.exceptions import BadRequest as WerkzeugBadRequest
from werkzeug.exceptions import UnsupportedMediaType

from marquee import logs
from marquee.auth import Access

Answer = Any
View = TypeVar("View", bound=Callable[..., Any])
PROBLEM_REF = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
PROBLEMS = {
    400: "Not readable",
    401: "Not signed in, or by a token that does not count",
    403: "Not allowed",
    404: "Not there, or not yours",
    409: "Does not fit what is there",
    413: "Too large",
    415: "Not JSON",
    422: "Not acceptable",
    429: "Too many requests",
    503: "Not just now",
}


class _Stripped(BaseModel):
    """What came in: spaces around a text do not count, and the description says so."""

    model_config = ConfigDict(str_strip_whitespace=True, frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        _describe_stripping(handler.resolve_ref_schema(schema))
        return schema


class Body(_Stripped):
    """A request body. Unknown fields are refused, so that a typo is noticed."""

    model_config = ConfigDict(extra="forbid")


class Parameters(_Stripped):
    """Path or query parameters."""

    @classmethod
    @functools.cache
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        # flask-openapi asks for the schema on every request; building it each time costs more than the rest.
        return super().model_json_schema(*args, **kwargs)


class LinkKey(Parameters):
    """For routes that answer a booking's owner, and whoever has the link of its mail (links.is_key_of)."""

    key: str = Field("", max_length=64, description="From the link in the booking's mail")


def _describe_stripping(schema: Any) -> None:
    """Let each text with a shortest length ask for that many characters between its outer spaces."""
    if isinstance(schema, list):
        for part in schema:
            _describe_stripping(part)
    if not isinstance(schema, dict):
        return
    shortest = schema.get("minLength", 0)
    if shortest and schema.get("type") == "string" and "pattern" not in schema:
        schema["pattern"] = r"\S" if shortest == 1 else rf"\S[\s\S]{{{shortest - 2},}}\S"
    for part in schema.values():
        _describe_stripping(part)


class Shape(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Api(APIBlueprint):
    """A blueprint whose routes each declare who may call them."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, abp_tags=[{"name": name}], **options)

    def get(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route("get", rule, **options)

    def post(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route("post", rule, **options)

    def put(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route("put", rule, **options)

    def patch(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route("patch", rule, **options)

    def delete(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._route("delete", rule, **options)

    def _route(
        self,
        method: str,
        rule: str,
        *,
        access: Access,
        answers: dict[int, type[BaseModel] | dict[str, Any] | None] | None = None,
        problems: tuple[int, ...] = (),
        **options: Any,
    ) -> Callable[[View], View]:
        usual = _usual_problems(method, rule, access)
        responses: dict[Any, Any] = {status: _problem(status) for status in sorted({*usual, *problems})}
        responses |= {
            status: answer if answer is not None else {"description": "Done, nothing to say"}
            for status, answer in (answers or {}).items()
        }
        security: list[dict[str, list[str]]] = [{scheme: []} for scheme in access.schemes]
        register = getattr(super(), method)(
            rule,
            responses=responses,
            security=security,
            openapi_extensions={"x-access": access.who},
            **options,
        )

        def decorate(view: View) -> View:
            answering = _answering(view)
            answering.access = access  # type: ignore[attr-defined]
            register(answering)
            return view

        return decorate


def enforce_access() -> None:
    """Before every request: the route's declared access decides, before any of the request is parsed."""
    if request.url_rule is None:
        return
    view = current_app.view_functions[request.endpoint or ""]
    access: Access | None = getattr(view, "access", None)
    if access is None:
        raise RuntimeError(f"{request.endpoint} does not declare its access")
    access.check()
    _refuse_nul_characters()
    if request.method in {"POST", "PUT", "PATCH"} and getattr(view, "reads_json", False):
        _require_readable_json()


def declared_access(app: Any) -> dict[str, Access | None]:
    """Every endpoint with what it declares; None marks one that forgot (a test and the start refuse it)."""
    return {name: getattr(view, "access", None) for name, view in app.view_functions.items()}


def _refuse_nul_characters() -> None:
    """PostgreSQL's text cannot hold them, and nobody means them."""
    in_body = request.is_json and b"\\u0000" in request.get_data()
    if in_body or b"%00" in request.query_string or "\x00" in request.path:
        raise WerkzeugBadRequest("There is a NUL character in the request.")


def _require_readable_json() -> None:
    """Read once: the request keeps it for whoever asks next."""
    if not request.is_json:
        raise UnsupportedMediaType("Send the body as application/json.")
    try:
        request.get_json()
    except WerkzeugBadRequest as error:
        # Flask wraps what the decoder said.
        reason: BaseException = error
        while reason.__context__ is not None:
            reason = reason.__context__
        raise WerkzeugBadRequest(f"The body is not JSON: {reason}") from error


def _answering(view: Callable[..., Any]) -> Callable[..., Response]:
    @functools.wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Response:
        if booking := logs.booking_in(kwargs.get("body")):
            logs.concerns(booking)
        return to_response(view(*args, **kwargs))

    answer.reads_json = "body" in view.__annotations__  # type: ignore[attr-defined]
    return answer


def to_response(result: Any) -> Response:
    """A model, a list of models, None, a Response, or any of these with a status (and headers)."""
    body, status, headers = (*result, {}, {})[:3] if isinstance(result, tuple) else (result, 0, {})
    if isinstance(body, Response):
        body.status_code = status or body.status_code
        body.headers.extend(headers)
        return body
    if body is None:
        return Response(status=status or 204, headers=headers)
    payload = body.model_dump_json() if isinstance(body, BaseModel) else orjson.dumps(body, default=_dump)
    return Response(payload, status=status or 200, headers=headers, content_type="application/json")


def _dump(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _usual_problems(method: str, rule: str, access: Access) -> set[int]:
    """What any route of this kind may answer; a route's own `problems` come on top."""
    usual = {400, 401, 422, 429, 503}
    if method in {"post", "put", "patch"}:
        usual |= {413, 415}
    if "<" in rule:
        usual.add(404)
    if access.schemes and "guest" not in access.schemes:
        usual.add(403)
    return usual


def _problem(status: int) -> dict[str, Any]:
    return {"description": PROBLEMS[status], "content": PROBLEM_REF}
