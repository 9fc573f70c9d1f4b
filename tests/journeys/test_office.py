"""What an editor does, seen by those who booked."""

import pytest

from tests.journeys.house import Door, until

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def edda(house):
    return Door(house.suite.url("movies"), house.bearer("edda"))


def in_trouble(editor):
    return {one["reservation_id"] for one in editor.get("/refunds/in-trouble")["refunds"]}


def test_a_cancelled_screening_pays_everybody_back(house, edda):
    screening = house.screening(13, day=5)
    paid = [(buyer := house.guest(), buyer.book(screening["id"], people=2)) for _ in range(2)]
    paying = house.guest()
    open_one = paying.reserve_seats(screening["id"], people=1)
    paying.payment(open_one["id"])

    edda.post(f"/screenings/{screening['id']}/cancel", {"reason": "the projector broke"})

    for buyer, reservation in paid:
        buyer.becomes(reservation["id"], "refunded")
        assert house.net(reservation["id"]) == 0
        assert "the projector broke" in house.mail("cancelled", reservation["id"])["text"]
    paying.becomes(open_one["id"], "cancelled", "expired")
    assert house.net(open_one["id"]) == 0


def test_a_cancelled_screening_sells_no_more_seats(house, edda):
    screening = house.screening(14, day=5)
    seats = house.seats_for(screening["id"], 1)
    edda.post(f"/screenings/{screening['id']}/cancel", {"reason": "a private party"})

    wishes = {"seats": [{"seat": seats[0], "ticket_type": "adult"}]}
    refusal = house.guest().at["movies"].ask("POST", f"/screenings/{screening['id']}/holds", wishes)

    assert refusal.status_code == 409


def test_a_refund_that_the_bank_sends_back_comes_before_the_office(house, edda):
    buyer = house.guest()
    reservation = buyer.book(house.screening(16)["id"], people=1)
    house.stripe_control.post("/_control/refunds", {"outcome": "fails"})
    try:
        buyer.at["movies"].post(f"/reservations/{reservation['id']}/cancel")
        until(lambda: reservation["id"] in in_trouble(edda), what="the refund in trouble")
    finally:
        house.stripe_control.post("/_control/refunds", {"outcome": None})
    assert house.net(reservation["id"]) == reservation["total_cents"]

    edda.post(f"/reservations/{reservation['id']}/refund-again")

    buyer.becomes(reservation["id"], "refunded")
    assert house.net(reservation["id"]) == 0


def test_a_refund_by_hand_at_stripe_ends_the_booking_and_its_tickets(house):
    buyer = house.guest()
    reservation = buyer.book(house.screening(16)["id"], people=1)
    [intent] = house.ledger(reservation["id"])

    house.at_stripes_dashboard().v1.refunds.create({"payment_intent": intent["id"]})

    buyer.becomes(reservation["id"], "refunded", seconds=30)
    assert "the money was given back" in house.mail("cancelled", reservation["id"])["text"].lower()
    until(lambda: {ticket["state"] for ticket in buyer.tickets(reservation["id"])} != {"valid"})


def test_a_clash_of_screenings_is_refused_with_the_first_free_time(house, edda):
    screening = edda.get(f"/screenings/{house.screening(15)['id']}")
    cards = edda.get("/price-cards")["price_cards"]
    card = next(card for card in cards if card["cinema_id"] == screening["cinema"]["id"])
    wish = {
        "movie_id": screening["movie_id"],
        "room_id": screening["room"]["id"],
        "starts_at": screening["starts_at"],
        "formats": [],
        "price_card_id": card["id"],
        "trailer_minutes": 10,
    }

    refusal = edda.ask("POST", "/screenings", wish)

    assert refusal.status_code == 409, refusal.text
    assert refusal.json()["type"] == "/problems/room-clash"
    assert refusal.json()["first_free_start"]


def test_a_new_film_reaches_the_diary_service(house, edda):
    film = {
        "title": "A Journey Through the Tests",
        "original_title": "A Journey Through the Tests",
        "year": 2026,
        "runtime_minutes": 90,
        "certificate": "12A",
        "genres": ["Drama"],
        "directors": ["Ann Example"],
        "actors": [],
        "synopsis": "Somebody books a seat, and everything goes well.",
        "language": "English",
    }

    answer = edda.ask("POST", "/movies", film)

    assert answer.status_code == 201, answer.text
    assert until(lambda: edda.get(f"/movies/{answer.json()['id']}"))["title"] == film["title"]
