"""Tokens: their shape, how often they work, and what they are worth to whom."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.identity.provider import (
    Person,
    Provider,
    as_list,
    callback_of,
    claims_of,
    header_of,
    refused,
    secret_of,
)

APIS = {f"marquee-{name}" for name in ("auth", "movies", "payment", "ticket", "review", "notification")}
NOT_VALID = (400, "invalid_grant", "Code not valid")


@pytest.fixture
def nora(provider: Provider) -> Person:
    return provider.person()


def code_for(person: Person) -> str:
    return callback_of(person.provider.browser().sign_in(person.username))["code"]


# --- their shape -----------------------------------------------------------------------------------------


def test_an_access_token_is_for_each_api_and_says_who_and_what(provider: Provider) -> None:
    answer = provider.browser().tokens("viola")
    header, access = header_of(answer["access_token"]), claims_of(answer["access_token"])

    (signing,) = [key["kid"] for key in provider.published_keys() if key["use"] == "sig"]
    assert header == {"alg": "RS256", "typ": "JWT", "kid": signing}
    assert set(access["aud"]) == APIS
    assert access["exp"] - access["iat"] == 300
    assert answer["expires_in"] in (299, 300)  # whole seconds, counted a moment later
    assert (access["iss"], access["azp"], access["typ"]) == (provider.issuer, "marquee-web", "Bearer")
    assert access["sid"] == answer["session_state"]
    assert access["realm_access"] == {"roles": ["viewer"]}
    assert "resource_access" not in access
    assert (access["name"], access["preferred_username"]) == ("Viola Viewer", "viola")
    assert set(answer["scope"].split()) == set(access["scope"].split()) == {"openid", "profile", "email"}
    assert answer["refresh_expires_in"] in (1799, 1800)
    assert set(answer) == {
        "access_token",
        "expires_in",
        "id_token",
        "not-before-policy",
        "refresh_expires_in",
        "refresh_token",
        "scope",
        "session_state",
        "token_type",
    }


def test_its_claims_are_these(provider: Provider, nora: Person) -> None:
    tokens = provider.browser().tokens(nora.username)

    names = set(claims_of(tokens["access_token"]))
    assert names == {
        *("exp", "iat", "auth_time", "jti", "iss", "aud", "sub", "typ", "azp", "sid", "acr", "realm_access"),
        *("scope", "email_verified", "name", "preferred_username", "given_name", "family_name", "email"),
    }
    in_id_token = names - {"realm_access", "scope"} | {"nonce", "at_hash"}
    assert set(claims_of(tokens["id_token"])) == in_id_token


def test_an_id_token_is_for_the_client_and_carries_the_nonce(provider: Provider, nora: Person) -> None:
    answer = provider.browser().tokens(nora.username)
    token = claims_of(answer["id_token"])

    assert (token["aud"], token["typ"], token["nonce"]) == ("marquee-web", "ID", "the-nonce")
    half = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    assert token["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")


@pytest.mark.parametrize(
    ("name", "roles"),
    [("stan", {"viewer", "staff"}), ("edda", {"viewer", "editor"}), ("ada", {"viewer", "admin"})],
)
def test_the_demo_people_have_their_roles(provider: Provider, name: str, roles: set[str]) -> None:
    access = claims_of(provider.browser().tokens(name)["access_token"])

    assert set(access["realm_access"]["roles"]) == roles


def test_demo_people_are_the_same_people_with_either_provider(provider: Provider) -> None:
    access = claims_of(provider.browser().tokens("viola")["access_token"])

    assert access["sub"] == "f82446ef-643e-55bf-83c3-162a59ab260b"


# --- services --------------------------------------------------------------------------------------------


def test_notification_may_read_tickets_and_nothing_else(provider: Provider) -> None:
    answer = provider.service_token("marquee-notification").json()
    token = claims_of(answer["access_token"])

    assert token["aud"] == "marquee-ticket"
    assert token["resource_access"] == {"marquee-ticket": {"roles": ["tickets.read"]}}
    assert token["azp"] == token["client_id"] == "marquee-notification"
    assert not {"sid", "auth_time", "realm_access", "preferred_username", "acr"} & set(token)
    assert answer["refresh_expires_in"] == 0
    assert not {"refresh_token", "session_state", "id_token"} & set(answer)


def test_the_website_may_read_sessions(provider: Provider) -> None:
    token = claims_of(provider.service_token("marquee-web").json()["access_token"])

    assert token["resource_access"] == {"marquee-auth": {"roles": ["sessions.read"]}}
    assert set(as_list(token["aud"])) == APIS
    assert "realm_access" not in token
    assert token["preferred_username"] == "service-account-marquee-web"


@pytest.mark.parametrize("name", ["auth", "movies", "payment", "ticket", "review"])
def test_the_other_services_have_no_account(provider: Provider, name: str) -> None:
    answer = provider.service_token(f"marquee-{name}")

    assert refused(answer) == (
        401,
        "unauthorized_client",
        "Client not enabled to retrieve service account",
    )


# --- the endpoint ----------------------------------------------------------------------------------------


def test_a_wrong_secret_and_an_unknown_client_read_the_same(provider: Provider) -> None:
    message = "Invalid client or Invalid client credentials"
    form = {"grant_type": "client_credentials"}

    assert refused(provider.token(client_secret="x", **form)) == (401, "unauthorized_client", message)
    assert refused(provider.token("somebody", **form)) == (401, "invalid_client", message)


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
def test_grants_that_are_not_given(
    provider: Provider, form: dict[str, str], expected: tuple[int, str, str]
) -> None:
    assert refused(provider.token(**form)) == expected


def test_clients_may_name_themselves_by_http_basic(provider: Provider) -> None:
    answer = requests.post(
        f"{provider.endpoint}/token",
        data={"grant_type": "client_credentials"},
        auth=("marquee-web", secret_of("web")),
        timeout=30,
    )

    assert answer.status_code == 200


def test_without_openid_there_is_no_id_token_and_no_userinfo(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    page = browser.submit(browser.ask(scope=None), username=nora.username, password="a long password")
    answer = provider.redeem(callback_of(page)["code"]).json()

    assert "id_token" not in answer
    answer = provider.userinfo(answer["access_token"])
    assert answer.status_code == 403
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


# --- codes -----------------------------------------------------------------------------------------------


def test_a_code_works_once_and_its_second_use_kills_what_the_first_one_got(
    provider: Provider, nora: Person
) -> None:
    browser = provider.browser()
    code = callback_of(browser.sign_in(nora.username))["code"]
    first = provider.redeem(code).json()

    assert refused(provider.redeem(code)) == NOT_VALID
    assert provider.userinfo(first["access_token"]).status_code == 401
    assert provider.refresh(first["refresh_token"]).status_code == 400
    assert browser.is_signed_in()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code_verifier": "w" * 64}, "PKCE verification failed: Code mismatch"),
        ({"code_verifier": ""}, "PKCE code verifier not specified"),
        ({"redirect_uri": "http://localhost/elsewhere"}, "Incorrect redirect_uri"),
    ],
)
def test_a_failed_redemption_burns_the_code(
    provider: Provider, nora: Person, changes: dict[str, str], message: str
) -> None:
    code = code_for(nora)

    assert refused(provider.redeem(code, **changes)) == (400, "invalid_grant", message)
    assert refused(provider.redeem(code)) == NOT_VALID


def test_another_clients_code_is_refused(provider: Provider, nora: Person) -> None:
    form = {"code": code_for(nora), "redirect_uri": provider.addresses.callback}
    answer = provider.token("marquee-movies", grant_type="authorization_code", **form)

    assert answer.status_code == 400
    assert answer.json()["error_description"].startswith("Auth error")


# --- refresh tokens --------------------------------------------------------------------------------------


def test_each_refresh_gives_new_tokens_with_the_roles_of_now(provider: Provider, nora: Person) -> None:
    first = provider.browser().tokens(nora.username)
    nora.give_role("staff")

    second = provider.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    access, token = claims_of(second["access_token"]), claims_of(second["id_token"])
    assert set(access["realm_access"]["roles"]) == {"viewer", "staff"}
    assert access["auth_time"] == claims_of(first["access_token"])["auth_time"]
    assert access["sid"] == claims_of(first["access_token"])["sid"]
    assert "nonce" not in token


def test_an_old_refresh_token_ends_the_clients_session_but_not_the_persons(
    provider: Provider, nora: Person
) -> None:
    browser = provider.browser()
    first = browser.tokens(nora.username)
    second = provider.refresh(first["refresh_token"]).json()

    reused = refused(provider.refresh(first["refresh_token"]))
    assert reused == (400, "invalid_grant", "Maximum allowed refresh token reuse exceeded")
    newest = refused(provider.refresh(second["refresh_token"]))
    assert newest == (400, "invalid_grant", "Session doesn't have required client")
    assert provider.userinfo(second["access_token"]).status_code == 401
    assert provider.receiver.tokens == []
    assert browser.is_signed_in()


def test_of_four_parallel_refreshes_one_wins_and_loses_its_tokens_too(
    provider: Provider, nora: Person
) -> None:
    token = provider.browser().tokens(nora.username)["refresh_token"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(provider.refresh, [token] * 4))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert provider.refresh(winner["refresh_token"]).status_code == 400
    assert provider.userinfo(winner["access_token"]).status_code == 401


def test_refresh_tokens_that_count_no_more(provider: Provider, nora: Person) -> None:
    tokens = provider.browser().tokens(nora.username)

    assert refused(provider.refresh("garbage")) == (400, "invalid_grant", "Invalid refresh token")
    stolen = provider.token(
        "marquee-movies", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert refused(stolen)[2].startswith("Invalid refresh token. Token client and")


# --- what tokens are worth -------------------------------------------------------------------------------


def test_userinfo_tells_who_it_is(provider: Provider, nora: Person) -> None:
    answer = provider.userinfo(provider.browser().tokens(nora.username)["access_token"]).json()

    assert answer == {
        "sub": nora.id,
        "email_verified": True,
        "name": "Nora Neu",
        "preferred_username": nora.username,
        "given_name": "Nora",
        "family_name": "Neu",
        "email": f"{nora.username}@example.org",
    }


def test_userinfo_refuses_a_bad_token_with_a_challenge(provider: Provider) -> None:
    answer = provider.userinfo("garbage")

    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="marquee", error="invalid_token", error_description="Token verification failed"'
    )


def test_introspection_tells_only_the_audience(provider: Provider, nora: Person) -> None:
    tokens = provider.browser().tokens(nora.username)

    seen = provider.introspect(tokens["access_token"], "marquee-movies")
    assert (seen["active"], seen["client_id"], seen["username"]) == (True, "marquee-web", nora.username)
    assert provider.introspect(tokens["access_token"], "marquee-web") == {"active": False}
    assert provider.introspect(tokens["refresh_token"], "marquee-web") == {"active": False}
    assert provider.introspect("garbage", "marquee-movies") == {"active": False}
    assert provider.introspect(tokens["id_token"], "marquee-web")["typ"] == "ID"


def test_a_revoked_access_token_leaves_the_refresh_token_alone(provider: Provider, nora: Person) -> None:
    tokens = provider.browser().tokens(nora.username)

    assert provider.revoke(tokens["access_token"]).status_code == 200
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert provider.refresh(tokens["refresh_token"]).status_code == 200


def test_a_revoked_refresh_token_ends_the_session_without_a_back_channel_call(
    provider: Provider, nora: Person
) -> None:
    browser = provider.browser()
    tokens = browser.tokens(nora.username)

    assert provider.revoke(tokens["refresh_token"]).status_code == 200
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert not browser.is_signed_in()
    assert provider.receiver.tokens == []


# --- keys ------------------------------------------------------------------------------------------------


def test_after_a_rotation_new_tokens_use_the_new_key_and_old_ones_stay_good(
    provider: Provider, nora: Person
) -> None:
    browser = provider.browser()
    old = browser.tokens(nora.username)
    with provider.second_key():
        new = provider.refresh(old["refresh_token"]).json()

        old_kid, new_kid = (header_of(tokens["access_token"])["kid"] for tokens in (old, new))
        assert new_kid != old_kid
        assert {old_kid, new_kid} <= {key["kid"] for key in provider.published_keys()}
        assert provider.userinfo(old["access_token"]).status_code == 200


def test_a_key_can_be_published_before_it_signs(provider: Provider, nora: Person) -> None:
    """So that every service knows it when the first token comes."""
    before = {key["kid"] for key in provider.published_keys()}
    with provider.second_key(active=False) as component:
        (new,) = {key["kid"] for key in provider.published_keys()} - before
        tokens = provider.browser().tokens(nora.username)
        assert header_of(tokens["access_token"])["kid"] in before

        provider.change_key(component, active="true")
        renewed = provider.refresh(tokens["refresh_token"]).json()
        assert header_of(renewed["access_token"])["kid"] == new


def test_a_key_switched_off_is_published_no_more_and_its_tokens_count_no_more(
    provider: Provider, nora: Person
) -> None:
    browser = provider.browser()
    with provider.second_key() as component:
        old = browser.tokens(nora.username)
        provider.change_key(component, active="false")
        assert provider.userinfo(old["access_token"]).status_code == 200

        provider.change_key(component, enabled="false")
        assert header_of(old["access_token"])["kid"] not in {key["kid"] for key in provider.published_keys()}
        assert provider.userinfo(old["access_token"]).status_code == 401
        assert browser.logout(id_token_hint=old["id_token"]).status_code == 400
        assert provider.refresh(old["refresh_token"]).status_code == 200
