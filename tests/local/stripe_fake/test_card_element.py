"""The card element in a real browser, on a page of another origin whose CSP lets in only the stand-in."""

from __future__ import annotations

import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
    # Playwright leaves its event loop's sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/shop.css">
<script src="{fake}/v3/"></script><script src="/shop.js" defer></script></head>
<body><main><h2>Pay with</h2><form id="pay"><div id="card"></div><p id="told" role="status"></p>
<button>Pay 12.50 euros</button></form></main></body></html>"""
STYLE = """:root{color-scheme:light dark}
body{margin:0;background:#f3f3f0;color:#171513;font:16px Arial}
main{max-width:560px;margin:0 auto;padding:16px}
button{margin-top:20px;width:100%;height:52px}
@media(prefers-color-scheme:dark){body{background:#131210;color:#f2efe8}}"""
SCRIPT = """
const stripe = Stripe("pk_test_marquee");
const elements = stripe.elements({mode: "payment", amount: 1250, currency: "eur"});
const card = elements.create("payment");
window.heard = [];
card.on("ready", () => heard.push("ready"));
card.on("change", (event) => heard.push(event.complete ? "complete" : "incomplete"));
card.mount("#card");
document.querySelector("#pay").addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = document.querySelector("#told");
  const checked = await elements.submit();
  if (checked.error) { told.textContent = checked.error.code; return; }
  const {clientSecret} = await (await fetch("/intent", {method: "POST"})).json();
  const result = await stripe.confirmPayment({
    elements, clientSecret, confirmParams: {return_url: location.origin + "/thanks"},
    redirect: new URLSearchParams(location.search).get("redirect") || "if_required",
  });
  if (result.error) told.textContent = result.error.decline_code || result.error.code;
  else told.textContent = (await stripe.retrievePaymentIntent(clientSecret)).paymentIntent.status;
});
"""


@pytest.fixture
def shop(fake, client):
    """The shop: its page, and an intent made on the server when the buyer pays."""
    base = fake.account.settings.public_url
    policy = (
        f"default-src 'none'; script-src 'self' {base}; frame-src {base}; "
        f"connect-src 'self' {base}; style-src 'self'"
    )
    amounts = [1250]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kinds = {"/shop.js": ("text/javascript", SCRIPT), "/shop.css": ("text/css", STYLE)}
            page = ("text/html", PAGE.format(fake=base))
            self.answer(*kinds.get(self.path, page))

        def do_POST(self) -> None:
            intent = client.v1.payment_intents.create({"amount": amounts[0], "currency": "eur"})
            self.answer("application/json", json.dumps({"clientSecret": intent.client_secret}))

        def answer(self, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    server.amounts = amounts
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium():
    with playwright_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, shop):
    page = chromium.new_page(viewport={"width": 390, "height": 720})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Security Policy" in said.text else None)
    page.goto(shop.url)
    yield page
    page.close()
    assert problems == []


def type_card(page, number="4242424242424242", expiry="1240", cvc="123"):
    frame = page.frame_locator("iframe[title='Card details']")
    for label, value in (("Card number", number), ("Valid until", expiry), ("Security code", cvc)):
        frame.get_by_label(label).press_sequentially(value)
    return frame


def expect_told(page, text):
    playwright_api.expect(page.locator("#told")).to_have_text(text)


def test_typing_a_card_pays(page, client):
    frame = type_card(page)
    assert frame.get_by_label("Card number").input_value() == "4242 4242 4242 4242"
    assert frame.get_by_label("Valid until").input_value() == "12 / 40"

    page.get_by_role("button").click()

    expect_told(page, "succeeded")
    heard = page.evaluate("heard")
    assert (heard[0], heard[-1]) == ("ready", "complete")
    assert client.v1.payment_intents.list().data[0].amount_received == 1250


def test_enter_in_a_card_field_sends_the_form(page):
    frame = type_card(page)

    frame.get_by_label("Security code").press("Enter")

    expect_told(page, "succeeded")


def test_the_page_cannot_reach_the_card(page):
    type_card(page)

    with pytest.raises(playwright_api.Error, match=r"cross-origin|null"):
        page.evaluate("document.querySelector('iframe').contentDocument.body.innerHTML")


def test_missing_fields_are_said_below_each(page, client):
    playwright_api.expect(page.locator("iframe")).to_be_visible()
    page.wait_for_function("heard.includes('ready')")
    page.get_by_role("button").click()

    expect_told(page, "incomplete_number")
    frame = page.frame_locator("iframe")
    playwright_api.expect(frame.locator(".error:visible")).to_have_count(3)
    playwright_api.expect(frame.get_by_label("Card number")).to_be_focused()
    assert client.v1.payment_intents.list().data == []


def test_a_decline_is_told_and_another_card_then_pays(page, client):
    frame = type_card(page, number="4000000000009995")
    page.get_by_role("button").click()
    expect_told(page, "insufficient_funds")

    frame.get_by_label("Card number").fill("")
    frame.get_by_label("Card number").press_sequentially("5555555555554444")
    page.get_by_role("button").click()

    expect_told(page, "succeeded")


@pytest.mark.parametrize(
    ("button", "told"), [("Approve", "succeeded"), ("Refuse", "payment_intent_authentication_failure")]
)
def test_the_bank_asks_in_a_dialog_over_the_page(page, button, told):
    type_card(page, number="4000000000003220")
    page.get_by_role("button", name="Pay").click()

    page.frame_locator("iframe[title='Your bank asks']").get_by_role("button", name=button).click()

    expect_told(page, told)
    playwright_api.expect(page.locator("dialog")).to_have_count(0)


def test_without_if_required_the_buyer_lands_on_the_return_address(page, shop):
    page.goto(f"{shop.url}/?redirect=always")
    type_card(page)

    page.get_by_role("button").click()

    page.wait_for_url("**/thanks?payment_intent=pi_*redirect_status=succeeded")


def test_an_intent_of_another_amount_is_not_paid(page, shop, client):
    shop.amounts[0] = 9900
    type_card(page)

    page.get_by_role("button").click()

    expect_told(page, "payment_intent_invalid_parameter")
    assert client.v1.charges.list().data == []


def test_the_theme_the_page_asks_for_wins_over_the_system(page):
    page.wait_for_function("heard.includes('ready')")
    field = page.frame_locator("iframe").get_by_label("Card number")
    playwright_api.expect(field).to_have_css("background-color", "rgb(255, 255, 255)")

    page.evaluate("elements.update({appearance: {theme: 'night'}})")

    playwright_api.expect(field).to_have_css("background-color", "rgb(29, 27, 24)")
    assert page.locator("iframe").evaluate("frame => frame.style.colorScheme") == "dark"


def test_digits_can_be_corrected_in_the_middle(page):
    frame = type_card(page, number="4242422424242", expiry="7", cvc="")
    number = frame.get_by_label("Card number")
    number.press("Home")
    for _ in range(3):
        number.press("ArrowRight")

    number.press_sequentially("9")

    assert number.input_value().startswith("4249 ")
    assert number.evaluate("field => field.selectionStart") == 4
    assert frame.get_by_label("Valid until").input_value() == "07"


def test_the_frame_is_as_high_as_its_content_and_fields_are_big_enough(page):
    page.wait_for_function("heard.includes('ready')")
    frame = page.frame_locator("iframe")
    page.get_by_role("button").click()
    playwright_api.expect(frame.locator(".error:visible")).to_have_count(3)

    body = page.frames[1].evaluate("document.documentElement.offsetHeight")

    playwright_api.expect(page.locator("iframe")).to_have_css("height", f"{body}px")
    assert frame.get_by_label("Card number").bounding_box()["height"] == 48
