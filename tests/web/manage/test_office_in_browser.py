"""site.js on a form of the office, in a real browser."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.web.manage.conftest import ROOM, plan

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


@pytest.fixture
def page(office: Any, app: Any) -> Iterator[Any]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = chromium.new_context()
        site = f"http://localhost:{server.port}"
        context.add_cookies([{"name": "marquee", "value": "s" * 43, "url": site}])
        page = context.new_page()
        page.goto(f"{site}/manage/films/new")
        yield page
        chromium.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_form_on_its_way_is_not_sent_twice_but_again_after_some_seconds(page: Any) -> None:
    sent: list[Any] = []
    page.route("**/manage/films/new", lambda route: sent.append(route.fulfill(status=204)))
    page.clock.install()
    page.clock.pause_at(time.time() + 60)
    button = page.get_by_role("button", name="Add the film")

    # Two clicks, not one double click: Chromium drops a second one that comes in the same moment.
    for _ in range(2):
        button.click()
        page.wait_for_timeout(300)
    assert len(sent) == 1
    page.clock.run_for(6000)
    with page.expect_request("**/manage/films/new"):
        button.click()


def test_painting_a_place_draws_its_row_again_and_no_other(page: Any, movies: Any) -> None:
    movies.answers["POST /plans/preview"] = plan()
    page.goto(page.url.replace("/films/new", f"/rooms/{ROOM}/plan"))
    page.evaluate(
        "document.querySelectorAll('.paint-grid > g').forEach((row) => { row.isFromBefore = true; })"
    )

    page.get_by_label("Premium").check()
    page.locator("[role=gridcell]").first.focus()
    for key in ("ArrowRight", " "):
        page.keyboard.press(key)
    page.get_by_role("gridcell", name="A, 2: Premium").wait_for()

    kept = "[...document.querySelectorAll('.paint-grid > g')].map((row) => Boolean(row.isFromBefore))"
    assert page.evaluate(kept) == [False, True]
    assert page.locator(".place[tabindex='0']").count() == 1
    assert page.evaluate("document.activeElement.ariaLabel") == "A, 2: Premium"
    assert page.locator("[name=rows]").input_value() == "A  sps\nB  sss  shift=0.5"
