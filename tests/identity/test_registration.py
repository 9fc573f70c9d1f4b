"""Making an account: signed in at once, a viewer, and told what is wrong field by field."""

import pytest

from local.ports import free_port
from tests.identity.provider import PASSWORD, Provider, action_of, callback_of, claims_of, field_error


def nora(**changes: str) -> dict[str, str]:
    name = f"Nora{free_port()}"
    return {
        "username": name,
        "email": f"{name}@example.org",
        "firstName": "Nora",
        "lastName": "Neu",
        "password": PASSWORD,
        "password-confirm": PASSWORD,
    } | changes


@pytest.mark.parametrize("way", [{"prompt": "create"}, {"endpoint": "registrations"}])
def test_a_new_person_is_signed_in_as_a_viewer(provider: Provider, way: dict[str, str]) -> None:
    browser, wanted = provider.browser(), nora()
    page = browser.ask(**way)
    assert 'id="kc-register-form"' in page.text

    answer = callback_of(browser.submit(page, **wanted))
    access = claims_of(provider.redeem(answer["code"]).json()["access_token"])
    assert access["realm_access"]["roles"] == ["viewer"]
    assert access["preferred_username"] == wanted["username"].lower()
    assert access["email_verified"] is False
    assert browser.is_signed_in()


@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        ({"password-confirm": "other"}, "password-confirm", "Password confirmation doesn't match."),
        (
            {"password": "short", "password-confirm": "short"},
            "password",
            "Invalid password: minimum length 10.",
        ),
        (
            {"username": "long-enough", "password": "Long-Enough", "password-confirm": "Long-Enough"},
            "password",
            "Invalid password: must not be equal to the username.",
        ),
        ({"username": "Viola"}, "username", "Username already exists."),
        ({"email": "VIOLA@marquee.example"}, "email", "Email already exists."),
        ({"email": "nora"}, "email", "Invalid email address."),
        ({"username": "no"}, "username", "Length must be between 3 and 255."),
        ({"username": ""}, "username", "Please specify username."),
        ({"email": ""}, "email", "Please specify email."),
        ({"firstName": " "}, "firstName", "Please specify this field."),
        ({"lastName": ""}, "lastName", "Please specify this field."),
        ({"password": "", "password-confirm": ""}, "password", "Please specify password."),
    ],
)
def test_each_field_says_what_is_wrong_with_it(
    provider: Provider, changes: dict[str, str], name: str, message: str
) -> None:
    browser = provider.browser()
    page = browser.submit(browser.ask(prompt="create"), **nora(**changes))

    assert page.status_code == 200
    assert field_error(page, name) == message


def test_what_was_typed_stays_except_the_passwords(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.submit(browser.ask(prompt="create"), **nora(email="nora", lastName="Neuberger"))

    assert 'value="Neuberger"' in page.text
    assert PASSWORD not in page.text


def test_registering_needs_the_browser_that_began(provider: Provider) -> None:
    page = provider.browser().ask(prompt="create")

    assert action_of(page)
    assert provider.browser().submit(page, **nora()).status_code == 400
