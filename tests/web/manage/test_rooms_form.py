"""Rooms by rows and seats, and their plans as text."""

from datetime import UTC, datetime, timedelta

from tests.web.manage.conftest import ROOM, plan, room, showing
from tests.web.manage.scripted import refusal

ROOM_FORM = {"number": "4", "rows": "10", "cols": "12", "cleaning_minutes": "15"}
PLAN_FORM = {
    "rows": "A  ss_ww\nB  ss_cc gap=0.5 shift=0,5",
    "curve": "4",
    "turn": "",
    "numbering": "left",
    "notes": "back: Way out",
}


def test_a_room_is_built_from_rows_and_seats(office, movies):
    movies.answers["POST /rooms"] = room(number="4")

    answer = office.submit("/manage/rooms", **ROOM_FORM, step_free="on")

    assert answer.headers["Location"] == f"/manage/rooms/{ROOM}"
    (sent,) = movies.bodies("POST /rooms")
    assert (sent["rows"], sent["cols"], sent["cinema"], sent["step_free"]) == (10, 12, "harbour-street", True)


def test_a_number_that_is_taken_is_said_at_the_number(office, movies):
    movies.answers["POST /rooms"] = refusal(409, "room-exists", "This cinema has a room of that number")

    answer = office.submit("/manage/rooms", **ROOM_FORM)

    assert answer.status_code == 422
    assert 'id="e-number"' in answer.text
    assert 'name="rows" aria-invalid' not in answer.text


def test_impossible_sizes_never_reach_movies(office, movies):
    answer = office.submit("/manage/rooms", **ROOM_FORM | {"rows": "0", "cols": "1e3"})

    assert answer.status_code == 422
    assert "Give a whole number from 1 to 40." in answer.text
    assert "Give a whole number from 1 to 60." in answer.text
    assert movies.bodies("POST /rooms") == []


def test_closing_a_room_with_sold_seats_is_not_offered(office, movies, world):
    starts = datetime.now(UTC) + timedelta(days=1)
    day = {"day": starts.date().isoformat(), "rooms": [{"room": {}, "screenings": [showing(starts)]}]}
    movies.answers["GET /schedule"] = {"cinema": world.cinema, "days": [day]}

    page = office.get(f"/manage/rooms/{ROOM}/delete").text

    assert "4 seats are sold or held in the next 30 days." in page
    assert "Close the room</button>" not in page


def test_the_plan_opens_as_its_text(office):
    page = office.get(f"/manage/rooms/{ROOM}/plan").text

    assert "A  sss\nB  sss  shift=0.5</textarea>" in page
    assert "back: Way out</textarea>" in page
    assert 'name="curve"' in page
    assert "Save version 4" in page


def test_a_plan_from_before_the_editor_opens_from_its_seats(office, movies):
    old = plan(("sps", "wcs"))
    old["drawing"] = {}
    movies.answers[f"GET /plans/{old['id']}"] = old

    assert "A  sps\nB  wcs</textarea>" in office.get(f"/manage/rooms/{ROOM}/plan").text


def test_saving_sends_the_layout_and_says_what_became_of_screenings(office, movies):
    saved = {"plan": plan() | {"version": 4, "warnings": []}, "moved": ["x"] * 12, "kept": ["y"]}
    movies.answers[f"POST /rooms/{ROOM}/plans"] = saved

    answer = office.submit(f"/manage/rooms/{ROOM}/plan", **PLAN_FORM)

    assert answer.status_code == 303
    (sent,) = movies.bodies(f"POST /rooms/{ROOM}/plans")
    assert sent["layout"] == {
        "rows": [{"row": "A", "seats": "ss_ww"}, {"row": "B", "seats": "ss_cc", "gap": 0.5, "offset": 0.5}],
        "curve": 4.0,
        "turn": 0.0,
        "numbering": "left",
        "notes": [{"place": "back", "text": "Way out"}],
    }
    page = office.get(f"/manage/rooms/{ROOM}").text
    assert "Saved as version 4. 12 screenings took it. 1 screening keeps the plan it was sold with." in page


def test_letters_that_mean_no_seat_are_named_with_their_line(office, movies):
    answer = office.submit(f"/manage/rooms/{ROOM}/plan", **PLAN_FORM | {"rows": "A  ss\nB  sxz"})

    assert answer.status_code == 422
    assert "Line 2 has letters that mean no seat: xz." in answer.text
    assert "B  sxz</textarea>" in answer.text


def test_faults_that_movies_finds_stand_at_the_rows(office, movies):
    errors = [{"field": "rows.1.seats", "detail": "Row B has half a sofa: write dd for each sofa."}]
    movies.answers[f"POST /rooms/{ROOM}/plans"] = refusal(
        422, "faulty-layout", "That seat plan cannot be built", errors=errors
    )

    answer = office.submit(f"/manage/rooms/{ROOM}/plan", **PLAN_FORM | {"rows": "A  ss\nB  sdd"})

    assert answer.status_code == 422
    assert 'id="e-rows"' in answer.text
    assert "Row B has half a sofa" in answer.text


def test_the_preview_draws_without_saving(office, movies):
    movies.answers["POST /plans/preview"] = plan()

    answer = office.submit(f"/manage/rooms/{ROOM}/plan/preview", **PLAN_FORM)

    assert answer.status_code == 200
    assert answer.text.count('<use href="#standard" transform') == 6
    assert "There is no wheelchair space in this room." in answer.text
    assert "A  ss_ww" in answer.text
    assert movies.bodies(f"POST /rooms/{ROOM}/plans") == []


def test_the_script_gets_the_drawing_alone(office, movies):
    movies.answers["POST /plans/preview"] = plan()
    data = {"csrf_token": office.token()} | PLAN_FORM

    answer = office.client.post(
        f"/manage/rooms/{ROOM}/plan/preview",
        data=data,
        headers={"Accept-Part": "drawing"},
        base_url="http://localhost:8081",
    )

    assert "<html" not in answer.text
    assert "6 seats" in answer.text
