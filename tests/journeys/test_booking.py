"""From the seat to the scan at the door, on the running suite."""

from uuid import uuid4

import pytest
from icalendar import Calendar

from tests.journeys.house import AT_REST, DECLINED, SLOW, VISA, header, until

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def stan(house):
    """At the door."""
    return house.person("stan")


@pytest.fixture(scope="module")
def booked(house):
    """A guest with two tickets."""
    buyer, screening = house.guest(), house.screening(0)
    return buyer, screening, buyer.book(screening["id"], people=2)


def test_a_paid_booking_has_a_ticket_per_seat(booked):
    buyer, _, reservation = booked

    tickets = buyer.tickets(reservation["id"])

    assert [ticket["seat"] for ticket in tickets] == [seat["seat"] for seat in reservation["seats"]]
    assert {ticket["state"] for ticket in tickets} == {"valid"}


def test_the_bank_got_exactly_what_was_shown(house, booked):
    _, _, reservation = booked

    [intent] = house.ledger(reservation["id"])

    assert (intent["net"], intent["currency"]) == (
        reservation["total_cents"],
        reservation["currency"].lower(),
    )


def test_the_tickets_can_be_printed_and_put_into_a_calendar(booked):
    buyer, screening, reservation = booked

    pdf = buyer.at["ticket"].ask("GET", f"/reservations/{reservation['id']}/tickets.pdf").content
    ics = buyer.at["ticket"].ask("GET", f"/reservations/{reservation['id']}/calendar.ics").content

    assert pdf.startswith(b"%PDF-")
    [event] = Calendar.from_ical(ics).walk("VEVENT")
    assert screening["title"] in event["SUMMARY"]


def test_the_mail_brings_both_papers(house, booked):
    buyer, _, reservation = booked

    letter = house.mail("tickets", reservation["id"])

    assert letter["to"] == [buyer.email]
    kinds = {part["content_type"]: part["size"] for part in letter["parts"] if part["attachment"]}
    assert set(kinds) == {"application/pdf", "text/calendar"}
    assert kinds["application/pdf"] > 5000


def test_the_link_in_the_mail_opens_the_booking_and_no_other_key_does(house, booked):
    buyer, _, reservation = booked
    link_key = buyer.at["movies"].get(f"/reservations/{reservation['id']}")["link_key"]
    assert link_key in house.mail("tickets", reservation["id"])["text"]

    opened = house.movies.ask("GET", f"/reservations/{reservation['id']}?key={link_key}")
    refused = house.movies.ask("GET", f"/reservations/{reservation['id']}?key={link_key[:-1]}x")

    assert (opened.status_code, refused.status_code) == (200, 404)


def test_nobody_else_sees_the_booking_its_payment_or_its_tickets(house, booked):
    _, _, reservation = booked
    stranger, path = house.guest(), reservation["id"]

    answers = {
        stranger.at["movies"].ask("GET", f"/reservations/{path}").status_code,
        stranger.at["movies"].ask("POST", f"/reservations/{path}/cancel").status_code,
        stranger.at["payment"].ask("GET", f"/payments/{path}").status_code,
        stranger.at["ticket"].ask("GET", f"/reservations/{path}/tickets").status_code,
        stranger.at["ticket"].ask("GET", f"/reservations/{path}/tickets.pdf").status_code,
    }

    assert answers == {404}


def test_the_door_lets_each_ticket_in_once(booked, stan):
    buyer, screening, reservation = booked
    first, second = (ticket["code"] for ticket in buyer.tickets(reservation["id"]))
    scan_id = str(uuid4())

    admitted = stan.scan(first, screening["id"], scan_id)
    sent_again = stan.scan(first, screening["id"], scan_id)
    refused = stan.scan(first, screening["id"])

    assert (admitted["result"], sent_again["result"]) == ("admit", "admit")
    assert (refused["result"], refused["reason"], refused["admission_id"]) == ("check", "already_used", None)
    assert stan.scan(second, screening["id"])["result"] == "admit"


def test_a_ticket_opens_no_other_screening(house, stan):
    buyer, screening, other = house.guest(), house.screening(1), house.screening(2)
    reservation = buyer.book(screening["id"], people=1)
    [ticket] = buyer.tickets(reservation["id"])

    verdict = stan.scan(ticket["code"], other["id"])

    assert (verdict["result"], verdict["reason"]) == ("no", "wrong_screening")
    assert screening["title"] in verdict["sentence"]


def test_a_scan_can_be_undone_and_the_ticket_used_again(house, stan):
    buyer, screening = house.guest(), house.screening(1)
    reservation = buyer.book(screening["id"], people=1)
    [ticket] = buyer.tickets(reservation["id"])
    admitted = stan.scan(ticket["code"], screening["id"])

    stan.at["ticket"].post(f"/door/admissions/{admitted['admission_id']}/undo", {"reason": "wrong ticket"})

    assert stan.scan(ticket["code"], screening["id"])["result"] == "admit"


def test_who_is_in_gets_no_money_back(house, stan):
    buyer, screening = house.guest(), house.screening(3)
    reservation = buyer.book(screening["id"], people=1)
    [ticket] = buyer.tickets(reservation["id"])
    path = f"/reservations/{reservation['id']}"
    assert buyer.at["movies"].get(path)["can_cancel"]

    assert stan.scan(ticket["code"], screening["id"])["result"] == "admit"

    until(lambda: not buyer.at["movies"].get(path)["can_cancel"])
    refused = buyer.at["movies"].ask("POST", f"{path}/cancel")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/somebody-is-in")


def test_a_made_up_code_is_not_one_of_ours(house, stan):
    verdict = stan.scan("MQ" + "A" * 160, house.screening(0)["id"])

    assert (verdict["result"], verdict["reason"]) == ("no", "unknown")


def test_only_staff_work_the_door(house, booked):
    buyer, screening, reservation = booked
    body = {
        "code": buyer.tickets(reservation["id"])[0]["code"],
        "screening_id": screening["id"],
        "scan_id": str(uuid4()),
    }

    assert buyer.at["ticket"].ask("POST", "/door/scans", body).status_code == 401
    assert house.person("viola").at["ticket"].ask("POST", "/door/scans", body).status_code == 403


def test_a_used_ticket_begins_the_diary_of_its_owner(house, stan):
    viola, screening = house.person("viola"), house.screening(3)
    reservation = viola.book(screening["id"], people=1)
    [ticket] = viola.tickets(reservation["id"])

    def entries():
        return {entry["id"]: entry for entry in viola.at["review"].get("/diary/me")["entries"]}

    before = entries()
    stan.scan(ticket["code"], screening["id"])

    [new] = until(lambda: entries().keys() - before.keys(), what="the diary entry")
    entry = entries()[new]
    assert (entry["title"], entry["seat"]) == (screening["title"], ticket["seat"])


def test_a_scan_that_is_taken_back_leaves_nothing_in_the_diary(house, stan):
    viola, screening = house.person("viola"), house.screening(5)
    reservation = viola.book(screening["id"], people=1)
    [ticket] = viola.tickets(reservation["id"])

    def entries():
        return {entry["id"] for entry in viola.at["review"].get("/diary/me")["entries"]}

    before = entries()
    admitted = stan.scan(ticket["code"], screening["id"])
    until(lambda: entries() > before, what="the diary entry")
    stan.at["ticket"].post(f"/door/admissions/{admitted['admission_id']}/undo", {"reason": "wrong ticket"})

    until(lambda: entries() == before, what="the diary without it")


def test_a_cancelled_booking_gives_money_and_seats_back_and_closes_the_door(house, stan):
    buyer, screening = house.guest(), house.screening(4)
    reservation = buyer.book(screening["id"], people=2)
    code = buyer.tickets(reservation["id"])[0]["code"]
    house.mail("tickets", reservation["id"])

    buyer.at["movies"].post(f"/reservations/{reservation['id']}/cancel")

    buyer.becomes(reservation["id"], "refunded")
    assert house.net(reservation["id"]) == 0
    seats = house.movies.get(f"/screenings/{screening['id']}/seats")["seats"]
    assert {seats[seat["seat"]] for seat in reservation["seats"]} == {"free"}
    until(lambda: stan.scan(code, screening["id"])["reason"] == "void", what="the void ticket")
    house.mail("cancelled", reservation["id"])
    house.mail("refunded", reservation["id"])


def test_cancelling_twice_refunds_once(house):
    buyer = house.guest()
    reservation = buyer.book(house.screening(4)["id"], people=1)

    for _ in range(3):
        buyer.at["movies"].post(f"/reservations/{reservation['id']}/cancel")

    buyer.becomes(reservation["id"], "refunded")
    [intent] = house.ledger(reservation["id"])
    assert [refund["amount"] for refund in intent["refunds"]] == [reservation["total_cents"]]


def test_a_declined_card_leaves_the_seats_and_the_form_for_another(house):
    buyer = house.guest()
    reservation = buyer.reserve_seats(house.screening(5)["id"])
    secret = buyer.payment(reservation["id"])["client_secret"]

    assert house.pay(secret, DECLINED) == "card_declined"

    until(
        lambda: buyer.at["movies"].get(f"/reservations/{reservation['id']}")["decline_message"],
        what="the bank's words",
    )
    assert buyer.payment(reservation["id"])["decline"]["code"]
    assert buyer.payment(reservation["id"])["client_secret"] == secret
    assert house.pay(secret, VISA) == "succeeded"
    buyer.becomes(reservation["id"], "ticketed")
    assert house.net(reservation["id"]) == reservation["total_cents"]


def test_a_payment_that_takes_its_time_ends_in_tickets(house):
    buyer = house.guest()
    reservation = buyer.reserve_seats(house.screening(5)["id"], people=1)

    assert house.pay(buyer.payment(reservation["id"])["client_secret"], SLOW) == "processing"

    buyer.becomes(reservation["id"], "ticketed")


def test_whoever_goes_back_is_charged_nothing_and_leaves_the_seats(house):
    buyer, screening = house.guest(), house.screening(6)
    reservation = buyer.reserve_seats(screening["id"])
    buyer.payment(reservation["id"])

    buyer.at["movies"].post(f"/reservations/{reservation['id']}/release")

    assert buyer.becomes(reservation["id"], *AT_REST) == "expired"
    # Payment may have answered too late for it, and goes on nevertheless.
    until(
        lambda: [intent["status"] for intent in house.ledger(reservation["id"])] == ["canceled"],
        what="the payment given up",
    )
    seats = house.movies.get(f"/screenings/{screening['id']}/seats")["seats"]
    assert {seats[seat["seat"]] for seat in reservation["seats"]} == {"free"}


def test_a_taken_seat_is_refused_with_others_nearby(house):
    screening = house.screening(7)
    taken = house.guest().reserve_seats(screening["id"])["seats"]
    wishes = [{"seat": seat["seat"], "ticket_type": "adult"} for seat in taken]

    refusal = (
        house.guest().at["movies"].ask("POST", f"/screenings/{screening['id']}/holds", {"seats": wishes})
    )

    assert refusal.status_code == 409
    assert refusal.json()["type"] == "/problems/seat-taken"
    assert sorted(refusal.json()["lost"]) == sorted(seat["seat"] for seat in taken)
    assert refusal.json()["alternatives"]


def test_reserving_and_paying_twice_is_booking_once(house):
    buyer, screening = house.guest(), house.screening(8)
    hold = buyer.hold(screening["id"], house.seats_for(screening["id"], 1))

    first, second = buyer.reserve(hold), buyer.reserve(hold)
    secret = buyer.payment(first["id"])["client_secret"]
    house.pay(secret)
    buyer.becomes(first["id"], "ticketed")
    buyer.reserve(hold)

    assert first["id"] == second["id"]
    assert len(house.ledger(first["id"])) == 1


def test_who_pays_on_the_hosted_page_comes_back_to_a_ticket(house):
    buyer, screening = house.person("viola"), house.screening(9)
    browser = house.sign_in("viola")
    hold = buyer.hold(screening["id"], house.seats_for(screening["id"], 1))
    reservation = buyer.reserve(hold, method="hosted")
    payment = buyer.payment(reservation["id"])
    assert payment["client_secret"] is None

    house.stripe_control.post("/_control/webhooks", {"paused": True})
    try:
        back = house.pay_hosted(payment["hosted_url"])
        # Stripe is asked as soon as somebody comes back, for no webhook tells.
        browser.get(house.suite.url("web") + back, timeout=60)
        assert buyer.at["payment"].get(f"/payments/{reservation['id']}")["state"] == "succeeded"
    finally:
        house.stripe_control.post("/_control/webhooks", {"paused": False})

    buyer.becomes(reservation["id"], "ticketed")
    [ticket] = buyer.tickets(reservation["id"])
    assert ticket["state"] == "valid"
    assert house.net(reservation["id"]) == reservation["total_cents"]


def test_every_letter_has_a_fixed_id_and_comes_once(house, booked):
    _, _, reservation = booked
    house.mail("tickets", reservation["id"])

    ids = [header(letter, "Message-ID") for letter in house.mails(reservation["id"])]

    assert len(ids) == len(set(ids))
