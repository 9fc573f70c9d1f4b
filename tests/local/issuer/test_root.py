"""The issuer's address by itself, as somebody may type it."""

from tests.local.issuer.world import HOME


def test_the_root_says_what_this_is_and_leads_to_marquee(world):
    page = world.browser().client.get("/")

    assert page.status_code == 200
    assert "The local stand-in for Keycloak" in page.text
    assert f'<a href="{HOME}">Back to Marquee</a>' in page.text
