"""Signing out: by the person, by a client, by an admin; and who is told."""

import pytest

from tests.identity.provider import Person, Provider, claims_of, header_of, refused, words_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def nora(provider: Provider) -> Person:
    return provider.person()


def test_a_hint_and_an_address_sign_out_and_lead_there(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    hint = browser.tokens(nora.username)["id_token"]

    answer = browser.logout(
        id_token_hint=hint, post_logout_redirect_uri=provider.addresses.signed_out, state="s"
    )
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{provider.addresses.signed_out}?state=s"
    assert not browser.is_signed_in()


def test_a_hint_works_without_cookies_and_twice(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    tokens = browser.tokens(nora.username)

    for _ in range(2):
        answer = provider.browser().logout(
            id_token_hint=tokens["id_token"], post_logout_redirect_uri=provider.addresses.home
        )
        assert (answer.status_code, answer.headers["Location"]) == (302, provider.addresses.home)
    assert refused(provider.refresh(tokens["refresh_token"]))[2] == "Session not active"
    assert not browser.is_signed_in()


def test_a_hint_alone_shows_a_page(provider: Provider, nora: Person) -> None:
    browser = provider.browser()

    page = browser.logout(id_token_hint=browser.tokens(nora.username)["id_token"])
    assert page.status_code == 200
    assert "You are logged out" in words_of(page)
    assert not browser.is_signed_in()


@pytest.mark.parametrize("with_address", [False, True])
def test_without_a_hint_the_person_is_asked(provider: Provider, nora: Person, with_address: bool) -> None:
    browser, signed_out = provider.browser(), provider.addresses.signed_out
    access_token = browser.tokens(nora.username)["access_token"]
    query = {"client_id": "marquee-web", "post_logout_redirect_uri": signed_out} if with_address else {}

    page = browser.logout(**query)
    assert "Do you want to log out?" in words_of(page)
    assert provider.userinfo(access_token).status_code == 200
    answer = browser.submit(page, confirmLogout="Logout")
    if with_address:
        assert answer.headers["Location"] == signed_out
    else:
        assert "You are logged out" in words_of(answer)
    assert not browser.is_signed_in()


def test_without_a_session_the_client_id_is_enough(provider: Provider) -> None:
    signed_out = provider.addresses.signed_out
    answer = provider.browser().logout(client_id="marquee-web", post_logout_redirect_uri=signed_out)

    assert (answer.status_code, answer.headers["Location"]) == (302, signed_out)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"post_logout_redirect_uri": "{signed_out}"}, "Missing parameters: id_token_hint"),
        ({"id_token_hint": "garbage"}, "Invalid parameter: id_token_hint"),
        (
            {"client_id": "marquee-web", "post_logout_redirect_uri": "https://evil.example/"},
            "Invalid redirect uri",
        ),
    ],
)
def test_a_bad_request_ends_on_a_page_and_the_session_lives(
    provider: Provider, nora: Person, query: dict[str, str], message: str
) -> None:
    browser = provider.browser()
    browser.sign_in(nora.username)

    signed_out = provider.addresses.signed_out
    page = browser.logout(**{name: value.format(signed_out=signed_out) for name, value in query.items()})
    assert page.status_code == 400
    assert message in words_of(page)
    assert browser.is_signed_in()
    assert provider.receiver.tokens == []


def test_an_access_token_is_no_hint(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    tokens = browser.tokens(nora.username)

    assert browser.logout(id_token_hint=tokens["access_token"]).status_code == 400


def test_the_refresh_token_signs_out_too(provider: Provider, nora: Person) -> None:
    tokens = provider.browser().tokens(nora.username)

    assert provider.logout_by_refresh_token(tokens["refresh_token"]).status_code == 204
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert provider.receiver.sessions() == [tokens["session_state"]]


# --- the back channel ------------------------------------------------------------------------------------


def test_auth_is_told_before_the_person_gets_the_answer(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    tokens = browser.tokens(nora.username)
    browser.logout(id_token_hint=tokens["id_token"], post_logout_redirect_uri=provider.addresses.signed_out)

    (token,) = provider.receiver.tokens
    header, claims = header_of(token), claims_of(token)
    assert (header["typ"], header["alg"]) == ("logout+jwt", "RS256")
    assert set(claims) == {"exp", "iat", "jti", "iss", "aud", "sub", "typ", "sid", "events"}
    assert claims["exp"] - claims["iat"] == 120
    assert (claims["iss"], claims["aud"], claims["typ"]) == (provider.issuer, "marquee-web", "Logout")
    assert (claims["sub"], claims["sid"]) == (nora.id, tokens["session_state"])
    assert claims["events"] == {EVENT: {}}


def test_a_receiver_that_fails_is_not_asked_again(provider: Provider, nora: Person) -> None:
    provider.receiver.status = 500
    browser = provider.browser()

    answer = browser.logout(
        id_token_hint=browser.tokens(nora.username)["id_token"],
        post_logout_redirect_uri=provider.addresses.signed_out,
    )
    assert answer.status_code == 302
    assert len(provider.receiver.tokens) == 1


# --- the admin -------------------------------------------------------------------------------------------


def test_an_admin_signs_a_person_out_everywhere(provider: Provider, nora: Person) -> None:
    tokens = [provider.browser().tokens(nora.username) for _ in range(2)]

    assert nora.sign_out() == 204
    assert set(provider.receiver.sessions()) == {each["session_state"] for each in tokens}
    assert refused(provider.refresh(tokens[0]["refresh_token"]))[2] == "Session not active"


def test_an_admin_ends_one_session(provider: Provider, nora: Person) -> None:
    here, there = (provider.browser().tokens(nora.username) for _ in range(2))

    assert provider.admin("DELETE", f"/sessions/{here['session_state']}").status_code == 204
    assert provider.receiver.sessions() == [here["session_state"]]
    assert provider.refresh(there["refresh_token"]).status_code == 200


def test_a_disabled_persons_tokens_sleep_and_wake_and_nobody_is_told(
    provider: Provider, nora: Person
) -> None:
    tokens = provider.browser().tokens(nora.username)
    nora.change(enabled=False)

    assert refused(provider.refresh(tokens["refresh_token"])) == (400, "invalid_grant", "User disabled")
    assert "User disabled" in provider.userinfo(tokens["access_token"]).headers["WWW-Authenticate"]
    assert provider.introspect(tokens["access_token"], "marquee-movies") == {"active": False}
    assert provider.receiver.tokens == []
    nora.change(enabled=True)
    assert provider.refresh(tokens["refresh_token"]).status_code == 200


def test_a_deleted_person_is_gone_and_nobody_is_told(provider: Provider, nora: Person) -> None:
    tokens = provider.browser().tokens(nora.username)

    assert provider.admin("DELETE", f"/users/{nora.id}").status_code == 204
    assert refused(provider.refresh(tokens["refresh_token"]))[2] == "Session not active"
    assert provider.receiver.tokens == []
