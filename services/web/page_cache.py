"""Whole pages of people we do not know, kept for a second: a rush on one page costs one rendering.

    @pages.get("/", access=PUBLIC_PAGE)
    @shared_page
    def home() -> str: ...

Only a plain page is kept: answered 200, setting no cookie, for a request that carries neither auth's cookie nor
a session of ours. The one thing in it that differs by person, the form token, is put in for each request.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app, g, make_response, request, session
from flask_wtf.csrf import generate_csrf

from services.web.recent import Recent
from services.web.settings import WebSettings
from services.web.visitor import session_id_of_request

View = TypeVar("View", bound=Callable[..., Any])

CSRF_PLACEHOLDER = "--form-token--"
_MARK = CSRF_PLACEHOLDER.encode()


def shared_page(view: View) -> View:
    @functools.wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if not _is_nobody():
            return view(*args, **kwargs)
        g.page_is_shared = True
        body, policy, status = _pages().get(_key(), lambda: _rendered(view, args, kwargs), seconds=_seconds())
        response = Response(_with_token(body), status=status, content_type="text/html; charset=utf-8")
        if policy:
            response.headers["Content-Security-Policy"] = policy
        return response

    return answer  # type: ignore[return-value]


def _rendered(view: Callable[..., Any], args: Any, kwargs: Any) -> tuple[bytes, str, int]:
    response = make_response(view(*args, **kwargs))
    return response.get_data(), response.headers.get("Content-Security-Policy", ""), response.status_code


def _with_token(body: bytes) -> bytes:
    return body.replace(_MARK, generate_csrf().encode()) if _MARK in body else body


def _is_nobody() -> bool:
    return not session_id_of_request() and not session.keys() - {"csrf_token"}


def _key() -> tuple[str, str, str]:
    chosen = f"{request.cookies.get('cinema', '')} {request.cookies.get('people', '')}"
    return request.full_path, chosen[:80], request.headers.get("Accept-Language", "")[:40]


def _seconds() -> float:
    return WebSettings.current().page_cache_seconds


def _pages() -> Recent:
    pages: Recent = current_app.extensions["marquee.pages"]
    return pages
