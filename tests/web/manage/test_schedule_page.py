"""The week, a new screening, a clash, calling off."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.web.manage.conftest import FILM, ROOM, SCREENING, schedule, screening, showing
from tests.web.manage.scripted import away, refusal

WISH = {"film": FILM, "room": ROOM, "date": "2030-03-05", "time": "20:05", "trailer_minutes": "15"}
CLASH = refusal(
    409,
    "room-clash",
    "The room is not free then",
    overlaps={
        "title": "Paper Moon",
        "starts_at": "2030-03-05T17:00:00+00:00",
        "ends_at": "2030-03-05T18:57:00+00:00",
        "free_at": "2030-03-05T19:12:00+00:00",
    },
    first_free_start="2030-03-05T19:15:00+00:00",
)


def test_the_week_shows_a_block_at_its_place(office, movies, world):
    starts = datetime(2030, 3, 5, 19, 0, tzinfo=UTC)  # 20:00 in the cinema
    movies.answers["GET /schedule"] = schedule(world, showing(starts))

    page = office.get("/manage/schedule?day=2030-03-05").text

    assert "Week 10" in page
    # From twelve o'clock to eight in the evening: 96 steps of five minutes; 135 minutes are 27 of them.
    assert 'class="block at-96 for-27 "' in page
    assert "3/6" in page


def test_the_week_is_asked_for_from_monday_to_sunday(office, movies):
    office.get("/manage/schedule?day=2030-03-05")

    assert movies.bodies("GET /schedule")[-1] == {
        "cinema": "harbour-street",
        "from": "2030-03-04",
        "to": "2030-03-10",
    }


def test_a_sold_out_block_is_marked(office, movies, world):
    starts = datetime(2030, 3, 5, 19, 0, tzinfo=UTC)
    movies.answers["GET /schedule"] = schedule(world, showing(starts, sold=6))

    assert "for-27 is-full" in office.get("/manage/schedule?day=2030-03-05").text


def test_a_show_past_midnight_stays_on_its_evening(office, movies, world):
    starts = datetime(2030, 3, 5, 22, 30, tzinfo=UTC)
    movies.answers["GET /schedule"] = schedule(world, showing(starts))

    page = office.get("/manage/schedule?day=2030-03-05").text

    assert "hours-14" in page  # from 12 to 02
    assert 'class="block at-138 for-27 "' in page


def test_a_screening_is_put_on_by_the_cinemas_clock(office, movies, world):
    movies.answers["POST /screenings"] = screening(world)

    answer = office.submit("/manage/screenings/new", **WISH, formats="Subtitled")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/manage/schedule?day=2030-03-05"
    (sent,) = movies.bodies("POST /screenings")
    assert (sent["date"], sent["time"], sent["formats"]) == ("2030-03-05", "20:05", ["Subtitled"])


def test_another_one_starts_in_the_same_room_and_day(office, movies, world):
    movies.answers["POST /screenings"] = screening(world)

    answer = office.submit("/manage/screenings/new", **WISH, then="another")

    assert answer.headers["Location"] == f"/manage/screenings/new?room={ROOM}&day=2030-03-05"


def test_a_clash_says_why_and_offers_the_first_free_start(office, movies):
    movies.answers["POST /screenings"] = CLASH

    answer = office.submit("/manage/screenings/new", **WISH)

    assert answer.status_code == 422
    assert "Overlaps Paper Moon 18:00 – 19:57 and 15 min cleaning. First free start is 20:15." in answer.text
    assert 'name="start_at" value="2030-03-05T20:15"' in answer.text
    assert 'value="20:05"' in answer.text


def test_enter_saves_what_was_typed_also_after_a_clash(office, movies):
    movies.answers["POST /screenings"] = CLASH

    form = office.submit("/manage/screenings/new", **WISH).text.partition('class="office-form"')[2]

    first_button = form[form.index("<button") :].partition(">")[0]
    assert 'name="then" value="schedule" tabindex="-1"' in first_button


def test_a_clash_is_told_on_the_clock_of_the_screenings_own_house(office, movies, world):
    elsewhere = world.cinema | {"timezone": "America/New_York"}
    movies.answers[f"GET /screenings/{SCREENING}"] = screening(world, cinema=elsewhere)
    movies.answers[f"PUT /screenings/{SCREENING}"] = CLASH

    answer = office.submit(f"/manage/screenings/{SCREENING}", **WISH)

    assert "Overlaps Paper Moon 12:00" in answer.text


def test_prices_never_change_unasked(office, movies, world):
    movies.answers[f"GET /screenings/{SCREENING}"] = movies.answers[f"PUT /screenings/{SCREENING}"] = (
        screening(world)
    )
    assert (
        '<option value="">Prices as they are</option>' in office.get(f"/manage/screenings/{SCREENING}").text
    )

    office.submit(f"/manage/screenings/{SCREENING}", **WISH)

    (sent,) = movies.bodies(f"PUT /screenings/{SCREENING}")
    assert "price_card_id" not in sent


def test_the_offered_start_is_one_tap(office, movies, world):
    movies.answers["POST /screenings"] = screening(world)

    office.submit("/manage/screenings/new", **WISH, start_at="2030-03-06T00:10")

    (sent,) = movies.bodies("POST /screenings")
    assert (sent["date"], sent["time"]) == ("2030-03-06", "00:10")


def test_a_first_free_start_on_another_day_names_the_day(office, movies):
    members = CLASH.members | {"first_free_start": "2030-03-05T23:10:00+00:00"}
    movies.answers["POST /screenings"] = refusal(409, "room-clash", "The room is not free then", **members)

    answer = office.submit("/manage/screenings/new", **WISH)

    assert "Start at Wednesday 6 Mar, 00:10" in answer.text


def test_missing_choices_are_named_at_their_fields(office, movies):
    answer = office.submit(
        "/manage/screenings/new", film="", room="", date="soon", time="late", trailer_minutes="15"
    )

    assert answer.status_code == 422
    for sentence in ("Choose a film.", "Choose a room.", "Choose a day.", "Give a time like 20:15."):
        assert sentence in answer.text
    assert movies.bodies("POST /screenings") == []


def test_a_passed_start_stands_at_the_time(office, movies):
    movies.answers["POST /screenings"] = refusal(422, "start-passed", "That time has passed")

    assert 'id="e-time"' in office.submit("/manage/screenings/new", **WISH).text


def test_a_sold_screening_offers_no_form(office, movies, world):
    movies.answers[f"GET /screenings/{SCREENING}"] = screening(world, seats_free=4)

    page = office.get(f"/manage/screenings/{SCREENING}").text

    assert "2 seats are sold or held." in page
    assert 'name="film"' not in page


def test_what_has_begun_cannot_be_changed_but_called_off(office, movies, world):
    begun = {"starts_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat()}
    movies.answers[f"GET /screenings/{SCREENING}"] = screening(world, **begun)

    page = office.get(f"/manage/screenings/{SCREENING}").text

    assert "This screening has begun." in page
    assert 'name="film"' not in page
    assert "Call off" in page


@pytest.mark.parametrize("seats_free", [6, 4])
def test_what_movies_would_refuse_to_call_off_is_not_offered(office, movies, world, seats_free):
    over = {
        "starts_at": "2026-03-05T19:00:00+00:00",
        "ends_at": "2026-03-05T21:00:00+00:00",
        "call_off_until": (datetime.now(UTC) - timedelta(seconds=1)).isoformat(),
    }
    movies.answers[f"GET /screenings/{SCREENING}"] = screening(world, seats_free=seats_free, **over)
    movies.answers[f"GET /screenings/{SCREENING}/orders"] = {"orders": [_order("ticketed", 2, 1900)]}

    page = office.get(f"/manage/screenings/{SCREENING}").text
    asked = office.get(f"/manage/screenings/{SCREENING}/cancel").text

    assert "Call off" not in page
    assert "This screening is over." in page
    assert "It is too late to call this screening off." in asked
    assert f'action="/manage/screenings/{SCREENING}' not in asked
    assert 'name="reason"' not in asked


def _order(state: str, seats: int, cents: int) -> dict[str, object]:
    places = [
        {"seat": f"A{n + 1}", "kind": "standard", "ticket_type": "adult", "price_cents": 950}
        for n in range(seats)
    ]
    return {
        "id": FILM,
        "state": state,
        "name": "Ann",
        "email": "ann@example.org",
        "seats": places,
        "total_cents": cents,
        "currency": "EUR",
        "created_at": "2030-03-01T10:00:00+00:00",
    }


def test_calling_off_first_shows_people_and_money(office, movies, world):
    movies.answers[f"GET /screenings/{SCREENING}"] = screening(world, seats_free=2)
    orders = [
        _order("ticketed", 2, 1900),
        _order("confirmed", 1, 950),
        _order("refunded", 1, 950),
        _order("paying", 1, 950),
    ]
    movies.answers[f"GET /screenings/{SCREENING}/orders"] = {"orders": orders}

    page = office.get(f"/manage/screenings/{SCREENING}/cancel").text

    assert "2 bookings are paid back:" in page
    assert "3 seats, 28.50 euros." in page
    assert "1 more is paying just now" in page


def test_calling_off_needs_a_reason(office, movies, world):
    movies.answers[f"GET /screenings/{SCREENING}"] = screening(world, seats_free=2)
    movies.answers[f"GET /screenings/{SCREENING}/orders"] = {"orders": [_order("ticketed", 2, 1900)]}

    answer = office.submit(f"/manage/screenings/{SCREENING}/cancel", reason=" ")

    assert answer.status_code == 422
    assert movies.bodies(f"POST /screenings/{SCREENING}/cancel") == []


def test_calling_off_tells_the_reason(office, movies):
    movies.answers[f"POST /screenings/{SCREENING}/cancel"] = {}

    answer = office.submit(
        f"/manage/screenings/{SCREENING}/cancel", reason="The projector broke", day="2030-03-05"
    )

    assert answer.headers["Location"] == "/manage/schedule?day=2030-03-05"
    assert movies.bodies(f"POST /screenings/{SCREENING}/cancel") == [{"reason": "The projector broke"}]


def test_today_sums_up_the_house(office, movies, world):
    now = datetime.now(UTC)
    movies.answers["GET /schedule"] = {
        "cinema": world.cinema,
        "days": [
            {
                "day": now.date().isoformat(),
                "rooms": [{"room": {}, "screenings": [showing(now + timedelta(minutes=5))]}],
            }
        ],
    }

    page = office.get("/manage").text

    assert "28.50" in page
    assert 'width="50"' in page  # three of six seats


def test_orders_are_listed_with_their_state(office, movies, world):
    movies.answers[f"GET /screenings/{SCREENING}"] = screening(world)
    movies.answers[f"GET /screenings/{SCREENING}/orders"] = {"orders": [_order("refund_due", 2, 1900)]}

    page = office.get(f"/manage/screenings/{SCREENING}/orders").text

    assert "ann@example.org" in page
    assert "Refund under way" in page


def test_every_place_on_the_time_line_has_a_rule(office):
    sheet = office.get("/manage/timeline.css")

    assert sheet.mimetype == "text/css"
    assert ".at-96{grid-column-start:97}" in sheet.text
    assert ".for-27{grid-column-end:span 27}" in sheet.text


def test_a_day_that_cannot_be_keeps_the_form(office, movies):
    refused = refusal(
        422, "invalid", "Some of that is not acceptable", "Ask for days within 3660 days of today."
    )
    movies.answers |= {"POST /screenings": refused, "GET /schedule": refused}

    answer = office.submit("/manage/screenings/new", **WISH | {"date": "0026-11-21"})

    assert answer.status_code == 422
    assert f'<option value="{FILM}" selected>' in answer.text


def test_a_form_that_came_from_elsewhere_is_not_offered_to_be_sent_again(office, world, movies):
    world.away.add("auth")

    answer = office.client.post(f"/manage/screenings/{SCREENING}/cancel", data={"reason": "a stranger's"})

    assert "a stranger" not in answer.text


def test_a_form_that_cannot_even_be_shown_again_can_be_sent_again(office, movies):
    for call in (f"GET /screenings/{SCREENING}", f"PUT /screenings/{SCREENING}"):
        movies.answers[call] = away()

    answer = office.submit(f"/manage/screenings/{SCREENING}", **WISH, formats=["35 mm", "<b>"])

    assert answer.status_code == 503
    assert "What you typed is kept here." in answer.text
    assert f'action="/manage/screenings/{SCREENING}"' in answer.text
    for kept in (f'name="film" value="{FILM}"', 'name="formats" value="35 mm"', 'value="&lt;b&gt;"'):
        assert kept in answer.text
