"""From a seat to a ticket, as a form and as our scripts do it."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from tests.web.conftest import Browser
from tests.web.fake_neighbours import World
from tests.web.fake_world import ZONE


def test_without_scripts_checked_seats_are_held_and_lead_to_paying(browser: Any, screening_id: str) -> None:
    answer = browser.submit(f"/screenings/{screening_id}/hold", seat=["C7", "C8"])
    assert answer.status_code == 303
    seats = browser.get(answer.location).text
    assert 'name="type-C7"' in seats

    onward = browser.submit(
        f"/screenings/{screening_id}/hold", **{"seat": ["C7", "C8"], "type-C8": "student", "then": "pay"}
    )

    assert "/checkout/" in onward.location
    checkout = browser.get(onward.location).text
    assert "Student" in checkout
    assert "16.50" in checkout


def test_a_group_of_the_list_is_held_with_one_button(browser: Any, world: World, screening_id: str) -> None:
    browser.submit(f"/screenings/{screening_id}/hold", group="D7,D8")

    assert [seat["seat"] for hold in world.holds.values() for seat in hold["seats"]] == ["D7", "D8"]


def test_one_seat_can_be_dropped(browser: Any, world: World, screening_id: str) -> None:
    browser.hold("C7", "C8")

    browser.submit(f"/screenings/{screening_id}/hold", seat=["C7", "C8"], drop="C8")

    assert [seat["seat"] for hold in world.holds.values() for seat in hold["seats"]] == ["C7"]


def test_pick_for_us_holds_the_best_seats(browser: Any, world: World, screening_id: str) -> None:
    browser.submit(f"/screenings/{screening_id}/pick", people="3")

    assert [len(hold["seats"]) for hold in world.holds.values()] == [3]


def test_pick_for_us_says_which_wish_had_to_give_way(browser: Any, world: World, screening_id: str) -> None:
    world.relaxed = ["in two rows, one behind the other"]

    answer = browser.submit(f"/screenings/{screening_id}/pick", people="3")

    assert "The best that is left: in two rows, one behind the other." in browser.get(answer.location).text


def test_when_there_are_not_enough_seats_pick_for_us_says_so(
    browser: Any, world: World, screening_id: str
) -> None:
    world.claims[screening_id] = {seat["label"]: "taken" for seat in world.plan["seats"]}

    answer = browser.submit(f"/screenings/{screening_id}/pick", people="3")

    assert "Not for all of you." in browser.get(answer.location).text
    assert world.holds == {}


def test_pick_for_us_keeps_the_wish_for_a_step_free_way(browser: Any, screening_id: str) -> None:
    wished = '<input type="hidden" name="step_free" value="1">'

    assert wished in browser.get(f"/screenings/{screening_id}/seats?step_free=1").text
    assert wished not in browser.get(f"/screenings/{screening_id}/seats").text


def test_a_lost_seat_is_said_with_what_is_free_together(browser: Any, screening_id: str) -> None:
    answer = browser.send(
        f"/screenings/{screening_id}/hold", {"seats": [{"seat": "H9", "ticket_type": "adult"}]}
    )

    assert answer.status_code == 409
    assert answer.get_json()["lost"] == ["H9"]
    assert answer.get_json()["alternatives"] == [["G7"]]


def test_a_lost_seat_without_scripts_comes_back_to_the_map_with_the_reason(
    browser: Any, screening_id: str
) -> None:
    answer = browser.submit(f"/screenings/{screening_id}/hold", seat=["H9"])

    assert "H9 was just taken" in browser.get(answer.location).text


def test_holding_no_seat_lets_the_others_go(browser: Any, world: World, screening_id: str) -> None:
    hold_id = browser.hold("C7")

    browser.send(f"/screenings/{screening_id}/hold", {"seats": []})

    assert world.holds[hold_id]["state"] == "cancelled"


def test_the_hold_of_this_browser_is_drawn_as_yours_and_nobody_elses(
    browser: Any, app: Any, screening_id: str
) -> None:
    browser.hold("C7")
    stranger = (
        app.test_client().get(f"/screenings/{screening_id}/seats", base_url="http://localhost:8081").text
    )

    assert (
        "Row C, seat 7, standard, 9.50 euros, yours" in browser.get(f"/screenings/{screening_id}/seats").text
    )
    assert "Row C, seat 7, standard, 9.50 euros, held by someone else" in stranger


def test_a_hold_can_be_kept_longer(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")

    answer = browser.send(f"/holds/{hold_id}/extend", {})

    assert answer.get_json()["hold"]["extensions_left"] == 9


def test_the_bar_of_a_hold_is_as_long_as_the_house_holds_seats(browser: Any, world: World) -> None:
    world.rules["hold_ttl_seconds"] = 240
    browser.hold("C7")

    assert '<progress max="240" value="2' in browser.get(f"{browser.seats}/seats").text


def test_keeping_seats_longer_leads_back_to_where_the_button_was_and_nowhere_else(
    browser: Any, screening_id: str
) -> None:
    hold_id = browser.hold("C7")
    button = browser.get(f"/checkout/{hold_id}").text.partition(f'action="/holds/{hold_id}/extend"')[2]
    assert 'name="from_checkout"' in button.partition("</form>")[0]

    at_checkout = browser.submit(f"/holds/{hold_id}/extend", from_checkout="1")
    on_the_map = browser.submit(f"/holds/{hold_id}/extend", back_to_checkout="https://evil.example/")

    assert at_checkout.location == f"/checkout/{hold_id}"
    assert on_the_map.location.startswith(f"/screenings/{screening_id}/seats")


def test_leaving_releases_the_seats(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")

    assert browser.submit(f"/holds/{hold_id}/release").status_code == 204
    assert world.holds[hold_id]["state"] == "cancelled"


def test_the_card_form_gets_its_secret_for_one_reservation_however_often_it_asks(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7", "C8")
    order = {"email": "ann@example.org", "name": "Ann"}

    first, second = (browser.send(f"/checkout/{hold_id}/pay", order).get_json() for _ in range(2))

    assert first["client_secret"] == second["client_secret"] == "pi_1_secret_2"
    assert first["amount"] == 1900
    assert world.holds[hold_id]["email"] == "ann@example.org"


def test_a_checkout_of_another_browser_says_that_nothing_was_charged(browser: Any) -> None:
    answer = browser.get("/checkout/00000000-0000-4000-8000-000000000000")

    assert answer.status_code in (401, 404)
    assert "There is nothing to pay here" in answer.get_data(as_text=True)


def test_paying_again_in_a_tab_left_open_never_says_that_nothing_was_charged(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    order = {"email": "ann@example.org"}
    browser.send(f"/checkout/{hold_id}/pay", order)
    world.holds[hold_id]["state"] = "ticketed"

    by_script = browser.send(f"/checkout/{hold_id}/pay", order)
    by_form = browser.submit(f"/checkout/{hold_id}/pay", **order)

    assert (by_script.status_code, by_script.get_json()["client_secret"]) == (200, None)
    assert by_form.headers["Location"] == f"/checkout/{hold_id}/booking"


def test_without_scripts_paying_leads_to_the_providers_page(browser: Any) -> None:
    hold_id = browser.hold("C7")

    answer = browser.submit(f"/checkout/{hold_id}/pay", email="ann@example.org")

    assert answer.location == "https://pay.example/c/1"


def test_a_wrong_address_comes_back_with_all_that_was_typed_and_nothing_is_paid(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7")

    answer = browser.submit(f"/checkout/{hold_id}/pay", email="nonsense", name="Ann")

    page = browser.get(answer.location).text
    assert "<span>We need an address to send the ticket to, like mia@example.org.</span>" in page
    assert "this is not an e-mail address" not in page
    assert page.count("We need an address") == 2  # the other one is the script's
    assert 'aria-invalid="true" autofocus' in page
    assert 'value="nonsense"' in page
    assert 'value="Ann"' in page
    assert world.holds[hold_id]["state"] == "held"


def test_what_was_typed_is_there_again_after_the_seats_service_was_away(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.away.add("/reservations")

    answer = browser.submit(f"/checkout/{hold_id}/pay", email="ann@example.org", name="Ann")
    world.away.add("movies")
    meanwhile = browser.get(answer.location)
    world.away.clear()
    page = browser.get(answer.location).text

    assert (answer.status_code, answer.location) == (303, f"/checkout/{hold_id}")
    assert "There was no answer. Nothing was charged" in meanwhile.text
    assert f'href="/checkout/{hold_id}">Try again' in meanwhile.text
    assert 'value="ann@example.org"' in page
    assert 'value="Ann"' in page
    assert world.holds[hold_id]["state"] == "held"


@pytest.mark.parametrize(("form", "fields"), [("hold", {"seat": "C7"}), ("pick", {"people": "3"})])
def test_the_form_of_the_seat_map_leads_back_to_it_when_there_was_no_answer(
    browser: Any, world: World, screening_id: str, form: str, fields: dict[str, str]
) -> None:
    world.away |= {f"/screenings/{screening_id}/{name}" for name in ("holds", "best-seats")}

    answer = browser.submit(f"{browser.seats}/{form}", **fields)

    assert answer.status_code == 303
    assert urlsplit(answer.location).path == f"{browser.seats}/seats"
    assert "There was no answer. Nothing was charged" in browser.get(answer.location).text


def test_while_the_bank_is_away_checkout_says_that_nothing_was_charged(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.away.add("payment")

    answer = browser.send(f"/checkout/{hold_id}/pay", {"email": "ann@example.org", "name": ""})

    assert answer.status_code == 503
    assert "Nothing was charged" in answer.get_json()["detail"]


def test_a_booking_that_costs_nothing_asks_for_no_card(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id]["total_cents"] = 0

    page = browser.get(f"/checkout/{hold_id}").text

    assert "Pay with" not in page
    assert "data-card-fields" not in page
    assert "http://localhost:12111/v3/" not in page
    assert "Book, nothing to pay" in page


def test_a_booking_that_costs_nothing_is_booked_at_once_with_and_without_scripts(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id]["total_cents"] = 0
    order = {"email": "ann@example.org"}

    by_script = browser.send(f"/checkout/{hold_id}/pay", order)
    by_form = browser.submit(f"/checkout/{hold_id}/pay", **order)

    assert (by_script.status_code, by_script.get_json()["client_secret"]) == (200, None)
    assert by_form.location == f"/checkout/{hold_id}/booking"
    assert not [path for _, path, _ in world.asked if path.startswith("/payments")]
    assert "Booked. Printing your tickets" in browser.get(f"/bookings/{hold_id}").text


def test_after_the_film_nobody_is_expected_any_more(browser: Any, world: World, screening_id: str) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "ticketed", "email": "ann@example.org"}
    assert "See you on" in browser.get(f"/bookings/{hold_id}").text

    for name, hours in (("starts_at", 26), ("ends_at", 24)):
        world.screenings[screening_id][name] = (world.now() - timedelta(hours=hours)).isoformat()

    page = browser.get(f"/bookings/{hold_id}").text
    assert "Played on" in page
    assert "See you on" not in page
    assert "on the way to" not in page


@pytest.mark.parametrize("state", ["refund_due", "refunded"])
def test_a_cancelled_booking_that_cost_nothing_promises_no_money(
    browser: Any, world: World, state: str
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": state, "total_cents": 0, "email": "ann@example.org"}

    page = browser.get(f"/bookings/{hold_id}").text

    assert "There is nothing to pay back" in page
    assert "on the way back" not in page


def test_seats_being_paid_are_not_offered_to_be_kept_longer(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    held = browser.get(f"/checkout/{hold_id}").text
    assert "Keep them longer" in held
    assert '"extensions_left":10' in held

    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org"}

    paying = browser.get(f"/checkout/{hold_id}").text
    assert "Keep them longer" not in paying
    assert '"extensions_left":0' in paying


def test_seats_kept_as_often_as_allowed_are_not_offered_to_be_kept_longer(
    browser: Any, world: World, screening_id: str
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id]["extensions_left"] = 0

    assert "Keep them longer" not in browser.get(f"/checkout/{hold_id}").text
    assert "Keep them longer" not in browser.get(f"/screenings/{screening_id}/seats").text


def test_what_checkout_has_to_say_is_read_out_at_once(browser: Any) -> None:
    assert '<div data-message role="alert">' in browser.get(f"/checkout/{browser.hold('C7')}").text


def test_a_paid_booking_never_shows_the_card_form_again(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id]["state"] = "ticketed"

    assert browser.get(f"/checkout/{hold_id}").location.endswith(f"/bookings/{hold_id}")


def test_the_waiting_page_reloads_itself_without_scripts(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org"}

    assert '<meta http-equiv="refresh"' in browser.get(f"/bookings/{hold_id}").text


def test_the_booking_becomes_the_ticket_with_a_code_per_seat(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7", "C8")
    world.holds[hold_id] |= {"state": "ticketed", "email": "ann@example.org", "name": "Ann Other"}

    text = browser.get(f"/bookings/{hold_id}").text

    assert "MQ-7K2F-C7" in text
    assert "MQ-7K2F-C8" in text
    assert ", Ann" in text
    assert browser.get(f"/bookings/{hold_id}/tickets.pdf").content_type == "application/pdf"


def test_the_ticket_says_when_the_doors_open_as_the_showing_does(
    browser: Any, world: World, screening_id: str
) -> None:
    world.rules["doors_minutes"] = 45
    starts = datetime.fromisoformat(world.screenings[screening_id]["starts_at"]).astimezone(ZoneInfo(ZONE))
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "ticketed", "email": "ann@example.org"}

    assert f"Doors {starts - timedelta(minutes=45):%H:%M}" in browser.get(f"/bookings/{hold_id}").text


def test_the_ticket_is_shown_while_nobody_can_say_when_the_doors_open(
    browser: Any, world: World, screening_id: str
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "ticketed", "email": "ann@example.org"}
    world.away.add(f"/screenings/{screening_id}")

    page = browser.get(f"/bookings/{hold_id}").text

    assert "MQ-7K2F-C7" in page
    assert "Doors" not in page.partition("<main")[2].partition("</main>")[0]


def test_while_tickets_are_away_the_booking_says_that_it_is_paid(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "ticketed", "email": "ann@example.org"}
    world.away.add("ticket")

    assert "Paid. Printing your tickets" in browser.get(f"/bookings/{hold_id}").text


def test_while_tickets_are_away_the_answer_lets_a_device_show_the_copy_it_kept(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "ticketed", "email": "ann@example.org"}
    assert "Marquee-Keep-Until" in browser.get(f"/bookings/{hold_id}").headers

    world.away.add("ticket")

    # ticket-worker.js drops its copy for a good page that is not to be kept, and serves it for a failed one.
    assert browser.get(f"/bookings/{hold_id}").status_code == 503


def test_a_booking_that_is_not_printed_yet_waits_with_a_good_answer(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "confirmed", "email": "ann@example.org"}

    assert browser.get(f"/bookings/{hold_id}").status_code == 200


def test_a_card_declined_at_the_bank_leads_back_to_paying_with_the_reason(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org"}
    assert browser.ask(f"/bookings/{hold_id}/state").get_json() == {"state": "paying", "declined": False}

    world.holds[hold_id]["decline"] = "Not enough money."

    assert browser.ask(f"/bookings/{hold_id}/state").get_json() == {"state": "paying", "declined": True}
    page = browser.get(f"/bookings/{hold_id}", follow_redirects=True)
    assert page.request.path == f"/checkout/{hold_id}"
    assert "Your bank said no: Not enough money." in page.text


def test_a_showing_that_was_called_off_offers_other_times_and_no_seats(
    browser: Any, world: World, screening_id: str
) -> None:
    world.screenings[screening_id]["state"] = "cancelled"

    page = browser.get(f"{browser.seats}/seats")

    assert "This showing is cancelled" in page.text
    assert f'href="/movies/{world.screenings[screening_id]["movie_id"]}"' in page.text
    for offered in ('role="grid"', "Pick for us", "One person more", "Your seats", "seats.js"):
        assert offered not in page.text


def test_seats_that_were_let_go_are_offered_again_where_they_would_be_paid(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7", "C8")
    browser.submit(f"/holds/{hold_id}/release")

    page = browser.get(f"/checkout/{hold_id}", follow_redirects=True)
    assert "These seats are not held any more" in page.text
    assert "Nothing was charged, and C7, C8 can still be had." in page.text
    assert "This booking is cancelled" not in page.text
    again = browser.submit(
        f"{browser.seats}/hold",
        **{"seat": ["C7", "C8"], "type-C7": "adult", "type-C8": "child", "then": "pay"},
    )

    assert again.location.startswith("/checkout/")
    assert browser.get(again.location).status_code == 200


def test_a_payment_that_was_called_off_does_not_say_when_the_hold_would_have_ended(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "expired", "email": "ann@example.org"}

    page = browser.get(f"/bookings/{hold_id}").text
    assert "These seats are not held any more" in page

    world.holds[hold_id]["expires"] = world.now() - timedelta(minutes=1)
    assert "Your hold ended at" in browser.get(f"/bookings/{hold_id}").text


@pytest.mark.parametrize("why", ["taken", "called off", "begun"])
def test_seats_that_cannot_be_had_any_more_are_not_offered(
    browser: Any, world: World, screening_id: str, why: str
) -> None:
    hold_id = browser.hold("C7")
    browser.submit(f"/holds/{hold_id}/release")
    if why == "taken":
        world.claims[screening_id]["C7"] = "taken"
    elif why == "called off":
        world.screenings[screening_id]["state"] = "cancelled"
    else:
        world.screenings[screening_id]["starts_at"] = world.now().isoformat()

    page = browser.get(f"/checkout/{hold_id}", follow_redirects=True)

    assert "Take these seats again" not in page.text
    assert "Nothing was charged." in page.text


def test_who_did_not_approve_it_at_the_bank_is_told_so(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {
        "state": "paying",
        "email": "a@example.org",
        "decline": "You did not approve it at your bank.",
        "decline_code": "payment_intent_authentication_failure",
    }

    page = browser.get(f"/checkout/{hold_id}")

    assert "<b>You did not approve it at your bank.</b> Nothing was charged." in page.text
    assert "Your bank said no: You" not in page.text


def test_who_comes_back_paid_waits_for_the_tickets_whatever_an_earlier_card_did(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org", "decline": "Not enough money."}

    assert browser.get(f"/bookings/{hold_id}?redirect_status=failed").location == f"/checkout/{hold_id}"
    assert browser.get(f"/bookings/{hold_id}?redirect_status=succeeded").status_code == 200


@pytest.mark.parametrize("back", ["?paid=1", "?payment_intent=pi_1&redirect_status=succeeded"])
def test_who_comes_back_from_the_bank_has_stripe_asked_once(browser: Any, world: World, back: str) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org"}

    page = browser.get(f"/bookings/{hold_id}{back}")

    assert (page.status_code, checks(world)) == (200, [hold_id])
    # Without scripts the page looks again by itself, and need not ask Stripe each time.
    assert f'http-equiv="refresh" content="3; url=/bookings/{hold_id}"' in page.text
    browser.get(f"/bookings/{hold_id}")
    assert checks(world) == [hold_id]


def test_a_booking_begun_as_a_guest_and_taken_along_is_paid_on_another_device(
    app: Flask, browser: Any, world: World, screening_id: str
) -> None:
    hold_id = browser.hold("C7")
    browser.send(f"/checkout/{hold_id}/pay", {"email": "ann@example.org"})
    browser.sign_in(world)
    browser.send(f"/checkout/{hold_id}/pay", {"email": "ann@example.org"})
    phone = Browser(app.test_client(), screening_id)
    phone.sign_in(world)

    by_script = phone.send(f"/checkout/{hold_id}/pay", {"email": "ann@example.org"})
    by_form = phone.submit(f"/checkout/{hold_id}/pay", email="ann@example.org")
    checked = phone.send(f"/checkout/{hold_id}/check", {})

    assert by_script.get_json()["client_secret"] == "pi_1_secret_2"
    assert by_form.location == "https://pay.example/c/1"
    assert checked.get_json()["payment"]["state"] == "open"
    world.holds[hold_id]["decline"] = "Not enough money."
    assert phone.get(f"/bookings/{hold_id}").location == f"/checkout/{hold_id}"


def checks(world: World) -> list[str]:
    paths = [path for method, path, _ in world.asked if method == "POST" and path.endswith("/check")]
    return [path.split("/")[2] for path in paths]


def test_a_payment_that_is_being_called_off_is_not_offered_again(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org", "is_being_released": True}

    assert browser.get(f"/bookings/{hold_id}?back=1").status_code == 200


def test_a_second_card_that_was_charged_is_not_taken_for_the_declined_one(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    declined = {"state": "paying", "email": "a@example.org", "decline": "Not enough money."}
    world.holds[hold_id] |= declined | {"is_charged": True}

    assert browser.ask(f"/bookings/{hold_id}/state").get_json()["declined"] is False
    assert "Asking your bank" in browser.get(f"/bookings/{hold_id}").text
    assert "Not enough money" not in browser.get(f"/checkout/{hold_id}").text


def test_who_leaves_the_providers_page_comes_back_to_paying(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org"}

    assert browser.get(f"/bookings/{hold_id}?back=1").location == f"/checkout/{hold_id}"


def test_no_mail_is_promised_for_a_payment_that_may_fail(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    checkout = browser.get(f"/checkout/{hold_id}").text
    world.holds[hold_id] |= {"state": "paying", "email": "a@example.org"}

    for text in (checkout, browser.get(f"/bookings/{hold_id}").text):
        assert "either way" not in text
        assert "if not, nothing is charged" in text


def test_a_booking_opens_by_its_link_and_not_without(browser: Any, app: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id]["state"] = "ticketed"
    stranger = app.test_client()

    assert stranger.get(f"/bookings/{hold_id}", base_url="http://localhost:8081").status_code == 404
    assert (
        stranger.get(f"/bookings/{hold_id}?key={'k' * 43}", base_url="http://localhost:8081").status_code
        == 200
    )


def test_who_is_in_gives_nothing_back_on_the_page(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "ticketed", "admitted_at": world.now().isoformat()}

    page = browser.get(f"/bookings/{hold_id}").text

    assert "Somebody was let in with this booking." in page
    assert "Yes, cancel" not in page
    assert world.holds[hold_id]["state"] == "ticketed"


def test_cancelling_says_where_the_money_goes(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id]["state"] = "ticketed"

    answer = browser.submit(f"/bookings/{hold_id}/cancel")

    assert "banks take 3 to 5 days" in browser.get(answer.location).text


def test_the_key_of_a_link_is_passed_on_as_it_is(app: Any, world: World, screening_id: str) -> None:
    """Cut off at an ampersand it would be another key: here the right one."""
    buyer, stranger = (Browser(app.test_client(), screening_id) for _ in range(2))
    hold_id = buyer.hold("C7")
    world.holds[hold_id]["state"] = "ticketed"

    stranger.submit(f"/bookings/{hold_id}/cancel?key={'k' * 43}%26more%3D1")

    assert world.holds[hold_id]["state"] == "ticketed"
    stranger.submit(f"/bookings/{hold_id}/cancel?key={'k' * 43}")
    assert world.holds[hold_id]["state"] == "refund_due"


def test_back_on_the_map_a_begun_payment_can_be_gone_on_with_or_called_off(
    browser: Any, world: World, screening_id: str
) -> None:
    hold_id = browser.hold("C7", "C8")
    assert "You are paying for" not in browser.get(f"/screenings/{screening_id}/seats").text
    browser.submit(f"/checkout/{hold_id}/pay", email="ann@example.org")

    seats = browser.get(f"/screenings/{screening_id}/seats").text

    assert "You are paying for C7, C8." in seats
    assert f'href="/checkout/{hold_id}"' in seats
    assert f'action="/checkout/{hold_id}/back"' in seats
    freed = browser.submit(f"/checkout/{hold_id}/back")
    seats = browser.get(freed.location).text
    assert "Your payment for C7, C8 is being called off." in seats
    assert f'action="/checkout/{hold_id}/back"' not in seats


def test_on_the_map_of_another_showing_nothing_is_said_about_a_payment(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    browser.submit(f"/checkout/{hold_id}/pay", email="ann@example.org")
    other = next(
        s["id"] for s in world.screenings.values() if s["id"] != world.holds[hold_id]["screening_id"]
    )

    assert "You are paying for" not in browser.get(f"/screenings/{other}/seats").text


def test_signing_in_midway_takes_the_guests_seats_along_when_paying(
    browser: Any, world: World, screening_id: str
) -> None:
    browser.hold("C7")
    browser.sign_in(world, "viewer")

    browser.submit(f"/checkout/{next(iter(world.holds))}/pay", email="viola@marquee.example")

    asked = [path for _, path, _ in world.asked]
    assert asked.index("/holds/adopt") < asked.index("/reservations")
