"""What the programs write about a booking: enough to follow it, and nothing that opens it."""

import json

import pytest
import requests

from local.topology import SERVICES, WITH_WORKER
from tests.journeys.house import until

pytestmark = pytest.mark.journey

PROGRAMS = (*SERVICES, *(f"{service}-worker" for service in WITH_WORKER))
# Everybody who has a part in a booking, from the seat map to the diary.
INVOLVED = (
    "web",
    "movies",
    "movies-worker",
    "payment",
    "payment-worker",
    "ticket",
    "ticket-worker",
    "notification-worker",
    "review-worker",
)
CANARY = "canary-7f3a9c"


@pytest.fixture(scope="module")
def followed(house):
    """A booking that was held, paid, printed, mailed, told of, looked at on the website, and let in at the door."""
    buyer, screening = house.guest(), house.screening(10)
    reservation = buyer.book(screening["id"], people=1)
    house.mail("tickets", reservation["id"])
    assert buyer.at["notification"].get("/inbox")["notices"]
    link = f"{house.suite.url('web')}/bookings/{reservation['id']}?key={reservation['link_key']}"
    assert requests.get(link, timeout=60).ok
    [ticket] = buyer.tickets(reservation["id"])
    assert house.person("stan").scan(ticket["code"], screening["id"])["result"] == "admit"
    until(lambda: buyer.at["review"].get("/diary/me")["entries"], what="the diary entry")
    assert buyer.at["notification"].get("/inbox")["notices"]
    return buyer, reservation, ticket


def lines_of(house, program):
    return house.suite.log_path(program).read_text().splitlines()


@pytest.mark.parametrize("program", INVOLVED)
def test_a_search_for_the_booking_finds_what_each_program_did(house, followed, program):
    _, reservation, _ = followed

    found = [json.loads(line) for line in lines_of(house, program) if reservation["id"] in line]

    assert found
    assert [line for line in found if line.get("reservation_id") != reservation["id"]] == []
    assert [line for line in found if not line.get("request_id")] == []


def test_the_holding_of_the_seats_is_part_of_it(house, followed):
    _, reservation, _ = followed

    held = [line for line in lines_of(house, "movies") if reservation["id"] in line and "/holds" in line]

    assert held


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_line_says_when_who_and_how_grave(house, followed, program):
    # That a worker was killed, as tests/faults does it, gunicorn says in words of its own.
    told = [line for line in lines_of(house, program) if "was sent SIGKILL" not in line]
    lines = [json.loads(line) for line in told]

    assert lines
    for line in lines:
        assert line["service"] in program
        assert line["timestamp"].endswith("Z")
        assert {"event", "level"} <= line.keys()


def test_nothing_that_opens_a_booking_or_a_door_is_written(house, followed):
    buyer, reservation, ticket = followed
    payment = buyer.at["payment"].get(f"/payments/{reservation['id']}")
    secrets = {
        "guest token": buyer.credentials["X-Guest-Token"],
        "key of the mail's link": reservation["link_key"],
        "ticket code": ticket["code"],
        "client secret": payment["client_secret"] or "",
        "password": "marquee-demo",
        "access token": "eyJ",
        "mail address": buyer.email,
        **{path.name: path.read_text() for path in (house.suite.site.state.path / "secrets").iterdir()},
    }

    told = {
        f"{program}: {name}"
        for program in PROGRAMS
        for name, secret in secrets.items()
        if secret and secret in house.suite.log_path(program).read_text()
    }

    assert told == set()


def test_what_somebody_types_into_the_wrong_field_is_not_written(house, followed):
    """A card number or a password as e-mail, name, seat or code: refused, and not repeated in any log."""
    buyer, reservation, _ = followed
    wishes = [{"seat": CANARY, "ticket_type": CANARY}]
    screening = house.screening(10)["id"]
    tries = [
        buyer.at["movies"].ask("POST", f"/screenings/{screening}/holds", {"seats": wishes}),
        buyer.at["movies"].ask(
            "POST", "/reservations", {"hold_id": reservation["id"], "email": CANARY, "method": CANARY}
        ),
        house.person("stan").at["ticket"].ask("POST", "/door/scans", {"code": CANARY, "password": CANARY}),
        requests.get(f"{house.suite.url('movies')}/rooms", headers=bearer(CANARY), timeout=60),
        requests.get(f"{house.suite.url('ticket')}/door/screenings/{screening}", headers=bearer(CANARY), timeout=60),
        requests.post(
            f"{house.suite.url('payment')}/webhooks/stripe",
            data=CANARY,
            headers={"Stripe-Signature": f"t=1,v1={CANARY}"},
            timeout=60,
        ),
    ]  # fmt: skip

    assert {answer.status_code // 100 for answer in tries[:3] + tries[4:]} == {4}
    assert [name for name in PROGRAMS if CANARY in house.suite.log_path(name).read_text()] == []


def bearer(token):
    return {"Authorization": f"Bearer {token}"}
