"""What people do in a browser, step by step, and what can be seen of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.journeys.house import until

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
playwright_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "")
NEEDS_CHROMIUM = [
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
    # Playwright leaves its event loop's sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
VISA = "4242424242424242"
Open = Callable[..., Any]


@contextmanager
def started_chromium() -> Iterator[Any]:
    with playwright_api.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
        )
        yield browser
        browser.close()


@contextmanager
def windows(chromium: Any, address: str, *, patience_seconds: float = 30) -> Iterator[Open]:
    """A new browser window per call; whatever it complains about fails the test."""
    contexts, complaints = [], []

    def opened(**options: Any) -> Any:
        context = chromium.new_context(base_url=address, locale="en-GB", **options)
        contexts.append(context)
        context.set_default_timeout(patience_seconds * 1000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def pick_and_go_on(page: Any, screening: dict[str, Any]) -> None:
    page.goto(f"/screenings/{screening['id']}/seats")
    page.get_by_role("button", name="Pick for us").click()
    page.locator("[data-state=yours]").first.wait_for()
    page.locator("button:visible, a:visible", has_text="Go on").last.click()
    page.wait_for_url("**/checkout/*")


def fill_card(page: Any, number: str) -> None:
    card = page.frame_locator("iframe[title='Card details']")
    card.get_by_label("Card number").fill(number)
    card.get_by_label("Valid until").fill("1234")
    card.get_by_label("Security code").fill("123")


def press_pay(page: Any) -> None:
    page.get_by_role("button", name="Pay").click()


def hold_of(page: Any) -> dict[str, Any]:
    """What the checkout page knows of the hold it was drawn with."""
    held: dict[str, Any] = page.evaluate("JSON.parse(document.getElementById('page-data').textContent).hold")
    return held


def labels_of(hold: dict[str, Any]) -> list[str]:
    return [seat["seat"] for seat in hold["seats"]]


def yours(page: Any) -> list[str]:
    page.locator("[data-state=yours]").first.wait_for()
    return [str(seat.get_attribute("data-seat")) for seat in page.locator("[data-state=yours]").all()]


def ticket_codes(page: Any) -> list[str]:
    page.get_by_role("link", name="PDF").wait_for(timeout=60_000)
    return [code.strip() for code in page.locator("text=/^MQ-[A-Z2-7]{6}-/").all_inner_texts()]


def serious_faults(page: Any, place: str) -> list[str]:
    """What axe finds on a page that would stop somebody."""
    page.wait_for_timeout(300)
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{place}: {fault['id']}: {fault['nodes'][0]['html'][:120]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def sign_in(page: Any, name: str) -> None:
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill("marquee-demo")
    page.keyboard.press("Enter")


def tab_to(page: Any, selector: str, words: str = "") -> None:
    """As somebody without a mouse: on and on until it is there."""

    def there() -> bool:
        focused = page.locator(selector)
        return focused.count() > 0 and words in (focused.first.inner_text() if words else "")

    tab_until(page, there, f"{selector} {words}")


def tab_until(page: Any, there: Callable[[], bool], what: str) -> None:
    def step() -> bool:
        page.keyboard.press("Tab")
        return there()

    until(step, what=f"focus on {what}")
