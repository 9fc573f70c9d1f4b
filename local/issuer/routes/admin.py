"""The small part of Keycloak's admin REST that tests and a person with curl need."""

from __future__ import annotations

import hmac
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from local.issuer.errors import OAuthError, invalid_grant
from local.issuer.issuer import Issuer, current_issuer
from local.issuer.keys import BadToken
from local.issuer.people import User, UserExists
from local.issuer.routes.registration import password_complaint

admin = Blueprint("admin", __name__)
_TOKEN_SECONDS = 60
_KEY_PROVIDER = "org.keycloak.keys.KeyProvider"


class AdminRefused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@admin.post("/realms/master/protocol/openid-connect/token")
def admin_token() -> ResponseReturnValue:
    """Without an admin's name and password in the environment there is no admin."""
    issuer, form = current_issuer(), request.form
    if form.get("client_id") != "admin-cli":
        raise OAuthError("invalid_client", "Invalid client or Invalid client credentials", 401)
    settings = issuer.settings
    given = f"{form.get('username', '')}\n{form.get('password', '')}".encode()
    expected = f"{settings.admin_username}\n{settings.admin_password}".encode()
    if not settings.admin_password or not hmac.compare_digest(given, expected):
        raise invalid_grant("Invalid user credentials")
    now = int(issuer.clock())
    claims = {
        "iss": _master(issuer),
        "iat": now,
        "exp": now + _TOKEN_SECONDS,
        "typ": "Bearer",
        "azp": "admin-cli",
    }
    token = issuer.keys.sign(claims | {"sub": settings.admin_username, "jti": str(uuid4())})
    return jsonify(access_token=token, expires_in=_TOKEN_SECONDS, token_type="Bearer")  # noqa: S106


rest = Blueprint("admin_rest", __name__, url_prefix="/admin/realms/<realm>")


@rest.before_request
def require_admin() -> None:
    issuer = current_issuer()
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        claims = issuer.keys.read(token)
    except BadToken as error:
        raise AdminRefused(401, "HTTP 401 Unauthorized") from error
    if claims["iss"] != _master(issuer):
        raise AdminRefused(403, "HTTP 403 Forbidden")


@rest.get("/users")
def list_users() -> ResponseReturnValue:
    people, args = current_issuer().people, request.args
    exact = args.get("email") or args.get("username")
    if exact:
        found = people.named(exact)
        return jsonify([_user_json(found)] if found else [])
    first, limit = args.get("first", 0, int), args.get("max", 100, int)
    return jsonify([_user_json(user) for user in people.list(args.get("search", ""), first, limit)])


@rest.get("/users/count")
def count_users() -> ResponseReturnValue:
    return jsonify(len(current_issuer().people.list(limit=-1)))


@rest.post("/users")
def create_user() -> ResponseReturnValue:
    issuer, body = current_issuer(), request.get_json()
    password = _given_password(body)
    username, email = body["username"], body.get("email", "")
    if complaint := password_complaint(password, username, email, issuer.realm.raw["passwordPolicy"]):
        raise AdminRefused(400, complaint)
    try:
        user = issuer.people.create(
            username=username,
            email=email,
            first_name=body.get("firstName", ""),
            last_name=body.get("lastName", ""),
            password=password,
            email_verified=body.get("emailVerified", False),
            enabled=body.get("enabled", False),
        )
    except UserExists as taken:
        raise AdminRefused(409, f"User exists with same {taken}") from taken
    return Response(status=201, headers={"Location": f"{request.base_url}/{user.id}"})


@rest.get("/users/<user_id>")
def read_user(user_id: str) -> ResponseReturnValue:
    return jsonify(_user_json(_person(user_id)))


@rest.put("/users/<user_id>")
def change_user(user_id: str) -> ResponseReturnValue:
    """Disabling tells nobody and ends nothing; whoever locks somebody out also signs them out."""
    user, body = _person(user_id), request.get_json()
    if "enabled" in body:
        current_issuer().people.set_enabled(user.id, bool(body["enabled"]))
    return Response(status=204)


@rest.delete("/users/<user_id>")
def delete_user(user_id: str) -> ResponseReturnValue:
    issuer, user = current_issuer(), _person(user_id)
    for session in issuer.sessions.of_user(user.id):
        issuer.sessions.end(session.sid)
    issuer.people.delete(user.id)
    return Response(status=204)


@rest.put("/users/<user_id>/reset-password")
def reset_password(user_id: str) -> ResponseReturnValue:
    issuer, user, password = current_issuer(), _person(user_id), request.get_json()["value"]
    policy = issuer.realm.raw["passwordPolicy"]
    if complaint := password_complaint(password, user.username, user.email, policy):
        raise AdminRefused(400, complaint)
    issuer.people.set_password(user.id, password)
    return Response(status=204)


@rest.get("/users/<user_id>/sessions")
def list_sessions(user_id: str) -> ResponseReturnValue:
    user = _person(user_id)
    return jsonify(
        [
            {
                "id": session.sid,
                "userId": user.id,
                "username": user.username,
                "start": int(session.started_at * 1000),
                "lastAccess": int(session.seen_at * 1000),
                "rememberMe": session.remembered,
            }
            for session in current_issuer().sessions.of_user(user.id)
        ]
    )


@rest.post("/users/<user_id>/logout")
def sign_out_user(user_id: str) -> ResponseReturnValue:
    issuer = current_issuer()
    for session in issuer.sessions.of_user(_person(user_id).id):
        issuer.sign_out(session)
    return Response(status=204)


@rest.delete("/sessions/<sid>")
def end_session(sid: str) -> ResponseReturnValue:
    issuer = current_issuer()
    session = issuer.sessions.find(sid)
    if session is None:
        raise AdminRefused(404, "Session not found")
    issuer.sign_out(session)
    return Response(status=204)


# --- roles ---------------------------------------------------------------------------------------------


@rest.get("/roles/<name>")
def read_role(name: str) -> ResponseReturnValue:
    realm = current_issuer().realm
    if name not in realm.roles:
        raise AdminRefused(404, "Could not find role")
    return jsonify(_role_json(name))


@rest.get("/users/<user_id>/role-mappings/realm")
def list_roles(user_id: str) -> ResponseReturnValue:
    return jsonify([_role_json(name) for name in sorted(_person(user_id).roles)])


@rest.get("/users/<user_id>/role-mappings/realm/available")
def list_available_roles(user_id: str) -> ResponseReturnValue:
    has = _person(user_id).roles
    return jsonify([_role_json(name) for name in current_issuer().realm.roles if name not in has])


@rest.post("/users/<user_id>/role-mappings/realm")
def give_roles(user_id: str) -> ResponseReturnValue:
    user = _person(user_id)
    current_issuer().people.set_roles(user.id, user.roles | _named_roles())
    return Response(status=204)


@rest.delete("/users/<user_id>/role-mappings/realm")
def take_roles(user_id: str) -> ResponseReturnValue:
    user = _person(user_id)
    current_issuer().people.set_roles(user.id, user.roles - _named_roles())
    return Response(status=204)


# --- the lock against guessing ---------------------------------------------------------------------------


@rest.get("/attack-detection/brute-force/users/<user_id>")
def lock_status(user_id: str) -> ResponseReturnValue:
    return jsonify(current_issuer().guard.status(user_id))


@rest.delete("/attack-detection/brute-force/users/<user_id>")
def unlock(user_id: str) -> ResponseReturnValue:
    current_issuer().guard.forgive(user_id)
    return Response(status=204)


@rest.delete("/attack-detection/brute-force/users")
def unlock_all() -> ResponseReturnValue:
    current_issuer().guard.forgive_all()
    return Response(status=204)


# --- keys ------------------------------------------------------------------------------------------------


@rest.get("/components")
def list_components() -> ResponseReturnValue:
    return jsonify([_component_json(row) for row in current_issuer().keys.components()])


@rest.post("/components")
def add_component() -> ResponseReturnValue:
    body = request.get_json()
    if body.get("providerType") != _KEY_PROVIDER or body.get("providerId") != "rsa-generated":
        raise AdminRefused(400, "Only RSA signing keys can be added here")
    config = {"priority": ["100"], "active": ["true"]} | body.get("config", {})
    component_id = current_issuer().keys.add(
        body["name"], priority=int(config["priority"][0]), active=config["active"] == ["true"]
    )
    return Response(status=201, headers={"Location": f"{request.base_url}/{component_id}"})


@rest.get("/components/<component_id>")
def read_component(component_id: str) -> ResponseReturnValue:
    return jsonify(_component(component_id))


@rest.put("/components/<component_id>")
def change_component(component_id: str) -> ResponseReturnValue:
    config = _component(component_id)["config"] | request.get_json().get("config", {})
    current_issuer().keys.change(
        component_id,
        priority=int(config["priority"][0]),
        active=config["active"] == ["true"],
        enabled=config["enabled"] == ["true"],
    )
    return Response(status=204)


@rest.delete("/components/<component_id>")
def remove_component(component_id: str) -> ResponseReturnValue:
    current_issuer().keys.remove(component_id)
    return Response(status=204)


def _master(issuer: Issuer) -> str:
    return f"{issuer.settings.issuer_url}/realms/master"


def _person(user_id: str) -> User:
    user = current_issuer().people.find(user_id)
    if user is None:
        raise AdminRefused(404, "User not found")
    return user


def _given_password(body: dict[str, Any]) -> str:
    credentials = body.get("credentials") or [{}]
    # Without a password nobody can sign in: a random one says the same.
    return str(credentials[0].get("value") or uuid4())


def _named_roles() -> frozenset[str]:
    """Keycloak looks roles up by id; a name alone finds nothing."""
    realm = current_issuer().realm
    ids = {realm.role_id(name): name for name in realm.roles}
    wanted = [role.get("id") for role in request.get_json()]
    if not all(role_id in ids for role_id in wanted):
        raise AdminRefused(404, "Role not found")
    return frozenset(ids[role_id] for role_id in wanted)


def _role_json(name: str) -> dict[str, object]:
    return {"id": current_issuer().realm.role_id(name), "name": name, "clientRole": False}


def _user_json(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "emailVerified": user.email_verified,
        "enabled": user.enabled,
    }


def _component(component_id: str) -> dict[str, Any]:
    for row in current_issuer().keys.components():
        if row["component_id"] == component_id:
            return _component_json(row)
    raise AdminRefused(404, "Could not find component")


def _component_json(row: Any) -> dict[str, Any]:
    return {
        "id": row["component_id"],
        "name": row["name"],
        "providerId": "rsa-generated" if row["use"] == "sig" else "rsa-enc-generated",
        "providerType": _KEY_PROVIDER,
        "parentId": current_issuer().realm.id,
        "config": {
            "priority": [str(row["priority"])],
            "active": ["true" if row["active"] else "false"],
            "enabled": ["true" if row["enabled"] else "false"],
        },
    }
