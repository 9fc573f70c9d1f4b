import pytest
from jose import jwt

from tests.local.issuer.world import (
    HOME,
    OC,
    SIGNED_OUT,
    callback_of,
    claims_of,
    problem,
)

RECEIVER = "http://localhost:5001/auth/backchannel-logout"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def is_signed_in(browser):
    return "code" in callback_of(browser.ask(prompt="none"))


def test_a_hint_and_an_address_sign_out_and_lead_there(world):
    browser = world.browser()
    hint = browser.tokens()["id_token"]
    answer = browser.logout(id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT, state="s")
    assert (answer.status_code, answer.location) == (302, f"{SIGNED_OUT}?state=s")
    assert not is_signed_in(browser)


def test_a_hint_works_without_cookies_expired_and_twice(world):
    browser = world.browser()
    tokens = browser.tokens()
    world.clock.pass_seconds(900)
    for _ in range(2):
        answer = world.browser().logout(id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME)
        assert (answer.status_code, answer.location) == (302, HOME)
    assert problem(world.refresh(tokens["refresh_token"]))[2] == "Session not active"
    assert not is_signed_in(browser)


def test_a_hint_alone_shows_a_page(world):
    browser = world.browser()
    page = browser.logout(id_token_hint=browser.tokens()["id_token"])
    assert page.status_code == 200
    assert "You are logged out" in page.text
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    ("query", "ending"),
    [({}, None), ({"client_id": "marquee-web", "post_logout_redirect_uri": SIGNED_OUT}, SIGNED_OUT)],
)
def test_without_a_hint_the_person_is_asked(world, query, ending):
    browser = world.browser()
    browser.sign_in()
    page = browser.logout(**query)
    assert "Do you want to log out?" in page.text
    assert is_signed_in(browser)
    answer = browser.submit(page, confirmLogout="Logout")
    assert answer.location == ending
    assert ("You are logged out" in answer.text) == (ending is None)
    assert not is_signed_in(browser)


def test_another_site_cannot_answer_the_question(world):
    browser = world.browser()
    browser.sign_in()
    browser.logout()
    assert browser.client.post(f"{OC}/logout/logout-confirm").status_code == 400
    assert is_signed_in(browser)


def test_without_a_session_the_client_id_is_enough(world):
    answer = world.browser().logout(client_id="marquee-web", post_logout_redirect_uri=SIGNED_OUT)
    assert (answer.status_code, answer.location) == (302, SIGNED_OUT)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"post_logout_redirect_uri": SIGNED_OUT}, "Missing parameters: id_token_hint"),
        ({"id_token_hint": "garbage"}, "Invalid parameter: id_token_hint"),
        (
            {"client_id": "marquee-web", "post_logout_redirect_uri": f"{HOME}elsewhere"},
            "Invalid redirect uri",
        ),
    ],
)
def test_a_bad_request_ends_on_a_page_and_the_session_lives(world, query, message):
    browser = world.browser()
    browser.sign_in()
    page = browser.logout(**query)
    assert page.status_code == 400
    assert message in page.text
    assert is_signed_in(browser)
    assert world.told == []


def test_an_access_token_is_no_hint(world):
    browser = world.browser()
    assert browser.logout(id_token_hint=browser.tokens()["access_token"]).status_code == 400


def test_the_refresh_token_signs_out_too(world):
    tokens = world.browser().tokens()
    form = {"client_id": "marquee-web", "client_secret": "secret-of-web"}
    answer = world.app.test_client().post(
        f"{OC}/logout", data=form | {"refresh_token": tokens["refresh_token"]}
    )
    assert answer.status_code == 204
    assert world.userinfo(tokens["access_token"]).status_code == 401
    assert len(world.told) == 1


# --- the back channel ----------------------------------------------------------------------------------


def test_clients_are_told_before_the_person_gets_the_answer(world):
    browser = world.browser()
    tokens = browser.tokens()
    browser.logout(id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME)
    ((url, token),) = world.told
    assert url == RECEIVER
    header, claims = jwt.get_unverified_header(token), claims_of(token)
    assert (header["typ"], header["alg"]) == ("logout+jwt", "RS256")
    assert claims["exp"] - claims["iat"] == 120
    assert (claims["aud"], claims["typ"]) == ("marquee-web", "Logout")
    assert claims["sid"] == tokens["session_state"]
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims


def test_a_receiver_that_fails_is_not_asked_again(world):
    world.answer_status = 500
    browser = world.browser()
    answer = browser.logout(id_token_hint=browser.tokens()["id_token"], post_logout_redirect_uri=SIGNED_OUT)
    assert answer.status_code == 302
    assert len(world.told) == 1


def test_an_admin_signs_a_person_out_everywhere(world):
    browsers = [world.browser(), world.browser()]
    tokens = [browser.tokens() for browser in browsers]
    assert world.admin("POST", f"/users/{world.user_id('viola')}/logout").status_code == 204
    assert {claims_of(token)["sid"] for _, token in world.told} == {t["session_state"] for t in tokens}
    assert problem(world.refresh(tokens[0]["refresh_token"]))[2] == "Session not active"


def test_a_deleted_person_is_gone_and_nobody_is_told(world):
    tokens = world.browser().tokens()
    assert world.admin("DELETE", f"/users/{world.user_id('viola')}").status_code == 204
    assert problem(world.refresh(tokens["refresh_token"]))[2] == "Session not active"
    assert world.told == []
