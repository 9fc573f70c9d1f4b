"""The realm file as Keycloak reads it: who may sign in, through which client, with which rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from marquee.realm import read_realm_file

ROLES = dict[str, frozenset[str]]


@dataclass(frozen=True)
class Client:
    client_id: str
    secret: str
    redirect_uris: tuple[str, ...]
    post_logout_uris: tuple[str, ...]
    base_url: str
    backchannel_url: str
    browser_login: bool
    service_account: bool
    audiences: frozenset[str]
    scopes: frozenset[str]
    realm_roles: frozenset[str]  # what tokens of this client may carry, as the file's scopeMappings say
    client_roles: ROLES
    service_roles: ROLES

    @property
    def uuid(self) -> str:
        return _stable_id("client", self.client_id)

    @property
    def service_user_id(self) -> str:
        return _stable_id("service-account", self.client_id)


@dataclass(frozen=True)
class ListedUser:
    id: str
    username: str
    email: str
    first_name: str
    last_name: str
    email_verified: bool
    enabled: bool
    password: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Realm:
    name: str
    raw: Mapping[str, Any]
    clients: Mapping[str, Client]
    users: tuple[ListedUser, ...]
    roles: tuple[str, ...]
    default_roles: frozenset[str]

    @property
    def id(self) -> str:
        return _stable_id("realm", self.name)

    def number(self, setting: str) -> int:
        return int(self.raw[setting])

    def effective_roles(self, roles: frozenset[str]) -> frozenset[str]:
        """`default-roles-<realm>` stands for what it is made of."""
        composite = f"default-roles-{self.name}"
        return (roles - {composite}) | (self.default_roles if composite in roles else frozenset())

    def role_id(self, role: str) -> str:
        return _stable_id("role", role)


def read_realm(path: Path, variables: Mapping[str, str], people_file: Path | None = None) -> Realm:
    """The realm, with the people of a second file where there is one.

    Raises RealmFileUnusable naming every variable that is missing.
    """
    raw = read_realm_file(path, variables)
    people = read_realm_file(people_file, variables)["users"] if people_file else []
    service_users = {user["serviceAccountClientId"]: user for user in raw["users"]}
    return Realm(
        name=raw["realm"],
        raw=raw,
        clients={
            client["clientId"]: _client(client, raw, service_users.get(client["clientId"], {}))
            for client in raw["clients"]
        },
        users=tuple(map(_listed, people)),
        roles=tuple(role["name"] for role in raw["roles"]["realm"]),
        default_roles=_default_roles(raw),
    )


def _client(raw: Mapping[str, Any], realm: Mapping[str, Any], service_user: Mapping[str, Any]) -> Client:
    attributes = raw.get("attributes", {})
    name = raw["clientId"]
    return Client(
        client_id=name,
        secret=raw["secret"],
        redirect_uris=tuple(raw.get("redirectUris", ())),
        post_logout_uris=tuple(filter(None, attributes.get("post.logout.redirect.uris", "").split("##"))),
        base_url=raw.get("baseUrl", ""),
        backchannel_url=attributes.get("backchannel.logout.url", ""),
        browser_login=raw["standardFlowEnabled"],
        service_account=raw.get("serviceAccountsEnabled", False),
        audiences=frozenset(
            mapper["config"]["included.client.audience"] for mapper in raw.get("protocolMappers", ())
        ),
        scopes=frozenset(raw["defaultClientScopes"]),
        realm_roles=_mapped(realm["scopeMappings"], name),
        client_roles={
            owner: roles
            for owner, mappings in realm["clientScopeMappings"].items()
            if (roles := _mapped(mappings, name))
        },
        service_roles={
            owner: frozenset(roles) for owner, roles in service_user.get("clientRoles", {}).items()
        },
    )


def _mapped(mappings: list[dict[str, Any]], client: str) -> frozenset[str]:
    return frozenset(role for mapping in mappings if mapping["client"] == client for role in mapping["roles"])


def _listed(user: Mapping[str, Any]) -> ListedUser:
    return ListedUser(
        id=user["id"],
        username=user["username"],
        email=user["email"],
        first_name=user["firstName"],
        last_name=user["lastName"],
        email_verified=user["emailVerified"],
        enabled=user["enabled"],
        password=user["credentials"][0]["value"],
        roles=frozenset(user["realmRoles"]),
    )


def _default_roles(raw: Mapping[str, Any]) -> frozenset[str]:
    default = raw["defaultRole"]["name"]
    return frozenset(
        name
        for role in raw["roles"]["realm"]
        if role["name"] == default
        for name in role["composites"]["realm"]
    )


def _stable_id(kind: str, name: str) -> str:
    """The same in every new world."""
    return str(uuid5(NAMESPACE_URL, f"marquee/{kind}/{name}"))
