"""door.js in a real browser: a camera without a code, a scanner that types, a network that goes away."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.web.fake_neighbours import an_id

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

WORD, SENTENCE, VERDICT = "[data-word]", "[data-sentence]", "[data-verdict]"


def verdict(result: str, ticket: str = "one") -> dict[str, Any]:
    return {
        "result": result,
        "reason": "",
        "title": "Screen 2 · F12",
        "sentence": f"Paper Moon, ticket {ticket}.",
        "seat": "F12",
        "ticket_type": "adult",
        "ticket_id": an_id(ticket),
        "admission_id": an_id("admission") if result != "no" else None,
    }


@pytest.fixture
def site(staff, app) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(site, screening_id, ticket) -> Iterator[Any]:
    ticket.answers["POST /door/frames"] = None
    options = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        context = chromium.new_context(viewport={"width": 390, "height": 844}, permissions=["camera"])
        context.add_cookies([{"name": "marquee", "value": "s" * 43, "url": site}])
        page = context.new_page()
        # What a test holds back, or a slow machine, is not given up.
        page.add_init_script("AbortSignal.timeout = () => undefined")
        page.goto(f"{site}/door/{screening_id}")
        page.get_by_text("Hold the code in the frame").wait_for()
        yield page
        chromium.close()


def stop_the_clock(page: Any) -> None:
    """From now on no time passes on the page but what `page.clock` lets pass."""
    page.clock.install()
    page.clock.pause_at(time.time() + 60)


def wait_for_all(page: Any, held: list[Any], number: int = 1) -> None:
    while len(held) < number:
        page.wait_for_timeout(50)


def type_code(page: Any, code: str) -> None:
    """As a hardware scanner does: keys, wherever the focus is, and Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def scans(ticket: Any) -> list[Any]:
    return ticket.bodies("POST /door/scans")


def test_a_scanner_types_and_the_verdict_fills_the_screen(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("admit")

    type_code(page, "MQ-7K2FQX-F12")

    playwright.expect(page.locator(WORD)).to_have_text("Admit")
    playwright.expect(page.locator("[data-in]")).to_have_text("97")
    assert scans(ticket)[0]["code"] == "MQ-7K2FQX-F12"


def test_a_refusal_never_blocks_the_next_scan(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("no")
    type_code(page, "NONSENSE")
    playwright.expect(page.locator(WORD)).to_have_text("No")

    ticket.answers["POST /door/scans"] = verdict("admit")
    type_code(page, "MQ-7K2FQX-F12")

    playwright.expect(page.locator(WORD)).to_have_text("Admit")
    first, second = scans(ticket)
    assert second["code"] == "MQ-7K2FQX-F12"
    assert first["scan_id"] != second["scan_id"]


def test_an_admit_goes_by_itself_and_can_still_be_taken_back(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("admit")
    ticket.answers[f"POST /door/admissions/{an_id('admission')}/undo"] = {"seat": "F12"}
    stop_the_clock(page)
    type_code(page, "MQ-7K2FQX-F12")
    playwright.expect(page.locator(VERDICT)).to_be_visible()
    page.clock.run_for(1400)
    playwright.expect(page.locator(VERDICT)).to_be_visible()
    page.clock.run_for(100)
    playwright.expect(page.locator(VERDICT)).to_be_hidden()
    page.clock.resume()

    page.get_by_text("Undo", exact=True).click()
    page.get_by_role("button", name="Stepped out again").click()

    playwright.expect(page.get_by_text("Taken back.")).to_be_visible()


def test_a_refusal_stays_until_the_next_guest(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("no")

    type_code(page, "NONSENSE")
    page.wait_for_timeout(2000)

    playwright.expect(page.locator(VERDICT)).to_be_visible()


def test_while_a_code_is_asked_no_verdict_of_another_stands(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("no")
    type_code(page, "NONSENSE")
    playwright.expect(page.locator(VERDICT)).to_be_visible()
    page.route("**/scans", lambda route: None)  # no answer yet

    type_code(page, "MQ-7K2FQX-F12")

    playwright.expect(page.locator(VERDICT)).to_be_hidden()


def test_a_code_that_comes_while_another_is_asked_is_asked_next(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("no")
    asked: list[Any] = []
    page.route("**/scans", lambda route: asked.append((time.monotonic(), route)))
    type_code(page, "FIRST")
    type_code(page, "SECOND")
    wait_for_all(page, asked)

    answered = time.monotonic()
    asked[0][1].continue_()

    wait_for_all(page, asked, 2)
    assert asked[1][0] - answered >= 1.4  # the first one's verdict is seen
    asked[1][1].continue_()
    playwright.expect(page.locator(VERDICT)).to_be_visible()
    assert [scan["code"] for scan in scans(ticket)] == ["FIRST", "SECOND"]


def test_a_code_without_an_answer_stays_to_be_tried_again_whoever_came_behind_it(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("admit")
    held: list[Any] = []
    page.route("**/scans", lambda route: route.continue_() if held else held.append(route))
    type_code(page, "FIRST")
    type_code(page, "SECOND")
    wait_for_all(page, held)
    held[0].abort()

    page.get_by_role("button", name="Try again").click()

    playwright.expect(page.locator(WORD)).to_have_text("Admit")
    assert [scan["code"] for scan in scans(ticket)] == ["FIRST"]


def test_a_picture_that_nobody_judged_takes_the_admit_away(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("admit")
    held: list[Any] = []
    page.route("**/frames*", lambda route: held.append(route))
    wait_for_all(page, held)
    stop_the_clock(page)  # the verdict's own time does not pass

    type_code(page, "MQ-7K2FQX-F12")
    playwright.expect(page.locator(VERDICT)).to_be_visible()
    page.wait_for_timeout(2000)
    playwright.expect(page.locator(VERDICT)).to_be_visible()
    held[0].abort()

    playwright.expect(page.locator(VERDICT)).to_be_hidden()
    playwright.expect(page.locator("[data-camera-note]")).to_contain_text("no connection")


def test_without_a_connection_nobody_is_admitted_and_the_same_scan_is_sent_again(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("admit")
    sent: list[Any] = []
    page.route("**/scans", lambda route: (sent.append(route.request.post_data_json), route.abort()))

    type_code(page, "MQ-7K2FQX-F12")
    playwright.expect(page.locator(SENTENCE)).to_have_text("Not checked: no connection. Try again.")
    playwright.expect(page.locator(WORD)).to_have_text("Not checked")

    page.unroute("**/scans")
    page.get_by_role("button", name="Try again").click()

    playwright.expect(page.locator(WORD)).to_have_text("Admit")
    assert scans(ticket)[0]["scan_id"] == sent[0]["scan_id"]


def test_a_ticket_that_stays_before_the_camera_is_judged_once(page, ticket):
    stop_the_clock(page)
    ticket.answers["POST /door/frames"] = verdict("admit")
    take_pictures(page, ticket, 2)
    playwright.expect(page.locator(WORD)).to_have_text("Admit")

    ticket.answers["POST /door/frames"] = verdict("no")  # the same ticket, seen again: used by now
    take_pictures(page, ticket, 4)
    playwright.expect(page.locator(WORD)).to_have_text("Admit")

    page.clock.resume()
    ticket.answers["POST /door/frames"] = verdict("no", "another")
    playwright.expect(page.locator(WORD)).to_have_text("No")


def take_pictures(page: Any, ticket: Any, number: int) -> None:
    """On a clock that runs at a third: however late answers come, no ticket is long out of sight meanwhile."""
    wanted = len(ticket.bodies("POST /door/frames")) + number
    while len(ticket.bodies("POST /door/frames")) < wanted:
        page.clock.run_for(50)
        page.wait_for_timeout(100)


def test_pictures_go_one_at_a_time_and_at_most_three_a_second(page, ticket):
    began, before = time.monotonic(), len(ticket.bodies("POST /door/frames"))
    while len(ticket.bodies("POST /door/frames")) < before + 7:
        page.wait_for_timeout(50)

    # One of them may have been on its way already.
    assert time.monotonic() - began >= 5 * 0.35


def test_undo_takes_the_admission_back_with_a_reason(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("admit")
    undo = f"POST /door/admissions/{an_id('admission')}/undo"
    ticket.answers[undo] = {"admission_id": an_id("admission"), "seat": "F12"}
    type_code(page, "MQ-7K2FQX-F12")

    page.get_by_text("Undo", exact=True).click()
    page.get_by_role("button", name="Stepped out again").click()

    playwright.expect(page.locator(SENTENCE)).to_have_text("Taken back.")
    assert ticket.bodies(undo) == [{"reason": "Stepped out again"}]


def test_after_a_refusal_the_last_one_let_in_can_still_be_taken_back(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("admit")
    undo = f"POST /door/admissions/{an_id('admission')}/undo"
    ticket.answers[undo] = {"admission_id": an_id("admission"), "seat": "F12"}
    type_code(page, "MQ-7K2FQX-F12")
    playwright.expect(page.locator(WORD)).to_have_text("Admit")
    ticket.answers["POST /door/scans"] = verdict("no")
    type_code(page, "NONSENSE")
    playwright.expect(page.locator(WORD)).to_have_text("No")

    page.get_by_text("Last in: F12. Undo").click()
    page.get_by_role("button", name="Stepped out again").click()

    playwright.expect(page.locator(SENTENCE)).to_have_text("Taken back.")
    playwright.expect(page.locator("[data-undo-box]")).to_be_hidden()
    assert ticket.bodies(undo) == [{"reason": "Stepped out again"}]


def test_the_door_still_knows_whom_it_let_in_when_it_is_loaded_again(page, ticket, screening_id):
    letting_in = {"admission_id": an_id("admission"), "seat": "F12"}
    ticket.answers[f"GET /door/screenings/{screening_id}"] |= {"last": letting_in}

    page.reload()

    playwright.expect(page.get_by_text("Last in: F12. Undo")).to_be_visible()
    ticket.answers[f"GET /door/screenings/{screening_id}"] |= {"last": None}
    ticket.answers["POST /door/scans"] = verdict("no")
    type_code(page, "NONSENSE")
    playwright.expect(page.locator("[data-undo-box]")).to_be_hidden()


def test_a_used_ticket_is_refused_or_let_back_in(page, ticket):
    used = {"reason": "already_used", "admission_id": None, "reference": "MQ-7K2FQX-F12"}
    ticket.answers["POST /door/scans"] = verdict("check") | used
    type_code(page, "a long code")
    playwright.expect(page.get_by_role("button", name="Refuse")).to_be_focused()
    ticket.answers["POST /door/scans"] = verdict("admit") | {"admission_id": None, "reason": "back_in"}

    page.get_by_role("button", name="Let back in").click()

    playwright.expect(page.locator(WORD)).to_have_text("Admit")
    first, second = scans(ticket)
    assert (second["code"], second["reentry_reason"]) == ("MQ-7K2FQX-F12", "Stepped out")
    assert second["scan_id"] != first["scan_id"]


def test_the_seats_of_a_booking_are_buttons(page, ticket):
    choices = [
        {"seat": "F9", "reference": "MQ-7K2FQX-F9", "is_in": True},
        {"seat": "F10", "reference": "MQ-7K2FQX-F10", "is_in": False},
    ]
    which = {"reason": "seat_needed", "admission_id": None, "choices": choices}
    ticket.answers["POST /door/scans"] = verdict("check") | which
    type_code(page, "MQ-7K2FQX")
    page.get_by_role("button", name="F9, is in").wait_for()
    ticket.answers["POST /door/scans"] = verdict("admit")

    page.get_by_role("button", name="F10").click()

    playwright.expect(page.locator(WORD)).to_have_text("Admit")
    playwright.expect(page.locator("[data-choices]")).to_be_hidden()
    assert scans(ticket)[-1]["code"] == "MQ-7K2FQX-F10"


def test_after_a_refusal_the_order_can_be_looked_for(page, ticket):
    ticket.answers["POST /door/scans"] = verdict("no")
    type_code(page, "NONSENSE")

    page.get_by_role("button", name="Find order").click()

    playwright.expect(page.locator(VERDICT)).to_be_hidden()
    playwright.expect(page.locator("#code")).to_be_focused()


def test_who_comes_too_early_waits_or_is_let_in_by_a_manager(site, screening_id, ticket, manager):
    early = {"reason": "too_early", "admission_id": None, "reference": "MQ-7K2FQX-F12"}
    ticket.answers["POST /door/scans"] = verdict("check") | early
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = chromium.new_context()
        context.add_cookies([{"name": "marquee", "value": "s" * 43, "url": site}])
        page = context.new_page()
        page.goto(f"{site}/door/{screening_id}")
        type_code(page, "a long code")
        let_in = page.get_by_role("button", name="Let in early")
        let_in.wait_for()
        ticket.answers["POST /door/scans"] = verdict("admit")

        let_in.click()

        playwright.expect(page.locator(WORD)).to_have_text("Admit")
        playwright.expect(let_in).to_be_hidden()
        assert scans(ticket)[-1]["code"] == "MQ-7K2FQX-F12"
        assert [scan["early"] for scan in scans(ticket)] == [False, True]
        chromium.close()


def test_a_denied_camera_is_said_in_words(site, screening_id, staff):
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = chromium.new_context()
        context.add_cookies([{"name": "marquee", "value": "s" * 43, "url": site}])
        page = context.new_page()
        page.add_init_script(
            "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError') }"
        )
        page.goto(f"{site}/door/{screening_id}")

        playwright.expect(page.locator("[data-camera-note]")).to_contain_text("The camera is off")
        playwright.expect(page.locator("#code")).to_be_focused()
        chromium.close()
