"""The door without scripts, and what door.js asks for."""

import re
from datetime import datetime, timedelta

import pytest

from services.web.views.door import tonight
from tests.web.fake_neighbours import an_id
from tests.web.manage.scripted import away, refusal

ADMISSION = an_id("admission")
SCAN = an_id("scan")


def verdict(
    result="admit", title="Screen 2 · F12", sentence="Paper Moon 20:30.", admission=ADMISSION, reason="ok"
):
    return {
        "result": result,
        "reason": reason,
        "title": title,
        "sentence": sentence,
        "seat": "F12",
        "ticket_type": "adult",
        "ticket_id": an_id("ticket"),
        "reference": "MQ-7K2FQX-F12",
        "admission_id": admission,
    }


@pytest.fixture
def door(screening_id):
    return f"/door/{screening_id}"


def test_strangers_are_led_to_sign_in(browser, door):
    assert browser.get("/door").headers["Location"] == "/login?next=/door"
    assert browser.get(door).headers["Location"] == f"/login?next={door}"


def test_viewers_are_told_whose_page_it_is(browser, world, door):
    browser.sign_in(world, "viewer")

    assert browser.get(door).status_code == 403
    assert browser.submit(f"{door}/scans", code="MQ").status_code == 403


def test_only_the_door_may_use_the_camera(staff, door):
    assert staff.get(door).headers["Permissions-Policy"] == "camera=(self)"
    assert "camera" not in staff.get("/help").headers.get("Permissions-Policy", "")


@pytest.fixture
def early_evening(world, monkeypatch):
    """Twenty past five in the fake world, whatever the time is."""
    monkeypatch.setattr("services.web.routes.door.utc_now", world.now)


@pytest.mark.usefixtures("early_evening")
def test_choosing_lists_todays_screenings_and_remembers_the_door(staff, screening_id):
    page = staff.get("/door").text
    assert "Which door?" in page
    assert page.count('name="screening"') >= 5

    answer = staff.submit("/door", door="Door A", screening=screening_id)

    assert answer.headers["Location"] == f"/door/{screening_id}"
    assert "Door A" in staff.get(f"/door/{screening_id}").text
    assert 'value="Door A"' in staff.get("/door").text


@pytest.fixture
def entry(world, screening_id):
    def starting_at(clock, name="x"):
        return world.screenings[screening_id] | {"id": an_id(name), "starts_at": clock, "ends_at": clock}

    return starting_at


@pytest.mark.parametrize(
    ("now", "starts", "is_there"),
    [
        ("2030-03-05T20:30:00+01:00", "2030-03-05T18:00:00+01:00", True),  # begun, people still come
        ("2030-03-05T23:45:00+01:00", "2030-03-06T00:15:00+01:00", True),  # of tomorrow by the calendar
        ("2030-03-06T00:30:00+01:00", "2030-03-05T23:30:00+01:00", True),
        ("2030-03-05T09:00:00+01:00", "2030-03-05T20:30:00+01:00", True),  # the whole day, as before
        ("2030-03-05T23:45:00+01:00", "2030-03-05T18:00:00+01:00", False),
        ("2030-03-05T20:30:00+01:00", "2030-03-06T10:00:00+01:00", False),
    ],
)
def test_a_door_can_be_opened_for_what_begins_around_now(entry, now, starts, is_there):
    assert bool(tonight([entry(starts)], datetime.fromisoformat(now))) is is_there


@pytest.mark.usefixtures("early_evening")
def test_what_has_begun_is_listed_though_the_programme_has_dropped_it(staff, world, entry):
    begun = entry((world.now() - timedelta(hours=1)).isoformat(), "begun")
    world.screenings[begun["id"]] = begun

    assert begun["id"] in staff.get("/door").text


def test_choosing_nothing_keeps_the_name_and_says_so(staff):
    answer = staff.submit("/door", door="Foyer")

    assert answer.status_code == 422
    assert "Choose the screening first." in answer.text
    assert 'value="Foyer"' in answer.text


def test_a_programme_that_is_away_is_said(staff, world):
    world.away.add("movies")

    assert "The programme is away for a moment." in staff.get("/door").text


def test_the_page_names_the_stock_of_the_day_and_counts(staff, door):
    page = staff.get(door).text

    assert "Tonight: " in page
    assert "Not today" not in page
    assert "97" in page
    assert "45" in page


def test_the_door_of_another_day_says_so(staff, world, ticket):
    later = max(world.screenings.values(), key=lambda screening: screening["starts_at"])
    ticket.answers[f"GET /door/screenings/{later['id']}"] = away()

    page = staff.get(f"/door/{later['id']}").text

    assert "Not today: " in page
    assert "Tonight: " not in page


def test_staff_wait_for_the_doors(staff, ticket, door):
    ticket.answers["POST /door/scans"] = verdict("check", admission=None, reason="too_early")

    assert "Let in early" not in staff.submit(f"{door}/scans", code="MQ").text


def test_a_manager_lets_in_early_by_the_tickets_reference(manager, ticket, door):
    ticket.answers["POST /door/scans"] = verdict("check", admission=None, reason="too_early")
    page = manager.submit(f"{door}/scans", code="a long code").text
    ticket.answers["POST /door/scans"] = verdict()
    code = page.partition("data-early")[2].partition('name="code" value="')[2].partition('"')[0]

    page = manager.submit(f"{door}/scans", code=code, early="yes").text

    assert "data-word>Admit<" in page
    first, second = ticket.bodies("POST /door/scans")
    assert (first["code"], first["early"]) == ("a long code", False)
    assert (second["code"], second["early"]) == ("MQ-7K2FQX-F12", True)


def test_who_stepped_out_is_let_back_in_by_the_tickets_reference(staff, ticket, door):
    ticket.answers["POST /door/scans"] = verdict("check", admission=None, reason="already_used")
    page = staff.submit(f"{door}/scans", code="a long code").text
    assert ">Refuse<" in page
    assert "data-back hidden" not in page
    code = page.partition("data-back")[2].partition('name="code" value="')[2].partition('"')[0]

    staff.submit(f"{door}/scans", code=code, back="yes")

    first, second = ticket.bodies("POST /door/scans")
    assert "reentry_reason" not in first
    assert (second["code"], second["reentry_reason"]) == ("MQ-7K2FQX-F12", "Stepped out")


def test_seats_that_may_be_meant_are_buttons_that_scan_them(staff, ticket, door):
    choices = [
        {"seat": "F9", "reference": "MQ-7K2FQX-F9", "is_in": True},
        {"seat": "F10", "reference": "MQ-7K2FQX-F10", "is_in": False},
    ]
    which = verdict("check", admission=None, reason="seat_needed") | {"choices": choices}
    ticket.answers["POST /door/scans"] = which

    page = staff.submit(f"{door}/scans", code="MQ-7K2FQX").text

    assert re.findall(r'<button[^>]* value="(MQ[^"]+)">([^<]+)<', page) == [
        ("MQ-7K2FQX-F9", "F9, is in"),
        ("MQ-7K2FQX-F10", "F10"),
    ]


def test_after_a_refusal_the_last_one_let_in_at_this_door_can_still_be_taken_back(
    staff, ticket, door, screening_id
):
    ticket.answers[f"GET /door/screenings/{screening_id}"] |= {
        "last": {"admission_id": ADMISSION, "seat": "F11"}
    }
    ticket.answers["POST /door/scans"] = verdict("no", admission=None)
    staff.submit("/door", door="Door A", screening=screening_id)

    page = staff.submit(f"{door}/scans", code="nonsense", scan_id=SCAN).text

    assert "Last in: F11. Undo" in page
    assert f'action="{door}/admissions/{ADMISSION}/undo"' in page
    assert ticket.bodies(f"GET /door/screenings/{screening_id}")[-1] == {"door": "Door A"}


@pytest.mark.parametrize(("result", "word"), [("admit", "Admit"), ("check", "Check"), ("no", "No")])
def test_a_form_shows_the_verdict_as_word_shape_and_sentence(staff, ticket, door, result, word):
    ticket.answers["POST /door/scans"] = verdict(result)
    staff.submit("/door", door="Door A")

    page = staff.submit(f"{door}/scans", code=" MQ-7K2FQX-G9 ", scan_id=SCAN)

    assert page.status_code == 200
    assert f'class="verdict is-{result}"' in page.text
    assert f"data-word>{word}<" in page.text
    assert "Paper Moon 20:30." in page.text
    (sent,) = ticket.bodies("POST /door/scans")
    assert (sent["code"], sent["scan_id"], sent["door"]) == ("MQ-7K2FQX-G9", SCAN, "Door A")


def test_after_any_verdict_the_next_code_can_be_typed(staff, ticket, door):
    ticket.answers["POST /door/scans"] = verdict("no", admission=None)

    page = staff.submit(f"{door}/scans", code="nonsense", scan_id=SCAN).text

    assert 'name="code"' in page
    assert f'name="scan_id" value="{SCAN}"' not in page
    assert "data-undo-box hidden" in page


@pytest.mark.parametrize(
    "trouble",
    [
        away(),
        refusal(401, "unauthenticated", "Please sign in"),
        refusal(429, "too-many-requests", "Too many requests"),
    ],
)
def test_whatever_goes_wrong_nobody_is_admitted(staff, ticket, door, trouble):
    ticket.answers["POST /door/scans"] = trouble

    page = staff.submit(f"{door}/scans", code="MQ-7K2FQX-G9", scan_id=SCAN)

    assert page.status_code == 503
    assert "verdict is-unchecked" in page.text
    assert ">Admit<" not in page.text


def test_without_a_connection_the_sentence_says_try_again(staff, ticket, door):
    ticket.answers["POST /door/scans"] = away()

    assert "Not checked: no connection. Try again." in staff.submit(f"{door}/scans", code="MQ").text


def test_the_count_may_be_missing(staff, ticket, door, screening_id):
    ticket.answers[f"GET /door/screenings/{screening_id}"] = away()

    assert "data-counts hidden" in staff.get(door).text


def test_undo_gives_its_reason_and_says_what_it_took_back(staff, ticket, door):
    ticket.answers[f"POST /door/admissions/{ADMISSION}/undo"] = {"admission_id": ADMISSION, "seat": "F12"}

    answer = staff.submit(f"{door}/admissions/{ADMISSION}/undo", reason="Stepped out again")

    assert answer.headers["Location"] == door
    assert ticket.bodies(f"POST /door/admissions/{ADMISSION}/undo") == [{"reason": "Stepped out again"}]
    assert "Seat F12: taken back." in staff.get(door).text


def test_an_undo_that_comes_too_late_says_why(staff, ticket, door):
    late = refusal(
        409, "cannot-undo", "That scan can no longer be undone", "A scan can be undone within 15 minutes."
    )
    ticket.answers[f"POST /door/admissions/{ADMISSION}/undo"] = late

    staff.submit(f"{door}/admissions/{ADMISSION}/undo", reason="Stepped out again")

    assert "A scan can be undone within 15 minutes." in staff.get(door).text


def test_an_undo_that_nobody_took_is_said(staff, ticket, door):
    ticket.answers[f"POST /door/admissions/{ADMISSION}/undo"] = away()

    staff.submit(f"{door}/admissions/{ADMISSION}/undo", reason="Stepped out again")

    assert "Not taken back: a part of Marquee is away" in staff.get(door).text


# --- for door.js ------------------------------------------------------------------------------------------


def test_the_script_gets_the_verdict_itself(staff, ticket, door):
    ticket.answers["POST /door/scans"] = verdict()

    answer = staff.send(f"{door}/scans", {"code": "MQ", "scan_id": SCAN})

    assert answer.get_json()["result"] == "admit"
    assert answer.get_json()["admission_id"] == ADMISSION


def test_the_script_is_told_when_ticket_is_away(staff, ticket, door):
    ticket.answers["POST /door/scans"] = away()

    answer = staff.send(f"{door}/scans", {"code": "MQ", "scan_id": SCAN})

    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"


def _picture(staff, door, content_type="image/jpeg"):
    headers = {"X-CSRFToken": staff.token(), "Accept": "application/json", "Content-Type": content_type}
    path = f"{door}/frames?scan_id={SCAN}"
    return staff.client.post(path, data=b"a picture", headers=headers, base_url="http://localhost:8081")


def test_pictures_go_on_to_ticket_as_they_are(staff, ticket, door, screening_id):
    ticket.answers["POST /door/frames"] = verdict("check")

    assert _picture(staff, door).get_json()["result"] == "check"
    (sent,) = ticket.bodies("POST /door/frames")
    assert sent == {
        "content": b"a picture",
        "type": "image/jpeg",
        "screening_id": screening_id,
        "scan_id": SCAN,
        "door": "",
    }


def test_a_picture_without_a_code_is_no_answer(staff, ticket, door):
    ticket.answers["POST /door/frames"] = None

    assert _picture(staff, door).status_code == 204


def test_only_pictures_are_taken(staff, ticket, door):
    assert _picture(staff, door, "text/plain").status_code == 422
    assert ticket.bodies("POST /door/frames") == []


def test_the_count_is_there_for_the_script(staff, door):
    assert staff.ask(f"{door}/count").get_json()["inside"] == 97
