"""The two cookies: which browser this is, and who is signed in there."""

from __future__ import annotations

import secrets

from flask import Response, g, request

from local.issuer.issuer import Issuer, current_issuer
from local.issuer.sessions import Session

BROWSER, IDENTITY = "AUTH_SESSION_ID", "KEYCLOAK_IDENTITY"


def browser_id() -> str:
    """The browser's cookie; a new one is put into the answer by `write_cookies`."""
    known = request.cookies.get(BROWSER, "")
    if not known:
        known = g.setdefault("new_browser", secrets.token_urlsafe(24))
    return known


def signed_in_session() -> Session | None:
    cookie = request.cookies.get(IDENTITY)
    return current_issuer().sessions.by_cookie(cookie) if cookie else None


def keep_signed_in(cookie: str, session: Session) -> None:
    g.identity = (cookie, session)


def forget_signed_in() -> None:
    g.identity = None


def write_cookies(response: Response) -> Response:
    issuer = current_issuer()
    if "new_browser" in g:
        _set(response, issuer, BROWSER, g.new_browser, None)
    if "identity" in g:
        if g.identity is None:
            response.delete_cookie(IDENTITY, path=_path(issuer))
        else:
            cookie, session = g.identity
            longest = issuer.sessions.remaining_seconds(session) if session.remembered else None
            _set(response, issuer, IDENTITY, cookie, longest)
    return response


def _set(response: Response, issuer: Issuer, name: str, value: str, max_age: int | None) -> None:
    # Lax and, without TLS, not Secure: Safari keeps no Secure cookie from http://localhost.
    secure = issuer.settings.issuer_url.startswith("https:")
    response.set_cookie(
        name, value, max_age=max_age, path=_path(issuer), httponly=True, secure=secure, samesite="Lax"
    )


def _path(issuer: Issuer) -> str:
    return f"/realms/{issuer.realm.name}/"
