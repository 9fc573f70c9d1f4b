"""Failures in the house's voice: what happened, what it means for seats and money, what to do next."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import orjson
import structlog
from flask import Flask, Response, current_app, make_response, redirect, render_template, request
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from marquee import errors, logs
from marquee.errors import Invalid, Problem, TooMany
from marquee.http import NeighbourAway, NeighbourProblem
from services.web.pages import SignInNeeded
from services.web.security import ForeignRequest, csrf, refuse_foreign_requests
from services.web.visitor import current_visitor

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Failure:
    title: str
    sentence: str
    next_url: str = "/"
    next_words: str = lazy_gettext("To the programme")


_NOTHING_TO_PAY = Failure(
    lazy_gettext("There is nothing to pay here"),
    lazy_gettext("The seats were let go, or were held with another browser. Nothing was charged."),
    next_words=lazy_gettext("What plays next"),
)
_NO_BOOKING = Failure(
    lazy_gettext("We cannot open this booking here"),
    lazy_gettext(
        "The link may be cut short, or the seats were booked with another browser. "
        "The tickets themselves are safe: we can mail them to you again."
    ),
    "/bookings/lookup",
    lazy_gettext("Send me my tickets again"),
)
_NO_SHOWING = Failure(
    lazy_gettext("That showing is over or was moved"),
    lazy_gettext("Nothing was booked and nothing was charged. Here is what plays next."),
    next_words=lazy_gettext("What plays next"),
)
_NO_PAGE = Failure(
    lazy_gettext("We have no such page"),
    lazy_gettext("The address may be old, or a letter went missing. Here is what plays next."),
    next_words=lazy_gettext("What plays next"),
)
_AWAY = Failure(
    lazy_gettext("A part of Marquee is away for a moment"),
    lazy_gettext("Seats you hold stay held and nothing was charged. Try again in a few seconds."),
)
# Above the form that comes back, where it can be shown again.
NO_ANSWER = lazy_gettext("There was no answer. Nothing was charged; please try again in a few seconds.")
_BROKEN = Failure(
    lazy_gettext("Something broke on our side"),
    lazy_gettext(
        "Nothing more was changed or charged. We have a note of it; the reference helps us find it."
    ),
)


def install(app: Flask) -> None:
    app.register_error_handler(SignInNeeded, _sign_in)
    app.register_error_handler(NeighbourProblem, _neighbour)
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(TooMany, _too_many)
    app.register_error_handler(ValidationError, lambda e: _problem(errors.from_validation(e)))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def wants_json() -> bool:
    """Our own scripts say so; everybody else is a person with a browser."""
    return request.is_json or request.accept_mimetypes.best == "application/json"


def sent_json(*names: str) -> dict[str, Any]:
    """What our own scripts sent. Raises Invalid where it is no object with these fields."""
    body = request.get_json()
    if not isinstance(body, dict) or not body.keys() >= set(names):
        raise Invalid(f"Send an object with: {', '.join(names)}.")
    return body


def login_url(next_path: str) -> str:
    return f"/login?next={quote(next_path, safe='/')}"


def _sign_in(problem: SignInNeeded) -> AnyResponse:
    if wants_json() or _typed_in_the_office():
        return _answer(problem.body(), 401)
    return redirect(login_url(_page_again("/")))


def _neighbour(problem: NeighbourProblem) -> Response:
    if current_visitor().is_unsure and _is_for_its_owner(problem):
        return _problem(NeighbourAway(gettext("We cannot see who you are just now.")))
    return _answer(problem.body(), problem.code)


def _is_for_its_owner(problem: NeighbourProblem) -> bool:
    """Whether it may be there after all, for somebody who could show whose it is."""
    is_somebodys = request.path.startswith(("/checkout", "/bookings/"))
    return problem.code == 401 or (is_somebodys and problem.code in (403, 404))


def _problem(problem: Problem) -> Response:
    response = _answer(problem.body(), problem.status)
    response.headers.extend(problem.headers)
    return response


def _csrf(error: CSRFError) -> Response:
    detail = gettext("This page was open for too long, or its cookies were removed. Please load it again.")
    return _answer(
        {"type": "/problems/stale-page", "title": gettext("Please try again"), "detail": detail}, 403
    )


def _too_many(problem: TooMany) -> Response:
    problem.detail = gettext("That was a lot at once. Please wait a moment and try again.")
    return _problem(problem)


def _http(error: HTTPException) -> Any:
    if (page := _without_slash()) is not None:
        return redirect(page, 301)
    return error.response if error.response is not None else _problem(errors.from_http(error))


def _without_slash() -> str | None:
    """The page that was meant by the address of one with a slash behind it."""
    path = "/" + request.path.strip("/")
    if request.method not in ("GET", "HEAD") or path == request.path or request.url_rule:
        return None
    pages = current_app.create_url_adapter(request)
    if pages is None or not pages.test(path, method="GET"):
        return None
    return f"{path}?{request.query_string.decode()}".rstrip("?")


def _unexpected(error: Exception) -> Response:
    log.error("unexpected_error", exc_info=error)
    return _problem(Problem())


def _answer(body: dict[str, Any], status: int) -> Response:
    body = {"instance": logs.request_id.get(), "status": status} | body
    if wants_json():
        response = make_response(orjson.dumps(body), status)
        response.content_type = "application/problem+json"
        return response
    page = render_template(
        "views/error.html",
        failure=failure_of(status, body),
        status=status,
        reference=str(body.get("instance") or "") if status >= 500 else "",
        typed=_typed_in_the_office() if status == 401 or status > 500 else [],
    )
    return make_response(page, status)


def _typed_in_the_office() -> list[tuple[str, str]]:
    """A form of ours that could not even be shown again: nobody types a film's synopsis twice."""
    if request.method != "POST" or not _is_in_the_office():
        return []
    try:
        # Nobody may have looked yet; what another site sent, or what is too large, gets no token of ours.
        refuse_foreign_requests()
        csrf.protect()
    except (ForeignRequest, CSRFError, RequestEntityTooLarge):
        return []
    return [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]


def _is_in_the_office() -> bool:
    """Also the short forms that editors find on the public pages."""
    return request.path.startswith("/manage") or request.blueprint == "manage_short"


def failure_of(status: int, body: dict[str, Any]) -> Failure:
    title, detail = str(body.get("title") or ""), str(body.get("detail") or "")
    if _is_in_the_office() or request.path.startswith("/door"):
        return _failure_of_staff(status, body, detail)
    match status:
        case 401 | 404 if request.path.startswith("/checkout"):
            return _NOTHING_TO_PAY
        case 404:
            return _not_found()
        case 401 | 403:
            return Failure(title or gettext("This door is closed"), detail)
        case 409 | 422:
            sentence = " ".join([detail, gettext("Nothing was charged.")])
            again = request.path if request.method == "GET" else "/"
            return Failure(title or gettext("That does not fit"), sentence, again, gettext("Go on from here"))
        case 429:
            return Failure(gettext("One moment, please"), detail, _page_again("/"), _words_again())
        case 502 | 503 | 504:
            return replace(_AWAY, next_url=_page_again("/"), next_words=_words_again())
        case 500:
            return _BROKEN
    return Failure(title, detail)


def _not_found() -> Failure:
    if request.path.startswith("/bookings/"):
        return _NO_BOOKING
    return _NO_SHOWING if request.path.startswith("/screenings") else _NO_PAGE


def _failure_of_staff(status: int, body: dict[str, Any], detail: str) -> Failure:
    """At the door and in the office nobody buys: no word of seats held or money, and the way back to work."""
    home = "/door" if request.path.startswith("/door") else "/manage"
    way_out = gettext("Which door?") if home == "/door" else gettext("To the office")
    match status:
        case 401:
            return Failure(
                gettext("Please sign in"), _not_signed_in(), login_url(_page_again(home)), gettext("Sign in")
            )
        case 403:
            return Failure(str(body.get("title") or ""), detail, "/", gettext("To the programme"))
        case 404:
            return Failure(
                gettext("We have no such page"),
                gettext("It may have been removed, or the address may be old."),
                home,
                way_out,
            )
        case 502 | 503 | 504:
            return Failure(
                gettext("A part of Marquee is away for a moment"),
                _not_done(home),
                _page_again(home),
                gettext("Try again") if request.method == "GET" else way_out,
            )
        case 500:
            return Failure(
                gettext("Something broke on our side"),
                gettext("We have a note of it; the reference helps us find it."),
                home,
                way_out,
            )
    return Failure(str(body.get("title") or gettext("That does not fit")), detail, home, way_out)


def _not_signed_in() -> str:
    if request.method == "GET":
        return str(gettext("Your session has ended."))
    return str(
        gettext(
            "Your session ended before this was saved. Sign in, then come back to this page and send it again."
        )
    )


def _not_done(home: str) -> str:
    if request.method == "GET":
        return str(gettext("Try again in a few seconds."))
    if home == "/door":
        return str(gettext("Not checked: no connection. Try again."))
    return str(gettext("There was no answer: look whether it is saved before you send it again."))


def _page_again(otherwise: str) -> str:
    """This page, where it can be asked for: a form may be sent to an address that shows nothing."""
    return request.full_path.rstrip("?") if request.method == "GET" else otherwise


def _words_again() -> str:
    return str(gettext("Try again") if request.method == "GET" else gettext("To the programme"))
