import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from jose import jwt

from tests.local.issuer.world import CALLBACK, ISSUER, OC, callback_of, claims_of, problem

APIS = {f"marquee-{name}" for name in ("auth", "movies", "payment", "ticket", "review", "notification")}
NOT_VALID = (400, "invalid_grant", "Code not valid")


def login_code(world, browser=None):
    return callback_of((browser or world.browser()).sign_in())["code"]


# --- their shape ---------------------------------------------------------------------------------------


def test_an_access_token_has_keycloaks_shape(world):
    answer = world.browser().tokens()
    header, access = jwt.get_unverified_header(answer["access_token"]), claims_of(answer["access_token"])
    assert header == {"alg": "RS256", "typ": "JWT", "kid": world.published_kids()[0]}
    assert set(access["aud"]) == APIS
    assert access["exp"] - access["iat"] == answer["expires_in"] == 300
    assert (access["iss"], access["azp"], access["typ"]) == (ISSUER, "marquee-web", "Bearer")
    assert access["sid"] == answer["session_state"]
    assert access["realm_access"] == {"roles": ["viewer"]}
    assert "resource_access" not in access
    assert access["name"] == "Viola Viewer"
    assert answer["scope"] == access["scope"] == "openid profile email"
    assert answer["refresh_expires_in"] == 1800


def test_an_id_token_is_for_the_client_and_carries_the_nonce(world):
    answer = world.browser().tokens()
    token = claims_of(answer["id_token"])
    assert (token["aud"], token["typ"], token["nonce"]) == ("marquee-web", "ID", "the-nonce")
    half = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    assert token["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert "realm_access" not in token


@pytest.mark.parametrize(
    ("name", "roles"),
    [("stan", {"viewer", "staff"}), ("edda", {"viewer", "editor"}), ("ada", {"viewer", "admin"})],
)
def test_the_demo_people_have_their_roles(world, name, roles):
    access = claims_of(world.browser().tokens(name)["access_token"])
    assert set(access["realm_access"]["roles"]) == roles


def test_a_service_token_names_its_one_audience_and_no_session(world):
    answer = world.token("marquee-notification", grant_type="client_credentials").get_json()
    token = claims_of(answer["access_token"])
    assert token["aud"] == "marquee-ticket"
    assert token["resource_access"] == {"marquee-ticket": {"roles": ["tickets.read"]}}
    assert token["azp"] == token["client_id"] == "marquee-notification"
    assert not {"sid", "auth_time", "realm_access", "preferred_username"} & set(token)
    assert answer["refresh_expires_in"] == 0
    assert "refresh_token" not in answer


def test_the_web_client_may_read_sessions(world):
    answer = world.token("marquee-web", grant_type="client_credentials").get_json()
    assert claims_of(answer["access_token"])["resource_access"]["marquee-auth"] == {
        "roles": ["sessions.read"]
    }


def test_without_openid_there_is_no_id_token_and_no_userinfo(world):
    browser = world.browser()
    page = browser.ask(scope=None)
    answer = world.redeem(
        callback_of(browser.submit(page, username="viola", password="marquee-demo"))["code"]
    ).get_json()
    assert "id_token" not in answer
    refused = world.userinfo(answer["access_token"])
    assert refused.status_code == 403
    assert "insufficient_scope" in refused.headers["WWW-Authenticate"]


# --- codes ---------------------------------------------------------------------------------------------


def test_a_code_works_once_and_its_second_use_kills_what_the_first_one_got(world):
    browser = world.browser()
    code = login_code(world, browser)
    answer = world.redeem(code).get_json()
    assert problem(world.redeem(code)) == NOT_VALID
    assert world.userinfo(answer["access_token"]).status_code == 401
    assert world.refresh(answer["refresh_token"]).status_code == 400
    assert "code" in callback_of(browser.ask(prompt="none"))


def test_a_code_lasts_a_minute(world):
    code = login_code(world)
    world.clock.pass_seconds(60)
    assert problem(world.redeem(code)) == NOT_VALID


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code_verifier": "w" * 64}, "PKCE verification failed: Code mismatch"),
        ({"code_verifier": ""}, "PKCE code verifier not specified"),
        ({"redirect_uri": f"{CALLBACK}2"}, "Incorrect redirect_uri"),
    ],
)
def test_a_failed_redemption_burns_the_code(world, changes, message):
    code = login_code(world)
    assert problem(world.redeem(code, **changes)) == (400, "invalid_grant", message)
    assert problem(world.redeem(code)) == NOT_VALID


def test_another_clients_code_is_refused(world):
    code = login_code(world)
    answer = world.token("marquee-movies", grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert answer.status_code == 400
    assert answer.get_json()["error_description"].startswith("Auth error:")


# --- the endpoint --------------------------------------------------------------------------------------


def test_a_wrong_secret_and_an_unknown_client_read_the_same(world):
    message = "Invalid client or Invalid client credentials"
    form = {"grant_type": "client_credentials"}
    assert problem(world.token(client_secret="x", **form)) == (401, "unauthorized_client", message)
    assert problem(world.token("somebody", **form)) == (401, "invalid_client", message)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, (400, "invalid_request", "Missing form parameter: grant_type")),
        ({"grant_type": "magic"}, (400, "unsupported_grant_type", "Unsupported grant_type")),
        (
            {"grant_type": "password", "username": "viola", "password": "marquee-demo"},
            (400, "unauthorized_client", "Client not allowed for direct access grants"),
        ),
    ],
)
def test_grants_that_are_not_given(world, form, expected):
    assert problem(world.token(**form)) == expected


def test_clients_may_name_themselves_by_http_basic(world):
    answer = world.app.test_client().post(
        f"{OC}/token", data={"grant_type": "client_credentials"}, auth=("marquee-web", "secret-of-web")
    )
    assert answer.status_code == 200


def test_a_client_without_service_account_gets_no_token(world):
    answer = world.token("marquee-movies", grant_type="client_credentials")
    assert problem(answer) == (
        401,
        "unauthorized_client",
        "Client not enabled to retrieve service account",
    )


def test_the_password_grant_exists_for_tests_only(make_world):
    world = make_world(password_grant=True)
    form = {"grant_type": "password", "username": "viola", "scope": "openid"}
    assert world.token(**form, password="marquee-demo").status_code == 200
    refused = world.token(**form, password="wrong")
    assert problem(refused) == (400, "invalid_grant", "Invalid user credentials")


# --- refresh tokens ------------------------------------------------------------------------------------


def test_each_refresh_gives_new_tokens_with_the_roles_of_now(world):
    first = world.browser().tokens()
    role = world.admin("GET", "/roles/staff").get_json()
    world.admin("POST", f"/users/{world.user_id('viola')}/role-mappings/realm", [role])
    world.clock.pass_seconds(200)
    second = world.refresh(first["refresh_token"]).get_json()
    assert second["refresh_token"] != first["refresh_token"]
    access, token = claims_of(second["access_token"]), claims_of(second["id_token"])
    assert set(access["realm_access"]["roles"]) == {"viewer", "staff"}
    assert access["auth_time"] == claims_of(first["access_token"])["auth_time"]
    assert "nonce" not in token


def test_an_old_refresh_token_ends_the_clients_session_but_not_the_persons(world):
    browser = world.browser()
    first = browser.tokens()
    second = world.refresh(first["refresh_token"]).get_json()
    reused = world.refresh(first["refresh_token"])
    assert problem(reused) == (400, "invalid_grant", "Maximum allowed refresh token reuse exceeded")
    newest = world.refresh(second["refresh_token"])
    assert problem(newest) == (400, "invalid_grant", "Session doesn't have required client")
    assert world.userinfo(second["access_token"]).status_code == 401
    assert world.told == []
    assert "code" in callback_of(browser.ask(prompt="none"))


def test_of_four_parallel_refreshes_one_wins_and_loses_its_tokens_too(world):
    token = world.browser().tokens()["refresh_token"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(world.refresh, [token] * 4))
    won = [answer for answer in answers if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (winner,) = won
    assert world.refresh(winner.get_json()["refresh_token"]).status_code == 400
    assert world.userinfo(winner.get_json()["access_token"]).status_code == 401


def test_refresh_tokens_that_count_no_more(world):
    tokens = world.browser().tokens()
    assert problem(world.refresh("garbage"))[2] == "Invalid refresh token"
    stolen = world.token("marquee-movies", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert problem(stolen)[2].startswith("Invalid refresh token. Token client and")
    world.clock.pass_seconds(1800)
    assert problem(world.refresh(tokens["refresh_token"]))[2] == "Token is not active"


def test_a_disabled_persons_tokens_sleep_and_wake(world):
    tokens, user = world.browser().tokens(), world.user_id("viola")
    world.admin("PUT", f"/users/{user}", {"enabled": False})
    assert problem(world.refresh(tokens["refresh_token"]))[2] == "User disabled"
    assert "User disabled" in world.userinfo(tokens["access_token"]).headers["WWW-Authenticate"]
    assert world.told == []
    world.admin("PUT", f"/users/{user}", {"enabled": True})
    assert world.refresh(tokens["refresh_token"]).status_code == 200


# --- what tokens are worth -----------------------------------------------------------------------------


def test_userinfo_tells_who_it_is(world):
    answer = world.userinfo(world.browser().tokens()["access_token"]).get_json()
    assert answer["preferred_username"] == "viola"
    assert answer["email"] == "viola@marquee.example"


def test_userinfo_refuses_a_bad_token_with_a_challenge(world):
    answer = world.userinfo("garbage")
    assert (answer.status_code, answer.data) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="marquee", error="invalid_token", error_description="Token verification failed"'
    )


def test_introspection_tells_only_the_audience(world):
    tokens = world.browser().tokens()
    seen = world.introspect(tokens["access_token"], "marquee-movies")
    assert (seen["active"], seen["client_id"], seen["username"]) == (True, "marquee-web", "viola")
    assert world.introspect(tokens["access_token"], "marquee-web") == {"active": False}
    assert world.introspect(tokens["refresh_token"], "marquee-web") == {"active": False}
    assert world.introspect("garbage", "marquee-movies") == {"active": False}
    assert world.introspect(tokens["id_token"], "marquee-web")["typ"] == "ID"


def test_a_revoked_access_token_leaves_the_refresh_token_alone(world):
    tokens = world.browser().tokens()
    assert world.revoke(tokens["access_token"]).status_code == 200
    assert world.userinfo(tokens["access_token"]).status_code == 401
    assert world.refresh(tokens["refresh_token"]).status_code == 200


def test_a_revoked_refresh_token_ends_the_session_without_a_back_channel_call(world):
    browser = world.browser()
    tokens = browser.tokens()
    assert world.revoke(tokens["refresh_token"]).status_code == 200
    assert world.userinfo(tokens["access_token"]).status_code == 401
    assert callback_of(browser.ask(prompt="none"))["error"] == "login_required"
    assert world.told == []


# --- keys ----------------------------------------------------------------------------------------------


def test_the_published_keys_are_one_to_sign_and_one_to_encrypt(world):
    answer = world.app.test_client().get(f"{OC}/certs")
    assert answer.headers["Cache-Control"] == "no-cache"
    keys = answer.get_json()["keys"]
    assert [(key["use"], key["alg"]) for key in keys] == [("sig", "RS256"), ("enc", "RSA-OAEP")]
    assert all(len(key["kid"]) == 43 and key["kty"] == "RSA" for key in keys)


def add_key(world):
    config = {"priority": ["200"], "enabled": ["true"], "active": ["true"]}
    body = {
        "name": "rsa-2",
        "providerId": "rsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "config": config,
    }
    assert world.admin("POST", "/components", body).status_code == 201


def test_after_a_rotation_new_tokens_use_the_new_key_and_old_ones_stay_good(world):
    browser = world.browser()
    old = browser.tokens()
    add_key(world)
    assert len(world.published_kids()) == 3
    new = world.refresh(old["refresh_token"]).get_json()
    old_kid = jwt.get_unverified_header(old["access_token"])["kid"]
    new_kid = jwt.get_unverified_header(new["access_token"])["kid"]
    assert new_kid != old_kid
    assert {old_kid, new_kid} <= set(world.published_kids())
    assert world.userinfo(old["access_token"]).status_code == 200


def test_a_key_switched_off_is_published_no_more_and_its_tokens_count_no_more(world):
    browser = world.browser()
    old = browser.tokens()
    add_key(world)
    components = {row["name"]: row["id"] for row in world.admin("GET", "/components").get_json()}
    path = f"/components/{components['rsa-generated']}"
    world.admin("PUT", path, {"config": {"active": ["false"]}})
    assert world.userinfo(old["access_token"]).status_code == 200
    world.admin("PUT", path, {"config": {"active": ["false"], "enabled": ["false"]}})
    assert len(world.published_kids()) == 2
    assert world.userinfo(old["access_token"]).status_code == 401
    assert browser.logout(id_token_hint=old["id_token"]).status_code == 400
    assert world.refresh(old["refresh_token"]).status_code == 200
