"""The pages of the APIs as they are seen: on a phone, by day and by night, behind the gateway's prefix."""

from collections.abc import Iterator
from typing import Any

import pytest

from marquee.migrate import SERVICES as WITH_DATABASE
from tests.journeys.browsing import NARROW, NEEDS_CHROMIUM, serious_faults, started_chromium, windows

GATEWAY = "http://marquee.test"
PAPER = {"light": "rgb(243, 243, 240)", "dark": "rgb(19, 18, 16)"}
pytestmark = [pytest.mark.browser, *NEEDS_CHROMIUM]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with started_chromium() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("service", WITH_DATABASE)
def test_the_page_of_an_api_can_be_read_on_a_phone(apps, chromium, service, scheme):
    answer = apps[service].test_client().get("/")
    with windows(chromium, GATEWAY) as opened:
        page = opened(viewport=NARROW, color_scheme=scheme)
        page.route("**", lambda route: route.fulfill(headers=dict(answer.headers), body=answer.data))
        page.goto(f"/api/{service}/")

        assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == PAPER[scheme]
        document = page.get_by_role("link", name="openapi.json").evaluate("link => link.href")
        assert document == f"{GATEWAY}/api/{service}/openapi.json"
        assert serious_faults(page, service) == []
