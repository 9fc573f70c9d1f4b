"""Signing out: by the person's browser, or by a client that holds the refresh token."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from local.issuer.errors import PageError, invalid_grant
from local.issuer.issuer import current_issuer
from local.issuer.keys import BadToken
from local.issuer.realm import Client
from local.issuer.routes.cookies import BROWSER, browser_id, forget_signed_in, signed_in_session
from local.issuer.routes.token import calling_client
from local.issuer.sessions import Session, fingerprint
from local.issuer.tokens import Claims

logout = Blueprint("logout", __name__, url_prefix="/realms/<realm>/protocol/openid-connect/logout")


@logout.get("")
def leave() -> ResponseReturnValue:
    return _leave()


@logout.post("")
def leave_by_post() -> ResponseReturnValue:
    if "refresh_token" in request.form:
        return _leave_by_refresh_token(request.form["refresh_token"])
    return _leave()


@logout.post("/logout-confirm")
def confirm() -> ResponseReturnValue:
    issuer, cookie = current_issuer(), request.cookies.get(BROWSER, "")
    pending = issuer.pending.find(request.args.get("tab_id", ""), cookie) if cookie else None
    if pending is None or pending.done or not pending.accepts(request.args.get("session_code", "")):
        raise PageError("Logout failed")
    issuer.pending.close(pending)
    _end(signed_in_session())
    return _after(pending.request["uri"], pending.request["state"], pending.request["base_url"])


def _leave() -> ResponseReturnValue:
    asked = request.values
    uri, state = asked.get("post_logout_redirect_uri", ""), asked.get("state", "")
    hint = _read_hint(asked.get("id_token_hint", ""))
    client = _asking_client(hint, asked.get("client_id", ""))
    _check_address(uri, client)
    session = signed_in_session()
    if hint:
        # Also without cookies: the hint itself says which session.
        _end(current_issuer().sessions.find(hint["sid"]))
        return _after(uri, state, client.base_url if client else "")
    if session is None and uri:
        return _after(uri, state, "")
    return _ask(uri, state, client)


def _read_hint(token: str) -> Claims | None:
    """An expired hint is as good: people come back after a weekend and want to sign out."""
    if not token:
        return None
    try:
        claims = current_issuer().keys.read(token, allow_expired=True)
    except BadToken as error:
        raise PageError("Invalid parameter: id_token_hint") from error
    if claims.get("typ") != "ID":
        raise PageError("Invalid parameter: id_token_hint")
    return claims


def _asking_client(hint: Claims | None, client_id: str) -> Client | None:
    if hint and client_id and hint["azp"] != client_id:
        raise PageError("Invalid parameter: id_token_hint")
    return current_issuer().client(hint["azp"] if hint else client_id)


def _check_address(uri: str, client: Client | None) -> None:
    if not uri:
        return
    if client is None:
        raise PageError("Missing parameters: id_token_hint")
    if uri not in client.post_logout_uris:
        raise PageError("Invalid redirect uri")


def _ask(uri: str, state: str, client: Client | None) -> ResponseReturnValue:
    base_url = client.base_url if client else ""
    wanted = {"uri": uri, "state": state, "base_url": base_url}
    pending = current_issuer().pending.open(browser_id(), wanted)
    realm = current_issuer().realm.name
    action = url_for(".confirm", realm=realm, tab_id=pending.id, session_code=pending.code)
    return render_template("logout.html", action=action, code=pending.code, back_url=base_url)


def _leave_by_refresh_token(token: str) -> ResponseReturnValue:
    issuer, client = current_issuer(), calling_client()
    row = issuer.store.one(
        "SELECT sid FROM refresh_tokens WHERE hash = ? AND client_id = ?",
        fingerprint(token),
        client.client_id,
    )
    if row is None:
        raise invalid_grant("Invalid refresh token")
    if session := issuer.sessions.find(row["sid"]):
        issuer.sign_out(session)
    return Response(status=204)


def _end(session: Session | None) -> None:
    mine = signed_in_session()
    if session:
        current_issuer().sign_out(session)
    if mine is None or session is None or mine.sid == session.sid:
        forget_signed_in()


def _after(uri: str, state: str, base_url: str) -> ResponseReturnValue:
    if not uri:
        return render_template("info.html", message="You are logged out", back_url=base_url)
    return redirect(f"{uri}?{urlencode({'state': state})}" if state else uri)
