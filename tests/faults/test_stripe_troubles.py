"""Stripe at its worst: lost answers, stored errors, webhooks in any order and number, and from somebody else."""

import psycopg2
import pytest

from tests.faults.persistence import book, cancel, ends, hold, pay, reserve
from tests.journeys.house import SLOW, Door, until

pytestmark = [pytest.mark.journey, pytest.mark.slow]


@pytest.fixture
def control(house):
    """Switches of the stand-in, all back to normal afterwards."""
    yield house.stripe_control
    house.stripe_control.post("/_control/faults/clear", {})
    house.stripe_control.post("/_control/webhooks", {"paused": False, "duplicates": 1, "shuffle": False})
    house.stripe_control.post("/_control/refunds", {"outcome": None})


@pytest.mark.parametrize(
    "fault",
    [
        {"lost_replies": 2, "path": "/v1/payment_intents"},
        {"errors_before": 2, "path": "/v1/payment_intents"},
        {"errors_after": 1, "path": "/v1/payment_intents"},
        {"rate_limited": 3, "path": "/v1/payment_intents"},
        {"delay_ms": 1500, "path": "/v1/payment_intents"},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_a_booking_gets_through_trouble_with_payments(house, control, sound, fault):
    buyer, screening = house.guest(), house.screening(22)["id"]
    control.post("/_control/faults", fault)
    reservation = reserve(buyer, hold(buyer, screening, house.seats_for(screening, 1)))
    secret = until(lambda: open_payment(buyer, reservation), what="the open payment")
    control.post("/_control/faults/clear", {})

    assert house.pay(secret) == "succeeded"

    ends(buyer, reservation, "ticketed")
    sound()


@pytest.mark.parametrize("fault", ["lost_replies", "errors_before", "errors_after", "rate_limited"])
def test_a_refund_gets_through_trouble_and_is_one(house, control, sound, fault):
    buyer, reservation = book(house, 23, people=1)
    control.post("/_control/faults", {fault: 2, "path": "/v1/refunds"})

    cancel(buyer, reservation)

    ends(buyer, reservation, "refunded")
    [intent] = house.ledger(reservation["id"])
    assert (len(intent["refunds"]), intent["net"]) == (1, 0)
    sound()


def test_a_refund_that_takes_its_time_ends(house, control, sound):
    buyer, reservation = book(house, 23, people=1)
    control.post("/_control/refunds", {"outcome": "pends"})

    cancel(buyer, reservation)

    ends(buyer, reservation, "refunded")
    sound()


def test_webhooks_five_times_over_and_shuffled_change_nothing(house, control, sound):
    control.post("/_control/webhooks", {"duplicates": 5, "shuffle": True})

    booked = [book(house, number, people=1) for number in range(4)]
    buyer, reservation = booked[0]
    cancel(buyer, reservation)

    ends(buyer, reservation, "refunded")
    sound()


def test_without_any_webhook_everything_is_found_out_by_asking(house, control, sound):
    control.post("/_control/webhooks", {"paused": True})

    buyer, reservation = book(house, 24, people=1)
    slow = house.guest()
    screening = house.screening(25)["id"]
    processing = reserve(slow, hold(slow, screening, house.seats_for(screening, 1)))
    assert pay(slow, processing, SLOW) == "processing"
    cancel(buyer, reservation)

    ends(slow, processing, "ticketed")
    ends(buyer, reservation, "refunded")
    control.post("/_control/webhooks", {"paused": False})
    sound()


@pytest.mark.parametrize("manner", ["forged", "stale"])
def test_a_webhook_that_stripe_did_not_sign_just_now_leaves_no_row(house, control, sound, manner):
    book(house, 26, people=1)
    until(lambda: control.get("/_control/webhooks")["waiting"] == 0)
    before = stored(house)

    control.post(
        "/_control/webhooks/send", {"type": "payment_intent.succeeded", "manner": manner, "times": 5}
    )
    until(lambda: control.get("/_control/webhooks")["waiting"] == 0)

    latest = control.get("/_control/webhooks?limit=5")["deliveries"]
    assert {(one["manner"], str(one["last_answer"])) for one in latest} == {(manner, "400")}
    assert stored(house) == before
    sound()


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"id": 1}', b"\xff\xfe"])
def test_a_webhook_without_a_signature_is_refused(house, body):
    payment = Door(house.suite.url("payment"))

    answer = payment.ask("POST", "/webhooks/stripe", data=body)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def open_payment(buyer, reservation):
    answer = buyer.at["payment"].ask("GET", f"/payments/{reservation['id']}")
    return answer.json()["client_secret"] if answer.ok else None


def stored(house):
    """All webhooks that were kept, and every state they could have changed."""
    address = house.suite.database_url("payment").replace("postgresql+psycopg2", "postgresql")
    connection = psycopg2.connect(address)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM stripe_events ORDER BY id")
            events = cursor.fetchall()
            cursor.execute("SELECT id, state, version FROM payments ORDER BY id")
            return events, cursor.fetchall()
    finally:
        connection.close()
