"""Refunds that need a hand."""

from tests.web.fake_neighbours import an_id
from tests.web.manage.scripted import refusal

BOOKING = an_id("a booking")
REFUND = {
    "reservation_id": BOOKING,
    "title": "Vertigo",
    "starts_at": "2026-03-02T19:00:00Z",
    "cinema": "Vega",
    "timezone": "America/New_York",
    "name": "Ann <Example>",
    "email": "ann@example.org",
    "total_cents": 2050,
    "currency": "EUR",
    "reason": "cancelled by the buyer",
    "trouble": "the bank did not take it (failed)",
}
AGAIN = f"POST /reservations/{BOOKING}/refund-again"


def test_a_refund_in_trouble_says_whose_money_it_is_and_what_is_wrong(office, movies):
    movies.answers["GET /refunds/in-trouble"] = {"refunds": [REFUND]}

    page = office.get("/manage/refunds").text

    assert "20.50" in page
    assert "Vega, 2 Mar, 14:00" in page
    assert "Ann &lt;Example&gt;" in page
    assert "ann@example.org" in page
    assert "the bank did not take it (failed)" in page


def test_without_any_the_page_says_so(office, movies):
    movies.answers["GET /refunds/in-trouble"] = {"refunds": []}

    assert "Nothing to do" in office.get("/manage/refunds").text


def test_a_refund_can_be_tried_again(office, movies):
    movies.answers[AGAIN] = REFUND

    answer = office.submit(f"/manage/refunds/{BOOKING}/again")

    assert answer.status_code == 303
    assert movies.bodies(AGAIN) == [None]


def test_why_it_cannot_be_tried_again_is_said_on_the_list(office, movies):
    movies.answers |= {
        AGAIN: refusal(409, "nothing-to-refund", "There is nothing to give back"),
        "GET /refunds/in-trouble": {"refunds": []},
    }

    office.submit(f"/manage/refunds/{BOOKING}/again")

    page = office.get("/manage/refunds").text
    assert "There is nothing to give back" in page
    assert "note is-danger" in page
