"""A mail in a real browser: its own picture is shown, its script and its trackers are not."""

from __future__ import annotations

import io
import os
import shutil
from email.message import EmailMessage

import pytest
from PIL import Image

playwright_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
    # Playwright leaves its event loop's sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def hostile_mail(tracker: str) -> EmailMessage:
    picture = io.BytesIO()
    Image.new("RGB", (7, 7), "red").save(picture, "PNG")
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Hello", "a@example.org", "b@example.org"
    mail.set_content("Hello")
    mail.add_alternative(
        f'<html><head></head><body><img id="own" src="cid:own"><img id="tracker" src="{tracker}">'
        "<p>before</p><script>document.querySelector('p').textContent = 'ran'</script></body></html>",
        subtype="html",
    )
    mail.get_payload()[1].add_related(picture.getvalue(), "image", "png", cid="<own>")
    return mail


def test_a_mail_shows_its_pictures_and_runs_nothing(mailbox, settings, send):
    base = f"http://localhost:{settings.port}"
    tracker = f"http://127.0.0.1:{settings.port}/static/tracker.png"
    send(hostile_mail(tracker))
    with playwright_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        answered: list[str] = []
        page.on("response", lambda response: answered.append(response.url))
        page.goto(base)
        page.get_by_role("link", name="Hello").click()
        mail = page.frame_locator("iframe")

        playwright_api.expect(mail.locator("p")).to_have_text("before")
        page.wait_for_load_state("networkidle")
        drawn = page.frames[1].query_selector("#own").bounding_box()
        browser.close()

    assert (drawn["width"], drawn["height"]) == (7, 7)
    assert any(url.endswith("/parts/0") for url in answered)
    assert tracker not in answered
