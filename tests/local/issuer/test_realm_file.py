"""What real Keycloak demands of the file (it imports once, and some mistakes only show in tokens)."""

import json
import re

import pytest

from local.issuer.realm import read_realm
from local.issuer.settings import DEFAULT_REALM_FILE, DEMO_PEOPLE_FILE
from marquee.realm import RealmFileUnusable
from marquee.settings import Settings
from tests.local.issuer.world import NAMES

REALM = json.loads(DEFAULT_REALM_FILE.read_text())
DEMO = json.loads(DEMO_PEOPLE_FILE.read_text())
PLACEHOLDER = re.compile(r"\$\{[A-Z_]+\}")
APIS = {f"marquee-{name}" for name in NAMES} - {"marquee-web"}


def test_its_name_is_the_realms():
    assert DEFAULT_REALM_FILE.name == f"{REALM['realm']}-realm.json"


def test_it_defines_no_client_scopes_so_that_keycloak_makes_its_own():
    assert "clientScopes" not in REALM


def test_secrets_and_passwords_come_from_the_environment():
    secrets = [client["secret"] for client in REALM["clients"]]
    passwords = [c["value"] for user in DEMO["users"] for c in user.get("credentials", ())]
    assert len(secrets) == 7
    assert len(passwords) == 4
    assert all(PLACEHOLDER.fullmatch(value) for value in secrets + passwords)


def test_demo_people_stand_in_a_file_of_their_own_that_production_leaves_out():
    assert all("serviceAccountClientId" in user for user in REALM["users"])
    assert DEMO_PEOPLE_FILE.name == f"{DEMO['realm']}-users-0.json"
    assert [user["username"] for user in DEMO["users"]] == ["viola", "stan", "edda", "ada"]


def test_each_person_lists_the_default_role():
    assert all("default-roles-marquee" in user["realmRoles"] for user in DEMO["users"])


def test_composites_name_no_built_in_role():
    composites = [role["composites"]["realm"] for role in REALM["roles"]["realm"] if "composites" in role]
    assert composites == [["viewer"]]


def test_no_client_has_full_scope_or_the_password_grant():
    assert not any(client["fullScopeAllowed"] for client in REALM["clients"])
    assert not any(client["directAccessGrantsEnabled"] for client in REALM["clients"])


def test_tokens_count_of_exactly_those_clients_that_can_get_one():
    """A name that is trusted and not taken could be taken by anybody who may add clients."""
    able = {
        c["clientId"] for c in REALM["clients"] if c["standardFlowEnabled"] or c["serviceAccountsEnabled"]
    }

    assert set(Settings.model_fields["token_clients"].default.split(",")) == able


def test_the_web_clients_tokens_are_meant_for_every_api():
    (web,) = [client for client in REALM["clients"] if client["clientId"] == "marquee-web"]
    audiences = {mapper["config"]["included.client.audience"] for mapper in web["protocolMappers"]}
    assert audiences == APIS


def test_service_accounts_keep_their_scope_and_may_use_their_roles():
    clients = {client["clientId"]: client for client in REALM["clients"]}
    service_users = REALM["users"]
    assert len(service_users) == 2
    for user in service_users:
        client_id = user["serviceAccountClientId"]
        assert "service_account" in clients[client_id]["defaultClientScopes"]
        for owner, roles in user["clientRoles"].items():
            assert {"client": client_id, "roles": roles} in REALM["clientScopeMappings"][owner]
            assert set(roles) <= {role["name"] for role in REALM["roles"]["client"][owner]}


def test_a_missing_secret_is_named_instead_of_becoming_the_secret():
    with pytest.raises(RealmFileUnusable, match="MARQUEE_WEB_SECRET"):
        read_realm(DEFAULT_REALM_FILE, {})
