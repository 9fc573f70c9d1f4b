"""What clients ask directly: tokens, and what tokens are worth."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from urllib.parse import unquote_plus

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from local.issuer.errors import OAuthError
from local.issuer.issuer import current_issuer
from local.issuer.keys import BadToken
from local.issuer.realm import Client
from local.issuer.sessions import fingerprint
from local.issuer.tokens import Claims, identity

token = Blueprint("token", __name__, url_prefix="/realms/<realm>/protocol/openid-connect")


@token.post("/token")
def grant() -> ResponseReturnValue:
    issuer = current_issuer()
    if not request.form.get("grant_type"):
        raise OAuthError("invalid_request", "Missing form parameter: grant_type")
    try:
        answer = issuer.grants.answer(calling_client(), request.form, request.remote_addr or "")
    except ValueError as error:
        raise OAuthError("invalid_scope", f"Invalid scopes: {error}") from error
    return jsonify(answer)


@token.post("/token/introspect")
def introspect() -> ResponseReturnValue:
    """A token counts as active only for a client in its audience: others learn nothing about it."""
    client = calling_client()
    try:
        claims = current_issuer().tokens.read_live(request.form.get("token", ""))
    except BadToken:
        return jsonify(active=False)
    if client.client_id not in _audience(claims) or not _may_act(claims):
        return jsonify(active=False)
    username = claims.get("preferred_username", f"service-account-{claims['azp']}")
    return jsonify(claims | {"active": True, "client_id": claims["azp"], "username": username})


@token.route("/userinfo", methods=["GET", "POST"])
def userinfo() -> ResponseReturnValue:
    issuer = current_issuer()
    try:
        claims = issuer.tokens.read_live(_bearer())
    except BadToken as error:
        known = str(error) == "user_session_not_found"
        return _challenge("user_session_not_found" if known else "Token verification failed")
    user = issuer.people.find(claims["sub"])
    if claims["typ"] != "Bearer":
        return _challenge("Token verification failed")
    if user is None:
        return _challenge("user_session_not_found")
    if not user.enabled:
        return _challenge("User disabled")
    if "openid" not in claims["scope"].split():
        return _challenge("Missing openid scope", error="insufficient_scope", status=403)
    return jsonify({"sub": user.id} | identity(user))


@token.post("/revoke")
def revoke() -> ResponseReturnValue:
    """A refresh token takes the person's session along, and nobody is told: so does Keycloak."""
    issuer, client = current_issuer(), calling_client()
    secret = request.form.get("token", "")
    row = issuer.store.one(
        "SELECT sid FROM refresh_tokens WHERE hash = ? AND client_id = ?",
        fingerprint(secret),
        client.client_id,
    )
    if row:
        issuer.sessions.end(row["sid"])
        return Response(status=200)
    try:
        claims = issuer.tokens.read_live(secret)
    except BadToken:
        return Response(status=200)
    if claims["azp"] == client.client_id:
        issuer.tokens.revoke_access(claims)
    return Response(status=200)


def calling_client() -> Client:
    """The client of HTTP Basic or of the form. The answer does not tell an unknown name from a bad secret."""
    client_id, secret = _credentials()
    client = current_issuer().client(client_id)
    message = "Invalid client or Invalid client credentials"
    if client is None:
        raise OAuthError("invalid_client", message, 401)
    if not hmac.compare_digest(client.secret.encode(), secret.encode()):
        raise OAuthError("unauthorized_client", message, 401)
    return client


def _credentials() -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.form.get("client_id", ""), request.form.get("client_secret", "")
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _bearer() -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else request.form.get("access_token", "")


def _may_act(claims: Claims) -> bool:
    """Whether the person is there and not disabled; a service always may."""
    user = current_issuer().people.find(claims["sub"]) if "sid" in claims else None
    return user.enabled if user else "sid" not in claims


def _audience(claims: Claims) -> list[str]:
    audience = claims.get("aud", [])
    return [audience] if isinstance(audience, str) else list(audience)


def _challenge(description: str, *, error: str = "invalid_token", status: int = 401) -> Response:
    realm = current_issuer().realm.name
    value = f'Bearer realm="{realm}", error="{error}", error_description="{description}"'
    return Response(status=status, headers={"WWW-Authenticate": value})
