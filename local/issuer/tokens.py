"""Tokens in Keycloak's shape."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from local.issuer.keys import BadToken, Keys
from local.issuer.people import User
from local.issuer.realm import ROLES, Client, Realm
from local.issuer.sessions import Session, Sessions, fingerprint
from local.issuer.store import Store

Claims = dict[str, Any]


class Tokens:
    def __init__(
        self,
        store: Store,
        realm: Realm,
        keys: Keys,
        sessions: Sessions,
        issuer: str,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._realm, self._keys = store, realm, keys
        self._sessions, self._issuer, self._clock = sessions, issuer, clock

    def for_person(
        self, user: User, client: Client, session: Session, scope: str, *, kind: str, nonce: str = ""
    ) -> Claims:
        """The token endpoint's answer: access, refresh and (with scope openid) ID token."""
        client_session_id = self._sessions.join(session, client)
        lifetime = min(self._realm.number("accessTokenLifespan"), self._sessions.remaining_seconds(session))
        access = self._access_claims(user, client, session, scope, kind, lifetime)
        self._remember(access, client_session_id)
        access_token = self._keys.sign(access)
        refresh_seconds = self._sessions.idle_seconds(session)
        answer = {
            "access_token": access_token,
            "expires_in": lifetime,
            "refresh_expires_in": refresh_seconds,
            "refresh_token": self._refresh_token(
                user, client, session, client_session_id, scope, refresh_seconds
            ),
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session.sid,
            "scope": scope,
        }
        if "openid" in scope.split():
            answer["id_token"] = self._keys.sign(_id_claims(access, client, access_token, nonce))
        return answer

    def for_service(self, client: Client, address: str) -> Claims:
        lifetime = self._realm.number("accessTokenLifespan")
        roles = _within(client.service_roles, client.client_roles)
        claims = self._standard("trrtcc", lifetime) | {
            "sub": client.service_user_id,
            "typ": "Bearer",
            "azp": client.client_id,
            **_rights(client, frozenset(), roles),
            "scope": _scope(client),
            "clientHost": address,
            "clientAddress": address,
            "client_id": client.client_id,
        }
        if "acr" in client.scopes:
            claims["acr"] = "1"
        if "profile" in client.scopes:
            claims["preferred_username"] = f"service-account-{client.client_id}"
        return {
            "access_token": self._keys.sign(claims),
            "expires_in": lifetime,
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": claims["scope"],
        }

    def logout_token(self, client: Client, session: Session) -> str:
        now = int(self._clock())
        claims = {
            "exp": now + 120,
            "iat": now,
            "jti": str(uuid4()),
            "iss": self._issuer,
            "aud": client.client_id,
            "sub": session.user_id,
            "typ": "Logout",
            "sid": session.sid,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        return self._keys.sign(claims, typ="logout+jwt")

    def read_live(self, token: str) -> Claims:
        """The claims of a token that counts here and now. Raises BadToken; its text is for the caller."""
        claims = self._keys.read(token)
        if claims["iss"] != self._issuer:
            raise BadToken("another issuer's")
        if "sid" not in claims:
            return claims
        if self._sessions.find(claims["sid"]) is None:
            raise BadToken("user_session_not_found")
        if claims["typ"] == "Bearer":
            self._refuse_withdrawn(claims["jti"])
        return claims

    def revoke_access(self, claims: Claims) -> None:
        self._store.run("UPDATE access_tokens SET revoked = 1 WHERE jti = ?", claims["jti"])

    def _refuse_withdrawn(self, jti: str) -> None:
        row = self._store.one("SELECT * FROM access_tokens WHERE jti = ?", jti)
        if row is None or row["revoked"]:
            raise BadToken("revoked")
        if not self._sessions.is_joined(row["client_session_id"]):
            raise BadToken("user_session_not_found")

    def _access_claims(
        self, user: User, client: Client, session: Session, scope: str, kind: str, lifetime: int
    ) -> Claims:
        realm_roles = self._realm.effective_roles(user.roles) & client.realm_roles
        return (
            self._standard(kind, lifetime)
            | {
                "auth_time": int(session.auth_time),
                "sub": user.id,
                "typ": "Bearer",
                "azp": client.client_id,
                "sid": session.sid,
                "acr": "1",
                **_rights(client, realm_roles, {}),
                "scope": scope,
            }
            | identity(user)
        )

    def _standard(self, kind: str, lifetime: int) -> Claims:
        now = int(self._clock())
        return {"exp": now + lifetime, "iat": now, "jti": f"{kind}:{uuid4()}", "iss": self._issuer}

    def _remember(self, access: Claims, client_session_id: str) -> None:
        self._store.insert(
            "access_tokens",
            jti=access["jti"],
            client_session_id=client_session_id,
            expires_at=access["exp"],
            revoked=False,
        )

    def _refresh_token(
        self, user: User, client: Client, session: Session, client_session_id: str, scope: str, seconds: int
    ) -> str:
        token = secrets.token_urlsafe(48)
        self._store.insert(
            "refresh_tokens",
            hash=fingerprint(token),
            client_session_id=client_session_id,
            sid=session.sid,
            client_id=client.client_id,
            user_id=user.id,
            scope=scope,
            expires_at=self._clock() + seconds,
            used=False,
        )
        return token


def identity(user: User) -> Claims:
    """The claims of scopes profile and email."""
    return {
        "email_verified": user.email_verified,
        "name": user.name,
        "preferred_username": user.username,
        "given_name": user.first_name,
        "family_name": user.last_name,
        "email": user.email,
    }


def _id_claims(access: Claims, client: Client, access_token: str, nonce: str) -> Claims:
    left_out = ("realm_access", "resource_access", "scope")
    claims = {name: value for name, value in access.items() if name not in left_out}
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    claims |= {
        "aud": client.client_id,
        "typ": "ID",
        "jti": str(uuid4()),
        "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
    }
    return claims | ({"nonce": nonce} if nonce else {})


def _rights(client: Client, realm_roles: frozenset[str], client_roles: ROLES) -> Claims:
    """Keycloak leaves empty claims out, and gives `aud` as a string when it is one."""
    claims: Claims = {}
    audience = sorted(client.audiences | set(client_roles))
    if audience:
        claims["aud"] = audience[0] if len(audience) == 1 else audience
    if realm_roles:
        claims["realm_access"] = {"roles": sorted(realm_roles)}
    if client_roles:
        claims["resource_access"] = {owner: {"roles": sorted(roles)} for owner, roles in client_roles.items()}
    return claims


def _within(given: ROLES, allowed: ROLES) -> ROLES:
    kept = {owner: roles & allowed.get(owner, frozenset()) for owner, roles in given.items()}
    return {owner: roles for owner, roles in kept.items() if roles}


def _scope(client: Client) -> str:
    """Only profile and email name themselves in `scope`; the other default scopes stay silent."""
    return " ".join(sorted(client.scopes & {"profile", "email"}))
