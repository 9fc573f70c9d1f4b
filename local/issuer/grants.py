"""The grants of the token endpoint: a code, a refresh token, a password, or the client itself for tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from local.issuer.errors import OAuthError, invalid_grant
from local.issuer.people import LoginGuard, People, User, password_matches
from local.issuer.realm import Client
from local.issuer.sessions import Session, Sessions, fingerprint
from local.issuer.store import Store
from local.issuer.tokens import Claims, Tokens

Form = Mapping[str, str]


class Grants:
    def __init__(
        self,
        store: Store,
        people: People,
        guard: LoginGuard,
        sessions: Sessions,
        tokens: Tokens,
        clock: Callable[[], float],
        *,
        password_grant: bool,
    ) -> None:
        self._store, self._people, self._guard = store, people, guard
        self._sessions, self._tokens, self._clock = sessions, tokens, clock
        self._password_grant = password_grant

    def answer(self, client: Client, form: Form, address: str) -> Claims:
        match form.get("grant_type"):
            case None | "":
                raise OAuthError("invalid_request", "Missing form parameter: grant_type")
            case "authorization_code":
                return self._redeem_code(client, form)
            case "refresh_token":
                return self._refresh(client, form)
            case "client_credentials":
                return self._for_service(client, address)
            case "password":
                return self._check_password(client, form)
        raise OAuthError("unsupported_grant_type", "Unsupported grant_type")

    # --- authorization_code ----------------------------------------------------------------------

    def _redeem_code(self, client: Client, form: Form) -> Claims:
        row = self._burn_code(form.get("code", ""))
        request = json.loads(row["request"])
        if row["client_id"] != client.client_id:
            raise invalid_grant("Auth error: the code was issued to another client")
        if request["redirect_uri"] != form.get("redirect_uri"):
            raise invalid_grant("Incorrect redirect_uri")
        _check_pkce(request, form.get("code_verifier", ""))
        session = self._live_session(row["sid"], "Code not valid")
        user = self._enabled_user(session)
        with self._store.transaction():
            # A second use of the code may have ended the client's session a moment ago.
            if not self._sessions.is_joined(row["client_session_id"]):
                raise invalid_grant("Code not valid")
            return self._tokens.for_person(
                user, client, session, request["scope"], kind="onrtac", nonce=request.get("nonce", "")
            )

    def _burn_code(self, code: str) -> sqlite3.Row:
        """A code works once, whatever else is wrong; a second use also kills what the first one got."""
        with self._store.transaction():
            row = self._store.one("SELECT * FROM codes WHERE hash = ?", fingerprint(code))
            if row is None:
                raise invalid_grant("Code not valid")
            if row["used"]:
                self._sessions.leave(row["client_session_id"])
            self._store.run("UPDATE codes SET used = 1 WHERE hash = ?", row["hash"])
        if row["used"] or row["expires_at"] <= self._clock():
            raise invalid_grant("Code not valid")
        return row

    # --- refresh_token ---------------------------------------------------------------------------

    def _refresh(self, client: Client, form: Form) -> Claims:
        row = self._known_refresh_token(client, form.get("refresh_token", ""))
        session = self._live_session(row["sid"], "Session not active")
        user = self._enabled_user(session)
        with self._store.transaction():
            is_reuse = self._use_up(row)
            if not is_reuse:
                self._sessions.touch(session)
                return self._tokens.for_person(user, client, session, row["scope"], kind="onrtrt")
        # Only after the transaction: raised inside, it would bring the ended session back.
        raise invalid_grant("Maximum allowed refresh token reuse exceeded")

    def _known_refresh_token(self, client: Client, token: str) -> sqlite3.Row:
        if not token:
            raise OAuthError("invalid_request", "No refresh token")
        row = self._store.one("SELECT * FROM refresh_tokens WHERE hash = ?", fingerprint(token))
        if row is None:
            raise invalid_grant("Invalid refresh token")
        if row["client_id"] != client.client_id:
            raise invalid_grant("Invalid refresh token. Token client and authorized client don't match")
        if row["expires_at"] <= self._clock():
            raise invalid_grant("Token is not active")
        return row

    def _use_up(self, row: sqlite3.Row) -> bool:
        """Whether the token was used before: then the client's session ends, also for the first user."""
        if not self._sessions.is_joined(row["client_session_id"]):
            raise invalid_grant("Session doesn't have required client")
        current = self._store.one("SELECT used FROM refresh_tokens WHERE hash = ?", row["hash"])
        is_reuse = current is not None and bool(current["used"])
        if is_reuse:
            self._sessions.leave(row["client_session_id"])
        self._store.run("UPDATE refresh_tokens SET used = 1 WHERE hash = ?", row["hash"])
        return is_reuse

    # --- client_credentials and password ---------------------------------------------------------

    def _for_service(self, client: Client, address: str) -> Claims:
        if not client.service_account:
            raise OAuthError("unauthorized_client", "Client not enabled to retrieve service account", 401)
        return self._tokens.for_service(client, address)

    def _check_password(self, client: Client, form: Form) -> Claims:
        """For tests only; the realm allows it to no client."""
        if not self._password_grant:
            raise OAuthError("unauthorized_client", "Client not allowed for direct access grants")
        user = self._people.named(form.get("username", ""))
        locked = user is not None and self._guard.is_locked(user.id)
        matches = password_matches(user, form.get("password", ""))
        if user is None or locked or not matches:
            if user and not locked:
                self._guard.record_failure(user.id)
            raise invalid_grant("Invalid user credentials")
        if not user.enabled:
            raise invalid_grant("Account disabled")
        self._guard.forgive(user.id)
        session, _ = self._sessions.start(user.id, remembered=False)
        scope = accepted_scope(form.get("scope", ""))
        return self._tokens.for_person(user, client, session, scope, kind="onrtro")

    # --- what all have in common -----------------------------------------------------------------

    def _live_session(self, sid: str, otherwise: str) -> Session:
        session = self._sessions.find(sid)
        if session is None:
            raise invalid_grant(otherwise)
        return session

    def _enabled_user(self, session: Session) -> User:
        user = self._people.find(session.user_id)
        if user is None:
            raise invalid_grant("Session not active")
        if not user.enabled:
            raise invalid_grant("User disabled")
        return user


def accepted_scope(asked: str) -> str:
    """profile and email are default scopes: they come along unasked. ValueError for an unknown scope."""
    names = asked.split()
    known = {"openid", "profile", "email"}
    if unknown := set(names) - known - {"basic", "acr", "roles"}:
        raise ValueError(" ".join(sorted(unknown)))
    return " ".join([*(["openid"] if "openid" in names else []), "profile", "email"])


def _check_pkce(request: Mapping[str, Any], verifier: str) -> None:
    if not verifier:
        raise invalid_grant("PKCE code verifier not specified")
    digest = hashlib.sha256(verifier.encode()).digest()
    computed = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if not hmac.compare_digest(computed, request["code_challenge"]):
        raise invalid_grant("PKCE verification failed: Code mismatch")
