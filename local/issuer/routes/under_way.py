"""A login under way: begun at the authorization endpoint, carried by forms, ended by a code."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from local.issuer.errors import PageError
from local.issuer.issuer import current_issuer
from local.issuer.pending import Pending
from local.issuer.people import User
from local.issuer.realm import Client
from local.issuer.routes.authorization import addressed_client, with_code
from local.issuer.routes.cookies import BROWSER, browser_id, keep_signed_in
from local.issuer.sessions import Session

NO_COOKIE = (
    "Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled "
    "in your browser. If cookies are disabled then enable them. Click Back to Application to login again."
)


def begin(wanted: dict[str, Any], endpoint: str) -> ResponseReturnValue:
    """Remember the request and go on at `endpoint`."""
    pending = current_issuer().pending.open(browser_id(), wanted)
    return redirect(url_for(endpoint, **address(pending)))


def begun_login() -> Pending:
    """The login this form belongs to, of this very browser."""
    cookie = request.cookies.get(BROWSER, "")
    pending = current_issuer().pending.find(request.args.get("tab_id", ""), cookie) if cookie else None
    if pending is None:
        raise PageError(NO_COOKIE)
    return pending


def signed_in(pending: Pending, user: User, *, remembered: bool = False) -> ResponseReturnValue:
    """The end of every way in: a session, its cookie, and the code for the application."""
    issuer = current_issuer()
    session = _session_to_renew(pending, user)
    if session is None:
        session, cookie = issuer.sessions.start(user.id, remembered=remembered)
        keep_signed_in(cookie, session)
    issuer.pending.close(pending)
    return with_code(client_of(pending), session, pending.request)


def client_of(pending: Pending) -> Client:
    return addressed_client(current_issuer(), pending.request)


def form_action(endpoint: str, pending: Pending) -> str:
    return url_for(endpoint, session_code=pending.code, **address(pending))


def registration_is_open() -> bool:
    return bool(current_issuer().realm.raw["registrationAllowed"])


def _session_to_renew(pending: Pending, user: User) -> Session | None:
    issuer = current_issuer()
    session = issuer.sessions.find(pending.request.get("again", ""))
    if session is None or session.user_id != user.id:
        return None
    issuer.sessions.authenticate_again(session)
    return issuer.sessions.find(session.sid)


def address(pending: Pending) -> dict[str, Any]:
    realm = current_issuer().realm.name
    return {"realm": realm, "client_id": pending.request["client_id"], "tab_id": pending.id}
