"""What an application may ask the authorization endpoint for, checked before anybody sees a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import redirect
from flask.typing import ResponseReturnValue

from local.issuer.errors import PageError
from local.issuer.grants import accepted_scope
from local.issuer.issuer import Issuer, current_issuer
from local.issuer.realm import Client
from local.issuer.sessions import Session

_NO_IMPLICIT = (
    "Client is not allowed to initiate browser login with given response_type. "
    "Implicit flow is disabled for the client."
)
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Refused(Exception):
    """The application is told, by a redirect, what it did wrong."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.error, self.description = error, description


def addressed_client(issuer: Issuer, asked: Mapping[str, str]) -> Client:
    """Whoever cannot be trusted to get an answer gets none: the person sees a page instead."""
    client = issuer.client(asked.get("client_id", ""))
    if client is None:
        raise PageError("Client not found.")
    # Exact comparison: any looseness here hands codes to strangers.
    if not client.browser_login or asked.get("redirect_uri") not in client.redirect_uris:
        raise PageError("Invalid parameter: redirect_uri")
    return client


def checked_request(asked: Mapping[str, str]) -> dict[str, Any]:
    """What to keep of the request while the person signs in. Raises Refused."""
    _check_response_type(asked)
    try:
        scope = accepted_scope(asked.get("scope", ""))
    except ValueError as error:
        raise Refused("invalid_scope", f"Invalid scopes: {asked['scope']}") from error
    _check_challenge(asked)
    kept = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")
    return {name: asked[name] for name in kept if name in asked} | {"scope": scope}


def _check_response_type(asked: Mapping[str, str]) -> None:
    if "response_type" not in asked:
        raise Refused("invalid_request", "Missing parameter: response_type")
    if _is_implicit(asked):
        raise Refused("unauthorized_client", _NO_IMPLICIT)
    if asked["response_type"] != "code":
        raise Refused("unsupported_response_type")


def _is_implicit(asked: Mapping[str, Any]) -> bool:
    wanted = set(asked.get("response_type", "").split())
    return bool(wanted & {"token", "id_token"}) and wanted <= {"code", "token", "id_token"}


def _check_challenge(asked: Mapping[str, str]) -> None:
    method = asked.get("code_challenge_method")
    if not method:
        raise Refused("invalid_request", "Missing parameter: code_challenge_method")
    if method != "S256":
        raise Refused(
            "invalid_request",
            "Invalid parameter: code challenge method is not matching the configured one",
        )
    challenge = asked.get("code_challenge")
    if not challenge:
        raise Refused("invalid_request", "Missing parameter: code_challenge")
    if not _CHALLENGE.fullmatch(challenge):
        raise Refused("invalid_request", "Invalid parameter: code_challenge")


def with_code(client: Client, session: Session, request: dict[str, Any]) -> ResponseReturnValue:
    issuer = current_issuer()
    issuer.sessions.touch(session)
    code = issuer.sessions.issue_code(session, client, request)
    return back(request, session_state=session.sid, iss=issuer.url, code=code)


def with_error(asked: Mapping[str, Any], error: str, description: str = "") -> ResponseReturnValue:
    told = {"error": error} | ({"error_description": description} if description else {})
    return back(asked, **told, iss=current_issuer().url)


def back(asked: Mapping[str, Any], **parameters: str) -> ResponseReturnValue:
    """To the application's callback; `state` always travels along."""
    state = {"state": asked["state"]} if asked.get("state") else {}
    separator = "#" if _is_implicit(asked) else "?"
    return redirect(f"{asked['redirect_uri']}{separator}{urlencode(state | parameters)}")
