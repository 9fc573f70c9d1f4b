"""Money that comes after the seats were given up: taken when they are still free, sent back when not."""

import pytest

from tests.journeys.house import until

pytestmark = pytest.mark.journey


@pytest.fixture
def late(house):
    """A buyer whose booking expired because payment did not answer, and whose bank page is still open."""
    buyer, screening = house.guest(), house.screening(12)
    reservation = buyer.reserve_seats(screening["id"], people=2)
    secret = buyer.payment(reservation["id"])["client_secret"]
    with house.without("payment-worker"):
        buyer.at["movies"].post(f"/reservations/{reservation['id']}/release")
        buyer.becomes(reservation["id"], "expired")
        yield buyer, screening, reservation, secret


def test_late_money_gets_its_seats_while_they_are_free(house, late):
    buyer, _, reservation, secret = late
    assert house.pay(secret) == "succeeded"
    assert buyer.booking(reservation["id"])["is_payment_unknown"]

    house.suite.restart("payment-worker")

    buyer.becomes(reservation["id"], "ticketed")
    assert not buyer.booking(reservation["id"])["is_payment_unknown"]
    assert house.net(reservation["id"]) == reservation["total_cents"]


def test_late_money_goes_back_when_the_seats_were_resold(house, late):
    buyer, screening, reservation, secret = late
    rival = house.guest()
    rival.hold(screening["id"], [seat["seat"] for seat in reservation["seats"]])
    assert house.pay(secret) == "succeeded"

    house.suite.restart("payment-worker")

    assert buyer.becomes(reservation["id"], "refunded", "ticketed") == "refunded"
    [intent] = house.ledger(reservation["id"])
    assert (intent["net"], len(intent["refunds"])) == (0, 1)
    tickets = until(lambda: tickets_if_heard_of(buyer, reservation), what="the ticket service's note")
    assert (tickets["state"], tickets["tickets"]) == ("void", [])
    house.mail("refunded", reservation["id"])
    house.mail("refund_due", reservation["id"])
    assert len(house.mails(reservation["id"])) == 2


def tickets_if_heard_of(buyer, reservation):
    answer = buyer.at["ticket"].ask("GET", f"/reservations/{reservation['id']}/tickets")
    assert answer.status_code in (200, 404)
    return answer.json() if answer.status_code == 200 else None


def test_money_that_came_while_nobody_listened_is_heard_afterwards(house):
    buyer, screening = house.guest(), house.screening(12)
    reservation = buyer.reserve_seats(screening["id"], people=1)
    secret = buyer.payment(reservation["id"])["client_secret"]

    with house.without("movies-worker"):
        assert house.pay(secret) == "succeeded"

    buyer.becomes(reservation["id"], "ticketed")
