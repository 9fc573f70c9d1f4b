"""Signing in through the form, and what people are told when it does not work."""

import time

import pytest

from tests.identity.provider import (
    PASSWORD,
    Person,
    Provider,
    action_of,
    callback_of,
    claims_of,
    field_error,
    words_of,
)

INVALID = "Invalid username or password."


@pytest.fixture
def nora(provider: Provider) -> Person:
    return provider.person()


def test_a_login_ends_at_the_callback_with_code_state_session_and_issuer(provider: Provider) -> None:
    answer = callback_of(provider.browser().sign_in())

    assert set(answer) == {"state", "session_state", "iss", "code"}
    assert (answer["state"], answer["iss"]) == ("the-state", provider.issuer)
    assert answer["code"].split(".")[1] == answer["session_state"]
    assert len(answer["session_state"]) == 24


def test_people_may_sign_in_by_e_mail(provider: Provider) -> None:
    page = provider.browser().sign_in("Viola@Marquee.example", "marquee-demo")

    assert "code" in callback_of(page)


def test_wrong_logins_all_read_the_same(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    for username, password in ((nora.username, "wrong"), ("nobody-at-all", PASSWORD), ("", " ")):
        page = browser.sign_in(username, password)

        assert page.status_code == 200
        assert field_error(page, "username") == INVALID


def test_a_form_shown_again_works_once_more(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    again = browser.sign_in(nora.username, "wrong")

    assert "code" in callback_of(browser.submit(again, username=nora.username, password=PASSWORD))


def test_a_disabled_person_with_the_right_password_is_told_so(provider: Provider, nora: Person) -> None:
    nora.change(enabled=False)

    page = provider.browser().sign_in(nora.username)
    assert "Account is disabled, contact your administrator." in words_of(page)
    assert field_error(provider.browser().sign_in(nora.username, "wrong"), "username") == INVALID


def test_two_failures_within_a_second_lock_and_an_admin_unlocks(provider: Provider, nora: Person) -> None:
    browsers = [provider.browser() for _ in range(3)]
    pages = [browser.ask() for browser in browsers]  # so that nothing but the failures takes time
    for browser, page in zip(browsers, pages, strict=True):
        browser.submit(page, username=nora.username, password="wrong")

    assert field_error(provider.browser().sign_in(nora.username), "username") == INVALID
    lock = provider.admin("GET", f"/attack-detection/brute-force/users/{nora.id}").json()
    assert lock["disabled"] is True
    assert nora.unlock() == 204
    assert "code" in callback_of(provider.browser().sign_in(nora.username))


# --- sessions and prompts --------------------------------------------------------------------------------


def test_who_is_signed_in_gets_a_code_at_once_in_the_same_session(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    first = callback_of(browser.sign_in(nora.username))
    second = callback_of(browser.ask())

    assert second["session_state"] == first["session_state"]
    assert second["code"] != first["code"]


def test_prompt_none_asks_nobody(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    asked = callback_of(browser.ask(prompt="none"))
    assert {name: asked.get(name) for name in ("error", "state", "iss")} == {
        "error": "login_required",
        "state": "the-state",
        "iss": provider.issuer,
    }

    browser.sign_in(nora.username)
    assert browser.is_signed_in()


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}])
def test_signing_in_again_asks_for_the_password_only_and_keeps_the_session(
    provider: Provider, nora: Person, asked: dict[str, str]
) -> None:
    browser = provider.browser()
    first = callback_of(browser.sign_in(nora.username))
    time.sleep(1.1)  # ages are counted in whole seconds

    page = browser.ask(**asked)
    assert "Please re-authenticate to continue" in words_of(page)
    assert 'name="username"' not in page.text.replace('type="hidden"', "")
    second = callback_of(browser.submit(page, password=PASSWORD))
    assert second["session_state"] == first["session_state"]


def test_remember_me_lasts_a_week(provider: Provider, nora: Person) -> None:
    code = callback_of(provider.browser().sign_in(nora.username, rememberMe="on"))["code"]

    assert provider.redeem(code).json()["refresh_expires_in"] == pytest.approx(604800, abs=5)


# --- forms gone stale ------------------------------------------------------------------------------------


def test_a_stale_form_says_so_and_continues(provider: Provider, nora: Person) -> None:
    browser = provider.browser()
    page = browser.ask()
    browser.submit(page, username="nobody-at-all", password="wrong")

    shown = browser.submit(page, username=nora.username, password=PASSWORD)
    assert "Action expired. Please continue with login now." in words_of(shown)
    assert "code" in callback_of(browser.submit(shown, username=nora.username, password=PASSWORD))


def test_a_form_sent_again_after_success_sends_the_application_back_to_start(
    provider: Provider, nora: Person
) -> None:
    browser = provider.browser()
    page = browser.ask()
    browser.submit(page, username=nora.username, password=PASSWORD)

    again = callback_of(browser.submit(page, username=nora.username, password=PASSWORD))
    assert (again["error"], again["error_description"]) == (
        "temporarily_unavailable",
        "authentication_expired",
    )


def test_a_form_of_another_browser_is_worth_nothing(provider: Provider) -> None:
    page = provider.browser().ask()

    answer = provider.browser().submit(page, username="viola", password="marquee-demo")
    assert answer.status_code == 400
    assert "Restart login cookie not found." in words_of(answer)


def test_nobody_may_frame_the_form_or_keep_it(provider: Provider) -> None:
    page = provider.browser().ask()

    assert "frame-ancestors" in page.headers["Content-Security-Policy"]
    assert "no-store" in page.headers["Cache-Control"]
    assert action_of(page).startswith(("/", provider.url))


def test_auth_time_is_when_the_password_was_given(provider: Provider, nora: Person) -> None:
    tokens = provider.browser().tokens(nora.username)
    claims = claims_of(tokens["access_token"])

    assert 0 <= claims["iat"] - claims["auth_time"] <= 60
