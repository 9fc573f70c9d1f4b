"""What the scripts of the buying pages make of refusals and late answers: in Chromium, with the website in process."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from marquee.money import plain
from tests.web.conftest import PUBLIC_URL, Browser
from tests.web.fake_neighbours import World

playwright_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
    # Playwright leaves its event loop's sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
# A live stream that ends at once: the page opens it anew, and looks, several times a second.
LIVE = {"status": 200, "content_type": "text/event-stream", "body": "retry: 100\n\n"}
# A card that the bank declines; the next one it thinks about for ever.
CARD_FORM = """
let tries = 0;
const elements = () => ({ create: () => ({ mount() {} }), update() {}, submit: async () => ({}) });
const declined = { error: { type: "card_error", message: "Not enough money." } };
const confirmPayment = () => (tries++ ? new Promise(() => {}) : Promise.resolve(declined));
window.Stripe = () => ({ elements, confirmPayment });
"""
# What a gateway says while the house is being looked after: a browser takes no stream from it, ever.
SHUT = {"status": 503, "content_type": "text/html", "body": "<p>Back in a moment.</p>"}
PHONE = {"width": 390, "height": 844}
REFUSED = {"type": "/problems/carer-alone", "title": "Not like this", "detail": "A carer goes with somebody."}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browser(app: Flask, screening_id: str) -> Browser:
    """Not kept open as a context: Playwright answers requests in contexts of its own."""
    return Browser(app.test_client(), screening_id)


class Network:
    """Between the page and the website: it may refuse a request, lose it, or deliver its answer late."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self.live = LIVE
        self.refused: dict[str, dict[str, Any]] = {}
        self.lost: set[str] = set()
        self.late: dict[str, list[Any]] = {}

    def carry(self, route: Any) -> None:
        path = route.request.url.removeprefix(PUBLIC_URL)
        last = path.rpartition("/")[2]
        if "/live/" in path and "live" not in self.lost:
            route.fulfill(**self.live)
        elif path.endswith("/v3/"):
            route.fulfill(content_type="text/javascript", body=CARD_FORM)
        elif self.lost.intersection(path.split("/")):
            route.abort()
        elif last in self.refused:
            route.fulfill(status=409, json=self.refused[last])
        elif last in self.late:
            self.late[last].append((route, self._answer(route.request, path)))
        else:
            route.fulfill(**self._answer(route.request, path))

    def deliver(self, what: str) -> None:
        for route, answer in self.late.pop(what):
            route.fulfill(**answer)

    def _answer(self, request: Any, path: str) -> dict[str, Any]:
        sent = {name: value for name, value in request.headers.items() if name != "cookie"}
        answer = self._browser.client.open(
            path, method=request.method, headers=sent, data=request.post_data_buffer, base_url=PUBLIC_URL
        )
        if answer.location:
            return leading_to(answer.location)
        headers = {name: value for name, value in answer.headers if name != "Set-Cookie"}
        return {"status": answer.status_code, "headers": headers, "body": answer.data}


def leading_to(address: str) -> dict[str, Any]:
    """What a redirect leads to does not come by here; what a page leads to does."""
    onward = f'<meta http-equiv="refresh" content="0; url={address}">'
    return {"content_type": "text/html", "body": onward}


@pytest.fixture
def network(browser: Any) -> Network:
    return Network(browser)


@pytest.fixture
def page(chromium: Any, network: Network) -> Iterator[Any]:
    context = chromium.new_context(base_url=PUBLIC_URL, locale="en-GB", service_workers="block")
    context.set_default_timeout(8_000)
    context.route("**/*", network.carry)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def tap(page: Any, seat: str) -> None:
    page.locator(f"[data-seat={seat}][role=gridcell]").click(force=True)


def see(page: Any, words: str) -> None:
    page.get_by_text(words).first.wait_for()


def leave_and_come_back(page: Any) -> None:
    """As with browsers that keep a page as it was left: Chromium does so only where pages come by https."""
    for what in ("pagehide", "pageshow"):
        page.evaluate(f"dispatchEvent(new PageTransitionEvent('{what}', {{ persisted: true }}))")


def is_above_the_map(page: Any, words: str) -> bool:
    place = page.get_by_text(words).first.bounding_box()
    return bool(place["y"] + place["height"] < page.locator(".map").bounding_box()["y"])


def test_a_refused_ticket_type_says_what_stays_held_and_shows_it_again(
    browser: Any, page: Any, network: Network
) -> None:
    browser.hold("C7")
    page.goto(f"{browser.seats}/seats?people=1")
    network.refused["hold"] = REFUSED

    page.get_by_label("Ticket for C7").select_option("student")

    see(page, "A carer goes with somebody. You still hold C7. Nothing was charged.")
    assert page.get_by_label("Ticket for C7").input_value() == "adult"


def test_a_seat_just_taken_says_what_stays_held(
    browser: Any, page: Any, world: World, network: Network, screening_id: str
) -> None:
    browser.hold("C7")
    network.lost.add("live")
    page.goto(f"{browser.seats}/seats?people=1")
    world.claims[screening_id]["C3"] = "taken"

    tap(page, "C3")

    see(page, "You still hold C7. Nothing was charged.")


def test_who_holds_nothing_is_told_so(browser: Any, page: Any, network: Network) -> None:
    page.goto(f"{browser.seats}/seats?people=1")
    network.refused["hold"] = REFUSED

    tap(page, "C3")

    see(page, "Nothing is held and nothing was charged.")


def test_as_many_seats_elsewhere_keep_their_ticket_types(browser: Any, page: Any, world: World) -> None:
    wishes = [{"seat": "C7", "ticket_type": "adult"}, {"seat": "C8", "ticket_type": "child"}]
    browser.send(f"{browser.seats}/hold", {"seats": wishes})
    page.goto(f"{browser.seats}/seats?people=2")

    tap(page, "K7")

    page.get_by_label("Ticket for K7").wait_for()
    assert [seat["ticket_type"] for seat in next(iter(world.holds.values()))["seats"]] == ["adult", "child"]


def test_what_had_to_give_way_for_the_best_seats_is_said(browser: Any, page: Any, world: World) -> None:
    world.relaxed = ["one seat beside you stays single"]
    page.goto(f"{browser.seats}/seats?people=2")

    page.get_by_role("button", name="Pick for us").click()

    see(page, "The best that is left: one seat beside you stays single.")
    page.locator("[data-state=yours]").first.wait_for()


def test_reconnecting_is_said_only_while_it_is_true(browser: Any, page: Any, network: Network) -> None:
    network.lost.add("state")
    page.goto(f"{browser.seats}/seats")
    see(page, "Reconnecting.")

    network.lost.clear()

    page.get_by_text("Reconnecting.").wait_for(state="detached")


def test_where_the_stream_is_refused_the_map_asks_at_once_and_every_five_seconds(
    browser: Any, page: Any, world: World, network: Network, screening_id: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if screening_id in request.url else None)
    network.live = SHUT
    page.clock.install()
    with page.expect_request("**/state"):
        page.goto(f"{browser.seats}/seats")
    assert [url.rpartition("/")[2] for url in asked] == ["seats", screening_id, "state"]
    world.claims[screening_id]["C3"] = "taken"

    page.clock.fast_forward(5_000)

    page.locator("[data-seat=C3][data-state=taken]").first.wait_for(state="attached")
    assert not page.get_by_text("Reconnecting.").is_visible()


NOTE_STREAMS = """
window.opened = [];
Math.random = () => 0.5;
const Browsers = EventSource;
window.EventSource = class extends Browsers {
  constructor(url) { super(url); opened.push(Date.now()); }
};
"""


def test_a_stream_that_was_refused_is_opened_again_ever_more_rarely(
    browser: Any, page: Any, network: Network
) -> None:
    network.live = SHUT
    page.clock.install()
    page.add_init_script(NOTE_STREAMS)
    page.goto(f"{browser.seats}/seats")
    for times in range(2, 5):
        page.wait_for_timeout(300)  # the refusal has come
        while page.evaluate("opened.length") < times:
            page.clock.run_for(250)

    opened = page.evaluate("opened")
    first, second, third = (after - before for before, after in pairwise(opened))
    assert 2_000 <= first < second < third
    assert third > 2 * first
    network.live = LIVE
    with page.expect_request("**/live/**"):
        page.clock.run_for(60_000)
    with page.expect_request("**/live/**"):  # by the browser itself: the stream was there, and ended
        pass


def test_while_nothing_answers_reconnecting_is_said_once(browser: Any, page: Any, network: Network) -> None:
    network.live = SHUT
    network.lost.add("state")
    page.clock.install()
    page.goto(f"{browser.seats}/seats")
    see(page, "Reconnecting.")
    page.evaluate("document.querySelector('[data-message]').firstElementChild.id = 'said'")

    with page.expect_request("**/state"):
        page.clock.fast_forward(5_000)
    page.wait_for_timeout(200)
    assert page.locator("#said").is_visible()
    network.lost.clear()
    page.clock.fast_forward(5_000)

    page.get_by_text("Reconnecting.").wait_for(state="detached")


def test_a_page_that_comes_back_as_it_was_left_is_live_again(
    browser: Any, page: Any, world: World, screening_id: str
) -> None:
    page.goto(f"{browser.seats}/seats")

    leave_and_come_back(page)

    page.wait_for_timeout(500)  # the one look at coming back is over
    world.claims[screening_id]["C3"] = "taken"

    page.locator("[data-seat=C3][data-state=taken]").first.wait_for(state="attached")


def test_who_comes_back_to_the_page_they_left_is_offered_their_seats(
    browser: Any, page: Any, world: World
) -> None:
    page.goto(f"{browser.seats}/seats?people=1")
    tap(page, "C3")
    page.get_by_label("Ticket for C3").wait_for()
    page.reload()
    page.get_by_label("Ticket for C3").wait_for()

    leave_and_come_back(page)

    see(page, "You had C3 a moment ago, and it is still free.")
    assert page.locator("[data-state=yours]").count() == 0


def test_an_answer_from_before_a_tap_does_not_undo_it(browser: Any, page: Any, network: Network) -> None:
    late = network.late["state"] = []
    page.goto(f"{browser.seats}/seats?people=1")
    while not late:
        page.wait_for_timeout(20)
    network.lost |= {"live", "state"}  # no later answer may put things right

    tap(page, "C3")
    page.wait_for_timeout(200)
    network.deliver("state")

    page.locator("[data-state=yours]").wait_for()
    page.wait_for_timeout(200)
    assert page.get_by_label("Ticket for C3").is_visible()


def test_a_hold_that_is_paid_for_elsewhere_leads_to_paying(browser: Any, page: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    page.goto(f"{browser.seats}/seats")

    browser.send(f"/checkout/{hold_id}/pay", {"email": "ann@example.org"})

    see(page, "You are paying for C7.")
    assert is_above_the_map(page, "You are paying for C7.")
    assert world.holds[hold_id]["state"] == "paying"


def test_a_card_declined_at_the_bank_ends_the_waiting(browser: Any, page: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org"}
    page.goto(f"/bookings/{hold_id}")
    see(page, "Asking your bank")

    world.holds[hold_id]["decline"] = "Not enough money."

    page.wait_for_url(f"**/checkout/{hold_id}")
    see(page, "Your bank said no: Not enough money.")


def test_a_booking_that_costs_nothing_is_finished_by_one_button(
    browser: Any, page: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id]["total_cents"] = 0
    page.goto(f"/checkout/{hold_id}")
    page.get_by_label("Email").fill("ann@example.org")

    page.get_by_role("button", name="Book, nothing to pay").click()

    see(page, "Booked. Printing your tickets")


def test_at_checkout_a_refusal_to_keep_the_seats_longer_is_no_lost_connection(
    browser: Any, page: Any, world: World, network: Network
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id]["expires"] = world.now() + timedelta(seconds=100)
    network.refused["extend"] = REFUSED | {"detail": "These seats were kept ten times."}
    page.goto(f"/checkout/{hold_id}")

    page.get_by_role("button", name="Keep my seats").click()

    see(page, "These seats were kept ten times.")
    assert not page.get_by_text("No connection").is_visible()


def test_while_the_next_card_is_asked_nothing_stands_there_of_the_declined_one(
    browser: Any, page: Any
) -> None:
    page.goto(f"/checkout/{browser.hold('C7')}")
    page.get_by_label("Email").fill("ann@example.org")
    page.get_by_role("button", name="Pay").click()
    see(page, "Your bank said no: Not enough money.")

    page.get_by_role("button", name="Pay").click()

    page.get_by_role("button", name="Asking your bank").wait_for()
    assert not page.get_by_text("Your bank said no").is_visible()


@pytest.mark.parametrize("next_step", ["Step-free", "reload"])
def test_the_number_of_people_stays_whatever_the_address_says(
    browser: Any, page: Any, next_step: str
) -> None:
    page.goto(f"{browser.seats}/seats?people=2")
    page.get_by_role("button", name="One person more").click()

    if next_step == "reload":
        page.reload()
    else:
        page.get_by_role("link", name=next_step).click()
        page.wait_for_url("**step_free=1*")

    assert page.locator("[data-people-words]").inner_text() == "3 people"


def test_the_stepper_says_why_it_ends(browser: Any, page: Any) -> None:
    page.goto(f"{browser.seats}/seats?people=7")
    why = "8 seats are the most that one person can book for one showing."
    assert not page.get_by_text(why).is_visible()

    page.get_by_role("button", name="One person more").click()

    see(page, why)
    assert is_above_the_map(page, why)
    assert page.get_by_role("button", name="One person more").is_disabled()


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_the_script_writes_amounts_as_the_server_does(
    browser: Any, page: Any, world: World, screening_id: str, currency: str
) -> None:
    world.screenings[screening_id]["currency"] = currency
    page.goto(f"{browser.seats}/seats?people=1")

    tap(page, "C3")

    page.get_by_label("Ticket for C3").wait_for()
    (hold,) = world.holds.values()
    assert page.locator("[data-total]").inner_text() == plain(hold["total_cents"], currency)


# --- signing in on the way --------------------------------------------------------------------------------


@pytest.fixture
def auth(browser: Any, page: Any, world: World) -> None:
    """Signs everybody in whom the website sends there, and sends them back."""

    def answer(route: Any) -> None:
        browser.sign_in(world, "viewer")
        (back_to,) = parse_qs(urlsplit(route.request.url).query)["next"]
        route.fulfill(**leading_to(PUBLIC_URL + back_to))

    page.route(lambda url: url.startswith("http://localhost:5001/auth/login?"), answer)


@pytest.mark.usefixtures("auth")
def test_signing_in_on_the_map_keeps_the_seats_and_makes_them_the_persons(
    browser: Any, page: Any, world: World
) -> None:
    page.set_viewport_size(PHONE)
    hold = world.holds[browser.hold("C3")]
    as_guest = hold["owner"]
    page.goto(f"{browser.seats}/seats?people=1")
    page.get_by_label("Ticket for C3").wait_for()

    with page.expect_request("**/signed-in"):
        page.get_by_role("link", name="Sign in").click()

    page.wait_for_url(lambda url: url.endswith(f"{browser.seats}/seats?people=1"))
    assert page.get_by_label("Ticket for C3").is_visible()
    assert page.get_by_role("link", name="Sign in").count() == 0
    assert hold["state"] == "held"
    assert hold["owner"] != as_guest


@pytest.mark.usefixtures("auth")
def test_signing_in_at_checkout_comes_back_there_with_all_that_was_typed(
    browser: Any, page: Any, world: World
) -> None:
    page.set_viewport_size(PHONE)
    hold_id = browser.hold("C7")
    page.goto(f"/checkout/{hold_id}")
    page.get_by_label("Name").fill("Ann of the Harbour")

    with page.expect_request("**/signed-in"):
        page.get_by_role("link", name="Sign in").click()

    page.wait_for_url(f"{PUBLIC_URL}/checkout/{hold_id}")
    page.wait_for_function("document.querySelector('#name')?.value === 'Ann of the Harbour'")
    assert page.get_by_label("Email").input_value() == "ann@example.org"
    assert world.holds[hold_id]["state"] == "held"


@pytest.mark.parametrize(("keys", "is_let_go"), [([], False), (["Control"], True)])
def test_only_signing_in_on_this_very_page_leaves_it_without_letting_the_seats_go(
    browser: Any, page: Any, keys: list[str], is_let_go: bool
) -> None:
    """In another tab it is somebody else's way; a map that is left then is left."""
    page.context.route(
        lambda url: url.startswith("http://localhost:5001"), lambda route: route.fulfill(body="")
    )
    page.goto(f"{browser.seats}/seats?people=1")
    tap(page, "C3")
    page.get_by_label("Ticket for C3").wait_for()

    page.get_by_role("link", name="Sign in").click(modifiers=keys)
    page.wait_for_timeout(200)
    page.goto("/help")

    kept = page.evaluate("Object.keys(localStorage)")
    assert any(name.startswith("left:") for name in kept) is is_let_go
