import pytest

from local.issuer.settings import Settings
from tests.local.issuer.world import callback_of

MAX = {
    "username": "max",
    "email": "max@example.org",
    "enabled": True,
    "firstName": "Max",
    "lastName": "Muster",
    "credentials": [{"type": "password", "value": "a long password"}],
}


def test_an_admin_makes_a_person_who_can_sign_in(world):
    answer = world.admin("POST", "/users", MAX)
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(world.user_id("max"))
    assert "code" in callback_of(world.browser().sign_in("max", "a long password"))


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"username": "viola"}, 409, "User exists with same username"),
        ({"email": "viola@marquee.example"}, 409, "User exists with same email"),
        ({"credentials": [{"value": "short"}]}, 400, "Invalid password: minimum length 10."),
    ],
)
def test_a_person_who_cannot_be_made(world, changes, status, message):
    answer = world.admin("POST", "/users", MAX | changes)
    assert (answer.status_code, answer.get_json()) == (status, {"errorMessage": message})


def test_roles_are_given_and_taken_by_id(world):
    path = f"/users/{world.user_id('viola')}/role-mappings/realm"
    assert world.admin("POST", path, [{"name": "staff"}]).status_code == 404
    staff = world.admin("GET", "/roles/staff").get_json()
    assert world.admin("POST", path, [staff]).status_code == 204
    assert "staff" in {role["name"] for role in world.admin("GET", path).get_json()}
    assert world.admin("DELETE", path, [staff]).status_code == 204
    assert "staff" not in {role["name"] for role in world.admin("GET", path).get_json()}


def test_a_persons_token_opens_no_admin_door(world):
    headers = {"Authorization": f"Bearer {world.browser().tokens('ada')['access_token']}"}
    client = world.app.test_client()
    assert client.get("/admin/realms/marquee/users", headers=headers).status_code == 403
    assert client.get("/admin/realms/marquee/users").status_code == 401


def test_without_an_admin_password_there_is_no_admin(make_world):
    world = make_world(admin_username="", admin_password="")
    form = {"grant_type": "password", "client_id": "admin-cli", "username": "", "password": ""}
    answer = world.app.test_client().post("/realms/master/protocol/openid-connect/token", data=form)
    assert answer.status_code == 400


def test_addresses_have_local_defaults():
    settings = Settings.from_environment({"PORT": "8200"})
    assert settings.issuer_url == "http://localhost:8200"
    assert settings.variables["MARQUEE_AUTH_INTERNAL_URL"] == "http://localhost:5001"
    assert not settings.password_grant
