"""What the scripts of the buying pages make of refusals and late answers: in Chromium, with the website in process."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
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
# The bank answers what is here, one after the other, and then thinks about it for ever.
CARD_FORM = """
const answers = %s;
const elements = () => ({ create: () => ({ mount() {} }), update() {}, submit: async () => ({}) });
const confirmPayment = () => (answers.length ? Promise.resolve({ error: answers.shift() }) : new Promise(() => {}));
window.Stripe = () => ({ elements, confirmPayment });
"""
WAITS = {"payment_intent": {"status": "requires_payment_method"}}
DECLINED = WAITS | {"type": "card_error", "code": "card_declined", "message": "Not enough money."}
NOT_APPROVED = WAITS | {
    "type": "invalid_request_error",
    "code": "payment_intent_authentication_failure",
    "message": "The provided PaymentMethod has failed authentication.",
}
PAID_ALREADY = {
    "type": "invalid_request_error",
    "code": "payment_intent_unexpected_state",
    "message": "You cannot confirm this PaymentIntent because it has a status of succeeded.",
    "payment_intent": {"status": "succeeded"},
}
NO_ANSWER = {"type": "api_connection_error", "message": "We could not reach Stripe."}
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
        self.bank_says: list[dict[str, Any]] = [DECLINED]

    def carry(self, route: Any) -> None:
        path = route.request.url.removeprefix(PUBLIC_URL)
        last = path.rpartition("/")[2]
        if "/live/" in path and "live" not in self.lost:
            route.fulfill(**self.live)
        elif path.endswith("/v3/"):
            route.fulfill(content_type="text/javascript", body=CARD_FORM % json.dumps(self.bank_says))
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
    context.set_default_timeout(30_000)
    context.route("**/*", network.carry)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def tap(page: Any, seat: str) -> None:
    page.locator(f"[data-seat={seat}][role=gridcell]").click(force=True)


def stop_the_clock(page: Any) -> None:
    """From now on no time passes on the page but what `page.clock` lets pass."""
    page.clock.install()
    page.clock.pause_at(time.time() + 60)


def see(page: Any, words: str) -> None:
    page.get_by_text(words).first.wait_for()


def leave_and_come_back(page: Any) -> None:
    """As with browsers that keep a page as it was left: Chromium does so only where pages come by https."""
    for what in ("pagehide", "pageshow"):
        page.evaluate(f"dispatchEvent(new PageTransitionEvent('{what}', {{ persisted: true }}))")


def are_left_behind(page: Any) -> bool:
    """Whether a map noted that it let its seats go as it was left."""
    return any(name.startswith("left:") for name in page.evaluate("Object.keys(localStorage)"))


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


def test_a_ticket_that_needs_a_card_says_so_before_it_is_paid(browser: Any, page: Any) -> None:
    browser.hold("C7")
    page.goto(f"{browser.seats}/seats?people=1")

    page.get_by_label("Ticket for C7").select_option("student")

    see(page, "Student: bring your card to the door.")
    page.get_by_label("Ticket for C7").select_option("child")
    playwright_api.expect(page.locator("[data-proof]")).to_be_hidden()


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
    stop_the_clock(page)
    with page.expect_request("**/state"):
        page.goto(f"{browser.seats}/seats")
    assert [url.rpartition("/")[2] for url in asked] == ["seats", screening_id, "state"]
    world.claims[screening_id]["C3"] = "taken"

    with page.expect_request("**/state"):
        page.clock.run_for(5_000)
    page.clock.resume()

    page.locator("[data-seat=C3][data-state=taken]").first.wait_for(state="attached")
    assert not page.get_by_text("Reconnecting.").is_visible()


NOTE_STREAMS = """
window.opened = [];
Math.random = () => 0.5;
const Browsers = EventSource;
window.EventSource = class extends Browsers {
  constructor(url) { super(url); opened.push(Date.now()); window.latest = this; }
};
"""


def test_a_stream_that_was_refused_is_opened_again_ever_more_rarely(
    browser: Any, page: Any, network: Network
) -> None:
    network.live = SHUT
    stop_the_clock(page)
    page.add_init_script(NOTE_STREAMS)
    page.goto(f"{browser.seats}/seats")
    for times in range(2, 5):
        while not page.evaluate("latest.readyState === EventSource.CLOSED"):
            page.wait_for_timeout(20)  # the refusal is on its way
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
    playwright_api.expect(page.locator("#said")).to_be_visible()
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
    playwright_api.expect(page.locator("[data-state=yours]")).to_have_count(0)


def test_forward_to_the_checkout_one_came_back_from_keeps_the_seats(
    browser: Any, page: Any, world: World
) -> None:
    page.goto(f"{browser.seats}/seats?people=1")
    tap(page, "C3")
    page.get_by_label("Ticket for C3").wait_for()
    hold_id = next(iter(world.holds))
    page.goto(f"/checkout/{hold_id}")
    page.go_back()
    page.get_by_label("Ticket for C3").wait_for()

    page.go_forward()

    page.get_by_role("button", name="Pay").wait_for()
    assert world.holds[hold_id]["state"] == "held"
    assert not page.get_by_text("These seats are not held any more").is_visible()


def test_a_checkout_that_comes_back_after_its_seats_were_let_go_offers_them_again(
    browser: Any, page: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    page.goto(f"/checkout/{hold_id}")
    page.get_by_label("Email").fill("mia@example.org")
    browser.submit(f"/holds/{hold_id}/release")

    leave_and_come_back(page)

    see(page, "These seats are not held any more. Nothing was charged.")
    assert not page.get_by_text("Your hold ended at").is_visible()
    page.get_by_role("button", name="Take C7 back").click()
    page.wait_for_url(lambda url: "/checkout/" in url and hold_id not in url)
    page.get_by_role("button", name="Pay").wait_for()
    assert page.get_by_label("Email").input_value() == "mia@example.org"


def test_paying_for_seats_that_were_let_go_does_not_say_when_they_would_have_been(
    browser: Any, page: Any, network: Network
) -> None:
    network.refused["pay"] = {"type": "/problems/hold-expired", "title": "Over", "detail": "It ran out."}

    pay_by_card(page, browser.hold("C7"))

    see(page, "These seats are not held any more. Nothing was charged.")
    assert not page.get_by_text("Your hold ended at").is_visible()


def test_a_checkout_on_its_way_while_the_map_lets_its_seats_go_knows_of_it(
    browser: Any, page: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    page.goto(f"{browser.seats}/seats")
    page.get_by_label("Ticket for C7").wait_for()

    page.goto("/help")  # the word of it comes later than the next page is asked for
    world.holds[hold_id]["state"] = "held"
    page.goto(f"/checkout/{hold_id}")

    see(page, "These seats are not held any more. Nothing was charged.")


def test_a_checkout_that_comes_back_paid_leads_to_the_tickets(browser: Any, page: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    page.goto(f"/checkout/{hold_id}")
    page.get_by_role("button", name="Pay").wait_for()
    world.holds[hold_id] |= {"state": "ticketed", "email": "ann@example.org"}

    leave_and_come_back(page)

    page.wait_for_url(f"**/bookings/{hold_id}")


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
    playwright_api.expect(page.get_by_label("Ticket for C3")).to_be_visible()


def test_seats_chosen_in_one_tab_are_ones_own_in_the_other(
    browser: Any, page: Any, world: World, network: Network
) -> None:
    other = page.context.new_page()
    for tab in (other, page):
        tab.goto(f"{browser.seats}/seats?people=1")
        tab.wait_for_timeout(300)  # the look at opening the stream is over
    network.lost.add("live")

    tap(page, "C3")

    other.get_by_label("Ticket for C3").wait_for()
    playwright_api.expect(other.locator("[data-seat=C3][data-state=yours]")).to_have_count(1)
    other.goto("/help")
    assert not are_left_behind(other)
    page.goto("/help")
    assert are_left_behind(page)


def test_a_map_that_is_open_while_its_showing_is_called_off_says_so(
    browser: Any, page: Any, world: World, network: Network, screening_id: str
) -> None:
    page.goto(f"{browser.seats}/seats")
    world.screenings[screening_id]["state"] = "cancelled"

    network.live = LIVE | {"body": 'retry: 100\n\ndata: {"kind": "screening", "state": "cancelled"}\n\n'}

    see(page, "This showing is cancelled")


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


def keeps_until(moment: datetime) -> set[str]:
    """What the button says; it looks at the clock a moment before the test does."""
    return {f"Keep my seats until {moment - timedelta(seconds=ago):%H:%M}" for ago in (0, 30)}


def test_keeping_seats_promises_the_term_of_the_house_and_nothing_beyond_the_end_of_sales(
    browser: Any, page: Any, world: World, screening_id: str
) -> None:
    world.rules["hold_ttl_seconds"] = 1200
    hold = world.holds[browser.hold("C7")]
    hold["expires"] = world.now() + timedelta(seconds=100)
    page.goto(f"{browser.seats}/seats")
    keep = page.get_by_role("button", name="Keep my seats")
    keep.wait_for()

    assert keep.inner_text() in keeps_until(world.now() + timedelta(seconds=1200))
    assert page.locator("[data-hold-bar] progress").evaluate("bar => bar.max") == 1200

    world.screenings[screening_id]["starts_at"] = world.now().isoformat()
    page.reload()
    see(page, "Keep my seats")

    assert keep.inner_text() in keeps_until(world.now() + timedelta(minutes=10))

    world.screenings[screening_id]["starts_at"] = (hold["expires"] - timedelta(minutes=10)).isoformat()
    page.reload()
    see(page, "s left")

    assert not keep.is_visible()


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


def pay_by_card(page: Any, hold_id: str) -> None:
    page.goto(f"/checkout/{hold_id}")
    page.get_by_label("Email").fill("ann@example.org")
    page.get_by_role("button", name="Pay").click()


def test_a_refused_question_of_the_bank_is_told_in_our_words(
    browser: Any, page: Any, network: Network
) -> None:
    network.bank_says = [NOT_APPROVED]

    pay_by_card(page, browser.hold("C7"))

    see(page, "You did not approve it at your bank.")
    see(page, "Nothing was charged. Your seats are held until")
    assert not page.get_by_text("PaymentMethod").is_visible()


def test_what_stripe_says_to_us_is_not_told_to_buyers(browser: Any, page: Any, network: Network) -> None:
    network.bank_says = [NOT_APPROVED | {"code": "parameter_missing"}]

    pay_by_card(page, browser.hold("C7"))

    see(page, "The payment did not go through.")
    assert not page.get_by_text("PaymentMethod").is_visible()


def test_a_slip_in_the_address_can_be_put_right_after_a_card_was_declined(
    browser: Any, page: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    pay_by_card(page, hold_id)
    see(page, "Your bank said no")

    page.get_by_label("Email").fill("anne@example.org")
    page.get_by_role("button", name="Pay").click()

    page.get_by_role("button", name="Asking your bank").wait_for()
    page.wait_for_timeout(100)
    assert world.holds[hold_id]["email"] == "anne@example.org"


@pytest.mark.parametrize("says", [PAID_ALREADY, NO_ANSWER])
def test_what_became_of_a_payment_nobody_knows_of_is_asked_until_it_is_known(
    browser: Any, page: Any, world: World, network: Network, says: dict[str, Any]
) -> None:
    hold_id = browser.hold("C7")
    network.bank_says = [DECLINED, says]
    pay_by_card(page, hold_id)
    see(page, "Your bank said no")

    page.get_by_role("button", name="Pay").click()

    see(page, "We are asking your bank.")
    assert not page.get_by_text("Nothing was charged").is_visible()
    world.holds[hold_id]["is_charged"] = True
    page.wait_for_url(f"**/bookings/{hold_id}")


def test_on_the_narrowest_screen_a_long_date_stays_above_the_dotted_line(browser: Any, page: Any) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"/checkout/{browser.hold('C7')}")
    day = page.locator(".stub-day")
    day.evaluate("day => { day.textContent = 'Wednesday 22 September'; }")

    words, place = day.bounding_box(), page.locator(".stub-when").bounding_box()

    assert words["y"] >= place["y"]
    assert words["y"] + words["height"] <= place["y"] + place["height"]


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

    playwright_api.expect(page.locator("[data-people-words]")).to_have_text("3 people")


def test_the_stepper_says_why_it_ends(browser: Any, page: Any) -> None:
    page.goto(f"{browser.seats}/seats?people=7")
    why = "8 seats are the most that one person can book for one showing."
    assert not page.get_by_text(why).is_visible()

    page.get_by_role("button", name="One person more").click()

    see(page, why)
    assert is_above_the_map(page, why)
    playwright_api.expect(page.get_by_role("button", name="One person more")).to_be_disabled()


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_the_script_writes_amounts_as_the_server_does(
    browser: Any, page: Any, world: World, screening_id: str, currency: str
) -> None:
    world.screenings[screening_id]["currency"] = currency
    page.goto(f"{browser.seats}/seats?people=1")

    tap(page, "C3")

    page.get_by_label("Ticket for C3").wait_for()
    (hold,) = world.holds.values()
    playwright_api.expect(page.locator("[data-total]")).to_have_text(plain(hold["total_cents"], currency))


def test_a_companion_seat_tapped_beside_ones_wheelchair_space_is_added(
    browser: Any, page: Any, world: World
) -> None:
    browser.hold("E1")
    page.goto(f"{browser.seats}/seats?people=1")
    page.get_by_label("Ticket for E1").wait_for()

    tap(page, "E3")
    see(page, "E3 is for somebody who comes with you.")
    page.get_by_role("button", name="2 people: add E3").click()

    page.get_by_label("Ticket for E3").wait_for()
    playwright_api.expect(page.get_by_label("Ticket for E1")).to_be_visible()
    playwright_api.expect(page.locator("[data-people-words]")).to_have_text("2 people")


# --- by keyboard ------------------------------------------------------------------------------------------


def tab_to(page: Any, selector: str) -> int:
    """How many stops it is to the first focused element that is a `selector`."""
    for stops in range(1, 40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return stops
    raise AssertionError(f"no {selector} within 40 stops")


def test_the_first_showing_is_within_six_stops(browser: Any, page: Any) -> None:
    page.goto("/")
    skip = tab_to(page, "[href='#films']")
    page.keyboard.press("Enter")

    assert skip + tab_to(page, ".time-ticket") <= 6


def test_the_seats_are_one_stop(browser: Any, page: Any) -> None:
    page.goto(f"{browser.seats}/seats")
    page.locator(".stepper.zoom").wait_for(state="attached")
    page.locator("[data-step-free]").focus()

    assert tab_to(page, "[role=gridcell]") == 1
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('[data-map]') !== null")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.matches('[role=gridcell]')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.matches('[data-step-free]')")


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
    playwright_api.expect(page.get_by_label("Ticket for C3")).to_be_visible()
    playwright_api.expect(page.get_by_role("link", name="Sign in")).to_have_count(0)
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

    sign_in = page.get_by_role("link", name="Sign in")
    if keys:
        with page.context.expect_page():
            sign_in.click(modifiers=keys)
    else:
        sign_in.click()
        page.wait_for_url("http://localhost:5001/**")
    page.goto("/help")

    assert are_left_behind(page) is is_let_go
