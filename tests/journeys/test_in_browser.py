"""The whole way as people walk it: in Chromium, wide and narrow, light and dark, by keyboard, and without scripts."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.suite import Suite, scratch_ports
from tests.journeys.browsing import (
    NARROW,
    NEEDS_CHROMIUM,
    VISA,
    WIDE,
    Open,
    fill_card,
    hold_of,
    labels_of,
    pick_and_go_on,
    playwright_api,
    press_pay,
    serious_faults,
    sign_in,
    started_chromium,
    tab_to,
    tab_until,
    ticket_codes,
    windows,
    yours,
)
from tests.journeys.house import House

pytestmark = [pytest.mark.journey, pytest.mark.browser, *NEEDS_CHROMIUM]
DECLINED, ASKS_THE_BANK = "4000000000009995", "4000000000003220"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A suite of our own: with the other journeys' hurried holds the page would ask at once for more time."""
    folder = Path(tempfile.mkdtemp(prefix="marquee-browser-"))
    folder.chmod(0o711)
    env = {"RATE_LIMITS": "false", "CHECK_SECONDS": "2", "DOORS_MINUTES": "10000"}
    with Suite(folder / "state", scratch_ports(), env) as suite:
        yield House(suite)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with started_chromium() as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Any, house: House) -> Iterator[Open]:
    with windows(chromium, house.suite.url("web")) as opened:
        yield opened


@pytest.fixture
def screening(house: House) -> dict[str, Any]:
    return house.screening(3, day=3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_somebody_books_two_seats(open_page: Open, screening: dict[str, Any], size: Any, scheme: str) -> None:
    page = open_page(viewport=size, color_scheme=scheme)

    pick_and_go_on(page, screening)
    page.get_by_label("Email").fill("mia@example.org")
    fill_card(page, VISA)
    press_pay(page)

    assert len(ticket_codes(page)) == 2
    wider_than_screen = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wider_than_screen)


def test_a_declined_card_keeps_everything_and_another_pays(
    open_page: Open, screening: dict[str, Any]
) -> None:
    page = open_page(viewport=NARROW)
    pick_and_go_on(page, screening)
    page.get_by_label("Email").fill("mia@example.org")
    fill_card(page, DECLINED)

    press_pay(page)
    page.get_by_text("Nothing was charged").first.wait_for()
    assert page.get_by_label("Email").input_value() == "mia@example.org"
    fill_card(page, VISA)
    press_pay(page)

    assert len(ticket_codes(page)) == 2


def test_a_bank_that_asks_first_is_answered_on_the_page(open_page: Open, screening: dict[str, Any]) -> None:
    page = open_page(viewport=WIDE)
    pick_and_go_on(page, screening)
    page.get_by_label("Email").fill("mia@example.org")
    fill_card(page, ASKS_THE_BANK)

    press_pay(page)
    page.frame_locator("iframe[title='Your bank asks']").get_by_role("button", name="Approve").click()

    assert len(ticket_codes(page)) == 2


def test_without_scripts_every_step_works(open_page: Open, screening: dict[str, Any], house: House) -> None:
    page = open_page(viewport=NARROW, java_script_enabled=False)
    page.goto("/")
    page.goto(f"/screenings/{screening['id']}/seats")
    page.get_by_text("Every seat, one by one").click()
    for seat in house.seats_for(screening["id"], 2):
        page.locator(f"label:has(input[name=seat][value='{seat}'])").last.click()
    page.get_by_role("button", name="Hold these seats").last.click()
    page.locator("button:visible, a:visible", has_text="Go on").last.click()
    page.wait_for_url("**/checkout/*")
    page.get_by_label("Email").fill("mia@example.org")
    press_pay(page)
    page.get_by_label("Card number").fill(VISA)
    page.get_by_label("Valid until").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/bookings/*")

    assert len(ticket_codes(page)) == 2


def test_by_keyboard_only(open_page: Open, screening: dict[str, Any]) -> None:
    page = open_page(viewport=WIDE)
    page.goto(f"/screenings/{screening['id']}/seats")
    tab_to(page, "[role=gridcell]:focus")
    page.keyboard.press("Control+Home")
    page.keyboard.press("d")
    page.keyboard.press("Space")
    page.locator("[data-state=yours]").first.wait_for()
    tab_to(page, "button:focus, a:focus", words="Go on")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout/*")
    tab_to(page, "input[type=email]:focus")
    page.keyboard.type("mia@example.org")
    tab_until(
        page, lambda: bool(page.evaluate("document.activeElement.tagName === 'IFRAME'")), "the card fields"
    )
    for text in (VISA, "1234", "123"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    tab_to(page, "button:focus", words="Pay")
    page.keyboard.press("Enter")

    assert len(ticket_codes(page)) >= 1


def test_a_seat_taken_elsewhere_changes_without_being_asked_for(
    open_page: Open, screening: dict[str, Any], house: House
) -> None:
    page = open_page(viewport=WIDE)
    with page.expect_response("**/state"):  # asked when the stream is open
        page.goto(f"/screenings/{screening['id']}/seats")
    (seat,) = house.seats_for(screening["id"], 1)
    page.route("**/state", lambda route: route.abort())

    house.guest().hold(screening["id"], [seat])

    page.locator(f"[data-seat='{seat}'][data-state=held]").first.wait_for(state="attached")


def test_the_card_fields_are_dark_in_the_dark(open_page: Open, screening: dict[str, Any]) -> None:
    """axe does not look into the provider's frame, so this does: words in it have the page's own colour."""
    page = open_page(viewport=NARROW, color_scheme="dark")
    pick_and_go_on(page, screening)

    label = page.frame_locator("iframe[title='Card details']").locator("label").first

    colour = "node => getComputedStyle(node).color"
    assert label.evaluate(colour) == page.locator("body").evaluate(colour)


# --- the hold's clock -------------------------------------------------------------------------------------


def test_near_the_end_of_the_hold_one_press_keeps_the_seats(
    open_page: Open, screening: dict[str, Any], house: House
) -> None:
    page = open_page(viewport=NARROW)
    pick_and_go_on(page, screening)
    house.hold_ends_in(hold_of(page)["id"], seconds=100)

    page.reload()
    dialog = page.get_by_role("dialog", name="Need more time?")
    dialog.wait_for()
    assert page.evaluate("document.activeElement.hasAttribute('data-keep')")
    page.keyboard.press("Enter")
    dialog.wait_for(state="hidden")

    page.locator("[data-hold-left]", has_text="10 min left").wait_for()
    page.reload()
    page.locator("[data-hold-left]", has_text="10 min left").wait_for()


def test_a_hold_that_ran_out_can_be_taken_back_and_nothing_typed_is_lost(
    open_page: Open, screening: dict[str, Any], house: House
) -> None:
    page = open_page(viewport=NARROW)
    page.clock.install()
    pick_and_go_on(page, screening)
    page.get_by_label("Email").fill("mia@example.org")
    page.get_by_label("Name").fill("Mia")
    ended = hold_of(page)["id"]

    house.hold_ends_in(ended, seconds=0)
    page.clock.fast_forward("10:00")
    page.get_by_text("Your hold ended at").wait_for()
    playwright_api.expect(page.get_by_role("button", name="Pay")).to_be_disabled()
    page.get_by_role("button", name="back").last.click()
    page.wait_for_url(lambda url: "/checkout/" in url and ended not in url)

    assert page.get_by_label("Email").input_value() == "mia@example.org"
    assert page.get_by_label("Name").input_value() == "Mia"
    fill_card(page, VISA)
    press_pay(page)
    assert len(ticket_codes(page)) == 2


def test_seats_that_went_to_somebody_else_meanwhile_are_replaced_by_as_good_ones(
    open_page: Open, screening: dict[str, Any], house: House
) -> None:
    page = open_page(viewport=WIDE)
    page.clock.install()
    pick_and_go_on(page, screening)
    page.get_by_label("Email").fill("mia@example.org")
    ended, seats = hold_of(page)["id"], labels_of(hold_of(page))

    house.hold_ends_in(ended, seconds=0)
    page.clock.fast_forward("10:00")
    page.get_by_text("Your hold ended at").wait_for()
    house.guest().hold(screening["id"], seats)
    page.get_by_role("button", name=f"Take {', '.join(seats)} back").click()
    page.get_by_text("went to somebody else. Nothing was charged.").wait_for()
    page.get_by_role("button", name="Take").first.click()
    page.wait_for_url(lambda url: "/checkout/" in url and ended not in url)

    assert not set(labels_of(hold_of(page))) & set(seats)
    assert page.get_by_label("Email").input_value() == "mia@example.org"


def test_on_the_map_a_hold_that_ran_out_frees_its_seats_and_gives_them_back(
    open_page: Open, screening: dict[str, Any], house: House
) -> None:
    page = open_page(viewport=WIDE)
    page.clock.install()
    page.goto(f"/screenings/{screening['id']}/seats")
    page.get_by_role("button", name="Pick for us").click()
    seats = yours(page)
    with page.expect_response("**/hold"):
        page.locator("select").first.select_option("student")
    hold = page.locator("[data-leave]").get_attribute("action").split("/")[2]

    house.hold_ends_in(hold, seconds=0)
    page.clock.fast_forward("10:00")
    page.get_by_text("Your hold ended at").wait_for()
    for seat in seats:
        page.locator(f"[data-seat='{seat}'][data-state=free]").first.wait_for(state="attached")
    page.get_by_role("button", name=f"Take {', '.join(seats)} back").click()

    for seat in seats:
        page.locator(f"[data-seat='{seat}'][data-state=yours]").first.wait_for(state="attached")
    assert page.locator("select").first.input_value() == "student"


def test_a_seat_given_back_is_anybody_s_at_once(
    open_page: Open, screening: dict[str, Any], house: House
) -> None:
    page = open_page(viewport=WIDE)
    page.goto(f"/screenings/{screening['id']}/seats")
    page.get_by_role("button", name="Pick for us").click()
    first, second = yours(page)

    page.get_by_role("button", name=f"Let {first} go").click()
    page.locator(f"[data-seat='{first}'][data-state=free]").wait_for(state="attached")
    house.guest().hold(screening["id"], [first])
    page.locator(f"[data-seat='{first}'][data-state=held]").wait_for(state="attached")

    assert yours(page) == [second]


def test_one_booking_in_two_tabs_is_paid_once(
    open_page: Open, screening: dict[str, Any], house: House
) -> None:
    page = open_page(viewport=NARROW)
    pick_and_go_on(page, screening)
    hold = hold_of(page)
    other = page.context.new_page()
    other.goto(page.url)
    for tab in (page, other):
        tab.get_by_label("Email").fill("mia@example.org")
        fill_card(tab, VISA)

    press_pay(page)
    assert len(ticket_codes(page)) == 2
    press_pay(other)
    other.wait_for_url(f"**/bookings/{hold['id']}*")

    assert ticket_codes(other) == ticket_codes(page)
    assert [intent["net"] for intent in house.ledger(hold["id"])] == [hold["total_cents"]]


def test_the_code_fills_the_screen_when_tapped(open_page: Open, screening: dict[str, Any]) -> None:
    """A mask on the ticket cuts off whatever is fixed inside it: it goes while a code is large, and only then."""
    page = open_page(viewport=NARROW)
    pick_and_go_on(page, screening)
    page.get_by_label("Email").fill("mia@example.org")
    fill_card(page, VISA)
    press_pay(page)
    ticket_codes(page)
    mask = "getComputedStyle(document.querySelector('.ticket')).maskImage"
    assert page.evaluate(mask) != "none"

    page.locator("[data-brighten]").first.click()

    assert page.evaluate(mask) == "none"
    assert page.locator("[data-brighten]").first.bounding_box() == {"x": 0, "y": 0, **NARROW}


# --- a foyer without a network ----------------------------------------------------------------------------


def test_the_ticket_opens_without_a_network_until_its_owner_signs_out(
    open_page: Open, screening: dict[str, Any], house: House
) -> None:
    page = open_page(viewport=NARROW)
    page.goto("/login")
    sign_in(page, "viola")
    page.wait_for_url("**/")
    pick_and_go_on(page, screening)
    page.get_by_label("Email").fill("viola@marquee.example")
    fill_card(page, VISA)
    press_pay(page)
    codes = ticket_codes(page)
    page.get_by_text("This page works without a connection.").wait_for()
    ticket = page.url

    with house.without("web"):
        page.reload()
        assert ticket_codes(page) == codes
        assert all(page.locator(".ticket-qr img").evaluate_all("all => all.map(one => one.naturalWidth > 0)"))
        assert page.evaluate("getComputedStyle(document.querySelector('.ticket')).display") == "grid"
        with pytest.raises(playwright_api.Error):
            page.goto("/bookings")

    page.goto("/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signed-out*")
    page.wait_for_function("async () => !(await caches.keys()).length")
    with house.without("web"), pytest.raises(playwright_api.Error):
        page.goto(ticket)


def test_signing_in_midway_keeps_the_hold_and_makes_it_the_persons(
    open_page: Open, screening: dict[str, Any]
) -> None:
    phone, laptop = open_page(viewport=NARROW), open_page(viewport=WIDE)
    seats_page = f"/screenings/{screening['id']}/seats"
    phone.goto(seats_page)
    phone.get_by_role("button", name="Pick for us").click()
    held = yours(phone)

    phone.get_by_role("link", name="Sign in").click()
    sign_in(phone, "viola")
    phone.wait_for_url(f"**{seats_page}")
    laptop.goto(f"/login?next={seats_page}")
    sign_in(laptop, "viola")
    laptop.wait_for_url(f"**{seats_page}")

    for page in (phone, laptop):
        assert set(held) <= set(yours(page))
        playwright_api.expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_signing_in_at_checkout_comes_back_there_without_scripts_too(
    open_page: Open, screening: dict[str, Any]
) -> None:
    page = open_page(viewport=NARROW, java_script_enabled=False)
    pick_and_go_on(page, screening)
    checkout = page.url

    page.get_by_role("link", name="Sign in").click()
    sign_in(page, "stan")

    page.wait_for_url(checkout)
    assert page.get_by_label("Email").input_value() == "stan@marquee.example"
    playwright_api.expect(page.get_by_role("button", name="Pay")).to_be_enabled()


def test_the_door_lets_in_once(open_page: Open, screening: dict[str, Any]) -> None:
    buyer, staff = open_page(viewport=NARROW), open_page(viewport=NARROW)
    pick_and_go_on(buyer, screening)
    buyer.get_by_label("Email").fill("mia@example.org")
    fill_card(buyer, VISA)
    press_pay(buyer)
    code = ticket_codes(buyer)[0]

    staff.goto(f"/login?next=/door/{screening['id']}")
    sign_in(staff, "stan")
    staff.wait_for_url("**/door/*")
    verdicts = []
    for _ in range(2):
        staff.goto(f"/door/{screening['id']}")
        staff.wait_for_timeout(3200)  # the same code at once would be the same scan
        field = staff.locator("input[name=code]").first
        field.fill(code)
        field.press("Enter")
        word = staff.locator("[data-word]")
        # It stays there, hidden, when the verdict has gone by itself.
        playwright_api.expect(word).not_to_be_empty()
        verdicts.append(word.text_content().strip())

    assert verdicts == ["Admit", "Check"]
    playwright_api.expect(staff.locator("[data-title]")).to_contain_text("Used")


PAGES = [
    "/",
    "/movies",
    "/rooms",
    "/help",
    "{film}",
    "{seats}",
    "{checkout}",
    "{booking}",
    "/bookings",
    "/bookings/lookup",
]
OFFICE = ["/manage", "/manage/films", "/manage/rooms", "/manage/films/new"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_page_has_a_serious_fault_for_assistive_technology(
    open_page: Open, screening: dict[str, Any], size: Any, scheme: str
) -> None:
    page = open_page(viewport=size, color_scheme=scheme)
    pick_and_go_on(page, screening)
    checkout = page.url
    page.get_by_label("Email").fill("mia@example.org")
    faults = serious_faults(page, "checkout")
    fill_card(page, VISA)
    press_pay(page)
    ticket_codes(page)
    places = {
        "{film}": f"/movies/{screening['movie_id']}",
        "{seats}": f"/screenings/{screening['id']}/seats",
        "{checkout}": checkout,
        "{booking}": page.url,
    }
    for place in PAGES:
        page.goto(places.get(place, place))
        faults += serious_faults(page, place)

    assert faults == []


def test_the_office_and_the_door_have_none_either(open_page: Open, screening: dict[str, Any]) -> None:
    page = open_page(viewport=WIDE)
    page.goto("/login?next=/manage")
    sign_in(page, "ada")
    page.wait_for_url("**/manage")
    faults = []
    for place in [*OFFICE, "/door", f"/door/{screening['id']}"]:
        page.goto(place)
        faults += serious_faults(page, place)

    assert faults == []
