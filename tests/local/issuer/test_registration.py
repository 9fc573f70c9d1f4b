import pytest

from tests.local.issuer.world import action_of, callback_of, claims_of, field_error

NEW = {
    "username": "Nora",
    "email": "nora@example.org",
    "firstName": "Nora",
    "lastName": "Neu",
    "password": "a long password",
    "password-confirm": "a long password",
}


def test_a_new_person_is_signed_in_as_a_viewer(world):
    browser = world.browser()
    answer = callback_of(browser.submit(browser.registration_form(), **NEW))
    access = claims_of(world.redeem(answer["code"]).get_json()["access_token"])
    assert access["realm_access"]["roles"] == ["viewer"]
    assert access["preferred_username"] == "nora"
    assert access["email_verified"] is False


def test_the_registrations_endpoint_leads_to_the_form(world):
    browser = world.browser()
    page = browser.client.get(browser.ask("registrations").location)
    assert 'id="kc-register-form"' in page.text


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
            {"username": "long enough", "password": "Long Enough", "password-confirm": "Long Enough"},
            "password",
            "Invalid password: must not be equal to the username.",
        ),
        ({"username": "Viola"}, "username", "Username already exists."),
        ({"email": "VIOLA@marquee.example"}, "email", "Email already exists."),
        ({"email": "nora"}, "email", "Invalid email address."),
        ({"username": "no"}, "username", "Length must be between 3 and 255."),
        ({"firstName": " "}, "firstName", "Please specify first name."),
    ],
)
def test_each_field_says_what_is_wrong_with_it(world, changes, name, message):
    browser = world.browser()
    page = browser.submit(browser.registration_form(), **NEW | changes)
    assert page.status_code == 200
    assert field_error(page, name) == message


def test_what_was_typed_stays_except_the_passwords(world):
    browser = world.browser()
    page = browser.submit(browser.registration_form(), **NEW | {"email": "nora"})
    assert 'value="Neu"' in page.text
    assert NEW["password"] not in page.text


def test_registering_needs_the_browser_that_began(world):
    page = world.browser().registration_form()
    assert world.browser().client.post(action_of(page), data=NEW).status_code == 400


def test_a_new_person_is_there_after_a_restart(make_world):
    before = make_world()
    browser = before.browser()
    browser.submit(browser.registration_form(), **NEW)
    after = make_world(before.clock)
    assert "code" in callback_of(after.browser().sign_in("nora", NEW["password"]))
