import pytest

from tests.local.issuer.world import (
    CALLBACK,
    ISSUER,
    PASSWORD,
    SIGNED_OUT,
    action_of,
    callback_of,
    claims_of,
    field_error,
)

INVALID = "Invalid username or password."


def test_a_login_ends_at_the_callback_with_code_state_session_and_issuer(world):
    answer = callback_of(world.browser().sign_in())
    assert set(answer) == {"state", "session_state", "iss", "code"}
    assert (answer["state"], answer["iss"]) == ("the-state", ISSUER)
    assert answer["code"].split(".")[1] == answer["session_state"]
    assert len(answer["session_state"]) == 24


def test_people_may_sign_in_by_e_mail(world):
    assert "code" in callback_of(world.browser().sign_in("Viola@Marquee.example"))


@pytest.mark.parametrize(("username", "password"), [("viola", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_wrong_logins_all_read_the_same(world, username, password):
    page = world.browser().sign_in(username, password)
    assert page.status_code == 200
    assert field_error(page, "username") == INVALID


def test_a_form_shown_again_works_once_more(world):
    browser = world.browser()
    again = browser.sign_in(password="wrong")
    world.clock.pass_seconds(2)
    assert "code" in callback_of(browser.submit(again, username="viola", password=PASSWORD))


def test_a_disabled_person_with_the_right_password_is_told_so(world):
    world.admin("PUT", f"/users/{world.user_id('viola')}", {"enabled": False})
    assert "Account is disabled, contact your administrator." in world.browser().sign_in().text
    assert field_error(world.browser().sign_in(password="wrong"), "username") == INVALID


# --- the lock ------------------------------------------------------------------------------------------


def fail_logins(world, count, seconds_apart=2.0):
    for _ in range(count):
        world.browser().sign_in(password="wrong")
        world.clock.pass_seconds(seconds_apart)


def test_four_failures_do_not_lock(world):
    fail_logins(world, 4)
    assert "code" in callback_of(world.browser().sign_in())


def test_the_fifth_failure_locks_for_a_minute_even_with_the_right_password(world):
    fail_logins(world, 5)
    assert field_error(world.browser().sign_in(), "username") == INVALID
    world.clock.pass_seconds(60)
    assert "code" in callback_of(world.browser().sign_in())


def test_the_tenth_failure_locks_for_two_minutes(world):
    fail_logins(world, 4)
    fail_logins(world, 5, seconds_apart=61)
    fail_logins(world, 1)
    world.clock.pass_seconds(61)
    assert field_error(world.browser().sign_in(), "username") == INVALID
    world.clock.pass_seconds(60)
    assert "code" in callback_of(world.browser().sign_in())


def test_two_failures_within_a_second_lock_at_once(world):
    fail_logins(world, 2, seconds_apart=0.5)
    assert field_error(world.browser().sign_in(), "username") == INVALID


def test_an_admin_unlocks(world):
    fail_logins(world, 5)
    lock = f"/attack-detection/brute-force/users/{world.user_id('viola')}"
    status = world.admin("GET", lock).get_json()
    assert (status["numFailures"], status["disabled"]) == (5, True)
    assert world.admin("DELETE", lock).status_code == 204
    assert "code" in callback_of(world.browser().sign_in())


# --- sessions and prompts ------------------------------------------------------------------------------


def test_who_is_signed_in_gets_a_code_at_once_in_the_same_session(world):
    browser = world.browser()
    first = callback_of(browser.sign_in())
    second = callback_of(browser.ask())
    assert second["session_state"] == first["session_state"]
    assert second["code"] != first["code"]


def test_prompt_none_asks_nobody(world):
    browser = world.browser()
    refused = callback_of(browser.ask(prompt="none"))
    assert refused == {"error": "login_required", "state": "the-state", "iss": ISSUER}
    browser.sign_in()
    assert "code" in callback_of(browser.ask(prompt="none"))


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}])
def test_signing_in_again_asks_for_the_password_only_and_keeps_the_session(world, asked):
    browser = world.browser()
    first = callback_of(browser.sign_in())
    world.clock.pass_seconds(100)
    page = browser.ask(**asked)
    assert "Please re-authenticate to continue" in page.text
    assert 'name="username"' not in page.text
    second = callback_of(browser.submit(page, password=PASSWORD))
    assert second["session_state"] == first["session_state"]
    tokens = world.redeem(second["code"]).get_json()
    assert claims_of(tokens["id_token"])["auth_time"] == int(world.clock())


def test_a_session_ends_after_half_an_hour_without_use(world):
    browser = world.browser()
    browser.sign_in()
    world.clock.pass_seconds(1799)
    assert "code" in callback_of(browser.ask(prompt="none"))
    world.clock.pass_seconds(1801)
    assert callback_of(browser.ask(prompt="none"))["error"] == "login_required"


def test_remember_me_lasts_a_week(world):
    browser = world.browser()
    code = callback_of(browser.sign_in(rememberMe="on"))["code"]
    assert world.redeem(code).get_json()["refresh_expires_in"] == 604800
    world.clock.pass_seconds(604000)
    assert "code" in callback_of(browser.ask(prompt="none"))


def test_a_restart_keeps_people_signed_in(make_world):
    before = make_world()
    browser = before.browser()
    tokens = browser.tokens()
    before.issuer.store.run("PRAGMA wal_checkpoint")
    after = make_world(before.clock)
    assert after.published_kids() == before.published_kids()
    browser.client.application = after.app
    assert "code" in callback_of(browser.ask(prompt="none"))
    assert after.userinfo(tokens["access_token"]).status_code == 200
    assert after.refresh(tokens["refresh_token"]).status_code == 200


# --- forms gone stale ----------------------------------------------------------------------------------


def test_a_stale_form_says_so_and_continues(world):
    browser = world.browser()
    page = browser.ask()
    browser.submit(page, username="viola", password="wrong")
    stale = browser.submit(page, username="viola", password=PASSWORD)
    assert stale.status_code == 302
    shown = browser.client.get(stale.location)
    assert "Action expired. Please continue with login now." in shown.text
    world.clock.pass_seconds(2)
    assert "code" in callback_of(browser.submit(shown, username="viola", password=PASSWORD))


def test_a_form_older_than_half_an_hour_starts_again(world):
    browser = world.browser()
    page = browser.ask()
    world.clock.pass_seconds(1801)
    assert "Your login attempt timed out." in browser.submit(page, username="viola", password=PASSWORD).text


def test_a_form_sent_again_after_success_sends_the_application_back_to_start(world):
    browser = world.browser()
    page = browser.ask()
    browser.submit(page, username="viola", password=PASSWORD)
    again = callback_of(browser.submit(page, username="viola", password=PASSWORD))
    assert again["error"] == "temporarily_unavailable"
    assert again["error_description"] == "authentication_expired"


def test_a_form_of_another_browser_is_worth_nothing(world):
    page = world.browser().ask()
    stranger = world.browser()
    answer = stranger.client.post(action_of(page), data={"username": "viola", "password": PASSWORD})
    assert answer.status_code == 400
    assert "Restart login cookie not found." in answer.text


# --- requests that are refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"redirect_uri": None}, "Invalid parameter: redirect_uri"),
        ({"redirect_uri": f"{CALLBACK}/"}, "Invalid parameter: redirect_uri"),
        ({"redirect_uri": f"{CALLBACK}?x=1"}, "Invalid parameter: redirect_uri"),
        ({"redirect_uri": SIGNED_OUT}, "Invalid parameter: redirect_uri"),
        ({"client_id": "marquee-movies"}, "Invalid parameter: redirect_uri"),
        ({"client_id": "somebody"}, "Client not found."),
    ],
)
def test_a_request_that_cannot_be_trusted_ends_on_a_page(world, changes, message):
    page = world.browser().ask(**changes)
    assert page.status_code == 400
    assert "We are sorry..." in page.text
    assert message in page.text


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"code_challenge_method": None}, "invalid_request", "Missing parameter: code_challenge_method"),
        (
            {"code_challenge_method": "plain"},
            "invalid_request",
            "Invalid parameter: code challenge method is not matching the configured one",
        ),
        ({"code_challenge": "short"}, "invalid_request", "Invalid parameter: code_challenge"),
        ({"response_type": "token"}, "unsupported_response_type", None),
        ({"scope": "openid world-domination"}, "invalid_scope", "Invalid scopes: openid world-domination"),
    ],
)
def test_the_application_is_told_what_it_did_wrong(world, changes, error, description):
    answer = callback_of(world.browser().ask(**changes))
    assert (answer["error"], answer.get("error_description")) == (error, description)
    assert (answer["state"], answer["iss"]) == ("the-state", ISSUER)


def test_pages_cannot_be_framed_and_are_not_stored(world):
    page = world.browser().ask()
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
