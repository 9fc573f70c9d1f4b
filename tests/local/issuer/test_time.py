"""What time and restarts do, with a clock of our own. All else stands in tests/identity, for Keycloak too."""

from tests.local.issuer.world import HOME, OC, PASSWORD, callback_of, field_error, problem

INVALID = "Invalid username or password."
NEW = {
    "username": "Nora",
    "email": "nora@example.org",
    "firstName": "Nora",
    "lastName": "Neu",
    "password": "a long password",
    "password-confirm": "a long password",
}


def is_signed_in(browser):
    return "code" in callback_of(browser.ask(prompt="none"))


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


# --- what ends by itself -------------------------------------------------------------------------------


def test_a_session_ends_after_half_an_hour_without_use(world):
    browser = world.browser()
    browser.sign_in()
    world.clock.pass_seconds(1799)
    assert is_signed_in(browser)
    world.clock.pass_seconds(1801)
    assert callback_of(browser.ask(prompt="none"))["error"] == "login_required"


def test_remember_me_lasts_a_week(world):
    browser = world.browser()
    browser.sign_in(rememberMe="on")
    world.clock.pass_seconds(604000)
    assert is_signed_in(browser)


def test_a_form_older_than_half_an_hour_starts_again(world):
    browser = world.browser()
    page = browser.ask()
    world.clock.pass_seconds(1801)
    assert "Your login attempt timed out." in browser.submit(page, username="viola", password=PASSWORD).text


def test_a_code_lasts_a_minute(world):
    code = callback_of(world.browser().sign_in())["code"]
    world.clock.pass_seconds(60)
    assert problem(world.redeem(code)) == (400, "invalid_grant", "Code not valid")


def test_a_refresh_token_lasts_as_long_as_the_session(world):
    tokens = world.browser().tokens()
    world.clock.pass_seconds(1800)
    assert problem(world.refresh(tokens["refresh_token"]))[2] == "Token is not active"


def test_an_expired_hint_still_signs_out(world):
    browser = world.browser()
    tokens = browser.tokens()
    world.clock.pass_seconds(900)
    answer = world.browser().logout(id_token_hint=tokens["id_token"], post_logout_redirect_uri=HOME)
    assert (answer.status_code, answer.location) == (302, HOME)
    assert problem(world.refresh(tokens["refresh_token"]))[2] == "Session not active"


# --- what outlasts a restart ---------------------------------------------------------------------------


def test_a_restart_keeps_people_signed_in(make_world):
    before = make_world()
    browser = before.browser()
    tokens = browser.tokens()
    before.issuer.store.run("PRAGMA wal_checkpoint")
    after = make_world(before.clock)
    assert after.published_kids() == before.published_kids()
    browser.client.application = after.app
    assert is_signed_in(browser)
    assert after.userinfo(tokens["access_token"]).status_code == 200
    assert after.refresh(tokens["refresh_token"]).status_code == 200


def test_a_new_person_is_there_after_a_restart(make_world):
    before = make_world()
    browser = before.browser()
    browser.submit(browser.registration_form(), **NEW)
    after = make_world(before.clock)
    assert "code" in callback_of(after.browser().sign_in("nora", NEW["password"]))


# --- what is ours alone --------------------------------------------------------------------------------


def test_the_password_grant_exists_for_tests_only(make_world):
    world = make_world(password_grant=True)
    form = {"grant_type": "password", "username": "viola", "scope": "openid"}
    assert world.token(**form, password="marquee-demo").status_code == 200
    refused = world.token(**form, password="wrong")
    assert problem(refused) == (400, "invalid_grant", "Invalid user credentials")


def test_another_site_cannot_answer_the_question(world):
    browser = world.browser()
    browser.sign_in()
    browser.logout()
    assert browser.client.post(f"{OC}/logout/logout-confirm").status_code == 400
    assert is_signed_in(browser)
