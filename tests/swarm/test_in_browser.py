"""The booking in Chromium, through the gateway, with the real Keycloak."""

import pytest

from tests.journeys.browsing import (
    NARROW,
    NEEDS_CHROMIUM,
    VISA,
    WIDE,
    fill_card,
    pick_and_go_on,
    press_pay,
    sign_in,
    started_chromium,
    ticket_codes,
    windows,
)

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def chromium():
    with started_chromium() as browser:
        yield browser


@pytest.fixture
def open_page(chromium, town):
    with windows(chromium, town.address, patience_seconds=30) as opened:
        yield opened


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_guest_books_two_seats(open_page, house, size):
    page = open_page(viewport=size)
    pick_and_go_on(page, house.screening(3, day=3))
    page.get_by_label("Email").fill("mia@example.org")
    fill_card(page, VISA)

    press_pay(page)

    assert len(ticket_codes(page)) == 2


def test_who_signs_in_at_keycloak_comes_back_and_finds_the_ticket_among_their_own(open_page, house):
    page = open_page(viewport=NARROW)
    page.goto("/login?next=/me")
    sign_in(page, "viola")
    page.get_by_text("Viola").first.wait_for()
    screening = house.screening(4, day=3)
    pick_and_go_on(page, screening)
    fill_card(page, VISA)

    press_pay(page)

    assert len(ticket_codes(page)) == 2
    page.goto("/bookings")
    page.get_by_role("link", name=screening["title"]).first.wait_for()
