"""Signing in as somebody sees it: in Chromium, through the pages in our dress."""

import os
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.identity.provider import CHALLENGE, PASSWORD, Provider

playwright_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
    # Playwright leaves its event loop's sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PAGE_COLOUR = {"light": "rgb(243, 243, 240)", "dark": "rgb(19, 18, 16)"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, chromium: Any, provider: Provider, scheme: str) -> Iterator[Any]:
    """A window that complains about whatever did not load; the application's callback is played."""
    context = chromium.new_context(viewport=request.param, color_scheme=scheme, locale="en-GB")
    context.set_default_timeout(30_000)
    page, missing = context.new_page(), []
    page.route(f"{provider.addresses.callback}*", lambda route: route.fulfill(body="signed in"))
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    yield page
    context.close()
    assert missing == []


def ask(page: Any, provider: Provider, **more: str) -> None:
    query = {
        "client_id": "marquee-web",
        "redirect_uri": provider.addresses.callback,
        "response_type": "code",
        "scope": "openid",
        "state": "the-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    page.goto(f"{provider.endpoint}/auth?{urlencode(query | more)}")


def assert_looks_like_marquee(page: Any, scheme: str) -> None:
    page.evaluate("document.fonts.ready")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAGE_COLOUR[scheme]
    assert page.evaluate("document.fonts.check('800 40px Archivo')")
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_a_wrong_password_is_told_in_place_and_the_right_one_signs_in(
    page: Any, provider: Provider, scheme: str
) -> None:
    nora = provider.person()
    ask(page, provider)
    assert_looks_like_marquee(page, scheme)

    page.get_by_label("Username or email").fill(nora.username)
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Invalid username or password.").wait_for()
    page.wait_for_load_state()
    assert page.get_by_label("Username or email").input_value() == nora.username
    assert_looks_like_marquee(page, scheme)

    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("signed in").wait_for()
    assert {"code", "state", "iss"} <= parse_qs(urlsplit(page.url).query).keys()


def test_the_registration_form_shows_what_is_wrong(page: Any, provider: Provider, scheme: str) -> None:
    ask(page, provider)
    page.get_by_role("link", name="Register").click()
    page.get_by_role("heading", name="Register").wait_for()
    page.wait_for_load_state()
    assert_looks_like_marquee(page, scheme)

    page.locator("#username").fill("viola")
    page.locator("#email").fill("viola@example.org")
    page.locator("#password").fill("short")
    page.locator("#password-confirm").fill("other")
    page.locator("#firstName").fill("Viola")
    page.locator("#lastName").fill("Vance")
    page.get_by_role("button", name="Register").click()
    page.get_by_text("Password confirmation doesn't match.").wait_for()
    page.wait_for_load_state()
    assert page.locator("#lastName").input_value() == "Vance"
    assert_looks_like_marquee(page, scheme)
