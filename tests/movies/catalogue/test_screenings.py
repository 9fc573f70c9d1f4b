from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marquee.db import constraint_of
from services.movies.domain import screenings
from services.movies.domain.programme_problems import NoSuchTime, RoomClash
from services.movies.domain.screenings import ScreeningWish
from services.movies.models import Cinema, Screening
from tests.factories.movies import add_cinema, add_movie, add_plan, add_room, add_screening

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(hour=18, minute=0, second=0, microsecond=0)


@pytest.fixture
def house(database):
    """A movie of 100 minutes, and room 1 of a cinema in Dublin, cleaned in 15."""
    with database.transaction() as session:
        cinema = add_cinema(session, slug="orion", timezone="Europe/Dublin")
        room = add_room(session, cinema, number="1", cleaning_minutes=15)
        add_plan(session, room)
        movie = add_movie(session, title="Paper Moon", runtime_minutes=100)
        return {"movie_id": str(movie.id), "room_id": str(room.id)}


def at(start, **more):
    return {"starts_at": start.isoformat()} | more


def around(before=timedelta(hours=4), after=timedelta(days=1)):
    now = datetime.now(UTC)
    return urlencode({"from": (now - before).isoformat(), "to": (now + after).isoformat()})


def test_a_screening_ends_after_trailers_and_film_and_frees_the_room_after_cleaning(database, editor, house):
    answer = editor.post("/screenings", house | at(TOMORROW, trailer_minutes=20, formats=["35 mm"]))

    assert answer.status_code == 201
    shown = answer.json
    assert datetime.fromisoformat(shown["starts_at"]) == TOMORROW
    assert datetime.fromisoformat(shown["ends_at"]) == TOMORROW + timedelta(minutes=120)
    assert datetime.fromisoformat(shown["doors_at"]) == TOMORROW - timedelta(minutes=30)
    assert datetime.fromisoformat(shown["cancel_until"]) == TOMORROW - timedelta(minutes=60)
    assert datetime.fromisoformat(shown["call_off_until"]) == TOMORROW + timedelta(days=1, minutes=120)
    assert datetime.fromisoformat(shown["sales_close_at"]) == TOMORROW + timedelta(minutes=10)
    assert (shown["formats"], shown["trailer_minutes"]) == (["35 mm"], 20)
    assert (shown["movie"]["title"], shown["cinema"]["slug"], shown["room"]["number"]) == (
        "Paper Moon",
        "orion",
        "1",
    )
    with database.transaction() as session:
        stored = session.get(Screening, shown["id"])
        assert stored.free_at == TOMORROW + timedelta(minutes=135)


def test_a_clash_is_refused_with_its_reason_and_the_first_free_start(editor, visitor, house):
    first = editor.post("/screenings", house | at(TOMORROW)).json

    clash = editor.post("/screenings", house | at(TOMORROW + timedelta(minutes=129)))

    assert (clash.status_code, clash.json["type"]) == (409, "/problems/room-clash")
    overlaps = clash.json["overlaps"]
    assert (overlaps["screening_id"], overlaps["title"]) == (first["id"], "Paper Moon")
    free_at = TOMORROW + timedelta(minutes=130)
    assert datetime.fromisoformat(overlaps["free_at"]) == free_at
    assert datetime.fromisoformat(clash.json["first_free_start"]) == free_at
    assert editor.post("/screenings", house | at(free_at)).status_code == 201
    assert len(visitor.get(f"/movies/{house['movie_id']}/screenings").json["screenings"]) == 2


def test_the_first_free_start_skips_gaps_that_are_too_short(editor, house):
    editor.post("/screenings", house | at(TOMORROW))
    editor.post("/screenings", house | at(TOMORROW + timedelta(minutes=190)))

    clash = editor.post("/screenings", house | at(TOMORROW + timedelta(minutes=7)))

    first_free = datetime.fromisoformat(clash.json["first_free_start"])
    assert first_free == TOMORROW + timedelta(minutes=190 + 130)


def test_a_screening_that_ends_before_the_next_begins_fits(editor, house):
    editor.post("/screenings", house | at(TOMORROW))

    assert editor.post("/screenings", house | at(TOMORROW - timedelta(minutes=130))).status_code == 201


def test_of_many_managers_at_once_one_gets_the_room(database, house):
    def put_on(minutes):
        wish = ScreeningWish(house["movie_id"], house["room_id"], TOMORROW + timedelta(minutes=minutes), [])
        try:
            with database.transaction() as session:
                return screenings.put_on(session, wish, now=datetime.now(UTC)).id
        except RoomClash as clash:
            return clash.members["first_free_start"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(put_on, range(8)))

    assert sum(not isinstance(answer, str) for answer in answers) == 1


def test_the_database_itself_refuses_two_screenings_in_a_room_at_once(database, house):
    """Without the lock and without any check: eight transactions, each inserts, then all commit."""

    def insert(minutes):
        starts_at = TOMORROW + timedelta(minutes=minutes)
        try:
            with database.transaction() as session:
                plan_id = screenings.newest_plan_id(session, house["room_id"])
                session.add(
                    Screening(
                        movie_id=house["movie_id"],
                        room_id=house["room_id"],
                        plan_id=plan_id,
                        starts_at=starts_at,
                        ends_at=starts_at + timedelta(minutes=100),
                        free_at=starts_at + timedelta(minutes=115),
                        currency="EUR",
                    )
                )
                session.flush()
        except IntegrityError as error:
            return constraint_of(error)
        return "stored"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(insert, (0, 10, 20, 30)))

    assert answers == ["no_clash", "no_clash", "no_clash", "stored"]


def test_a_cancelled_screening_leaves_the_room_free(editor, house):
    shown = editor.post("/screenings", house | at(TOMORROW)).json
    assert editor.delete(f"/movies/{house['movie_id']}/screenings/{shown['id']}").status_code == 204

    assert editor.post("/screenings", house | at(TOMORROW)).status_code == 201


# --- times ------------------------------------------------------------------------------------------------


def test_date_and_time_are_the_cinemas_own(editor, house):
    day = TOMORROW.date() + timedelta(days=1)

    shown = editor.post("/screenings", house | {"date": day.isoformat(), "time": "20:45"}).json

    zone_of = editor.get("/cinemas").json["cinemas"][0]["timezone"]
    with_zone = screenings.local_start(Cinema(timezone=zone_of), day, time(20, 45))
    assert datetime.fromisoformat(shown["starts_at"]) == with_zone


@pytest.mark.parametrize(
    "when",
    [
        {},
        {"date": "2030-01-01"},
        {"time": "20:00"},
        {"date": "2030-02-30", "time": "20:00"},
        {"date": "2030-01-01", "time": "24:00"},
        {"date": "01.02.2030", "time": "20:00"},
        {"starts_at": "2030-01-01T20:00:00"},
        {"starts_at": "tonight"},
        {"starts_at": 1_900_000_000},
        {"starts_at": "1900000000"},
        {"date": "0001-01-01", "time": "00:00"},
        {"date": "9999-12-31", "time": "23:59"},
        {"starts_at": "2030-01-01T20:00:00Z", "date": "2030-01-01", "time": "20:00"},
    ],
)
def test_a_start_that_is_no_moment_is_refused(editor, visitor, house, when):
    assert editor.post("/screenings", house | when).status_code == 422
    assert visitor.get(f"/movies/{house['movie_id']}/screenings").json["screenings"] == []


def test_the_past_and_the_far_future_are_refused(editor, house):
    passed = editor.post("/screenings", house | at(datetime.now(UTC) - timedelta(minutes=1)))
    far = editor.post("/screenings", house | at(datetime.now(UTC) + timedelta(days=401)))

    assert (passed.status_code, passed.json["type"]) == (422, "/problems/start-passed")
    assert (far.status_code, far.json["type"]) == (422, "/problems/start-too-far")


def test_a_time_the_clocks_jump_over_is_refused():
    dublin = Cinema(timezone="Europe/Dublin")

    with pytest.raises(NoSuchTime) as caught:
        screenings.local_start(dublin, date(2027, 3, 28), time(1, 30))

    assert caught.value.members["next_time"] == "2027-03-28T02:30:00+01:00"


def test_a_time_that_comes_twice_means_the_first():
    new_york = Cinema(timezone="America/New_York")

    start = screenings.local_start(new_york, date(2026, 11, 1), time(1, 30))

    assert start == datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "still summer time"


def test_a_film_over_the_change_of_clocks_is_as_long_as_ever():
    dublin = Cinema(timezone="Europe/Dublin")

    before = screenings.local_start(dublin, date(2026, 10, 24), time(23, 30))
    after = screenings.local_start(dublin, date(2026, 10, 25), time(2, 30))

    assert after - before == timedelta(hours=4), "one more than the clock shows"


# --- by the room's number, and off again ----------------------------------------------------------------


def test_a_screening_is_made_by_room_number_date_and_time(editor, house):
    day = (TOMORROW + timedelta(days=1)).date().isoformat()

    answer = editor.post(
        f"/movies/{house['movie_id']}/screenings", {"room_number": "1", "date": day, "time": "19:30"}
    )

    assert answer.status_code == 201
    assert answer.json["room"]["id"] == house["room_id"]


def test_an_unknown_room_number_or_movie_is_refused(editor, house):
    when = {"date": (TOMORROW + timedelta(days=1)).date().isoformat(), "time": "19:30"}

    assert editor.post(f"/movies/{house['movie_id']}/screenings", when).status_code == 422
    unknown_room = editor.post(f"/movies/{house['movie_id']}/screenings", when | {"room_number": "9"})
    unknown_movie = editor.post(f"/movies/{uuid4()}/screenings", when | {"room_number": "1"})

    assert unknown_room.status_code == 404
    assert unknown_room.json["detail"] == "There is no room 9."
    assert (unknown_movie.status_code, unknown_movie.json["detail"]) == (404, "There is no such film.")


def test_a_number_that_several_cinemas_have_needs_the_cinema(database, editor, house):
    with database.transaction() as session:
        add_plan(session, add_room(session, add_cinema(session, slug="vega"), number="1"))
    wish = {"room_number": "1"} | at(TOMORROW)

    unclear = editor.post(f"/movies/{house['movie_id']}/screenings", wish)
    named = editor.post(f"/movies/{house['movie_id']}/screenings", wish | {"cinema": "vega"})

    assert (unclear.status_code, unclear.json["type"]) == (422, "/problems/which-cinema")
    assert named.json["cinema"]["slug"] == "vega"


def test_a_sold_screening_is_not_taken_off(editor, visitor, add, book):
    screening = add(add_screening)
    book(screening, "A1", "A2")

    answer = editor.delete(f"/movies/{screening.movie_id}/screenings/{screening.id}")

    assert (answer.status_code, answer.json["type"], answer.json["seats"]) == (
        409,
        "/problems/screening-sold",
        2,
    )
    assert visitor.get(f"/screenings/{screening.id}").json["state"] == "scheduled"


def test_a_screening_is_found_only_under_its_own_movie(editor, visitor, add):
    screening, other = add(add_screening), add(add_movie)

    assert editor.delete(f"/movies/{other.id}/screenings/{screening.id}").status_code == 404
    assert visitor.get(f"/movies/{other.id}/screenings/{screening.id}/seats").status_code == 404


def test_a_screening_taken_off_is_gone_a_second_time(editor, add):
    screening = add(add_screening)
    path = f"/movies/{screening.movie_id}/screenings/{screening.id}"

    assert [editor.delete(path).status_code for _ in range(2)] == [204, 404]


# --- changing and cancelling ------------------------------------------------------------------------------


def test_an_unsold_screening_can_be_moved(editor, house):
    shown = editor.post("/screenings", house | at(TOMORROW)).json

    moved = editor.put(f"/screenings/{shown['id']}", house | at(TOMORROW + timedelta(minutes=5)))

    assert moved.status_code == 200
    assert datetime.fromisoformat(moved.json["starts_at"]) == TOMORROW + timedelta(minutes=5)


def test_moving_onto_another_screening_changes_nothing(editor, house):
    editor.post("/screenings", house | at(TOMORROW))
    later = editor.post("/screenings", house | at(TOMORROW + timedelta(hours=4))).json

    clash = editor.put(f"/screenings/{later['id']}", house | at(TOMORROW + timedelta(hours=1)))

    assert clash.status_code == 409
    assert editor.get(f"/screenings/{later['id']}").json["starts_at"] == later["starts_at"]


def test_a_screening_moves_to_another_room_with_its_plan(database, editor, house):
    shown = editor.post("/screenings", house | at(TOMORROW)).json
    with database.transaction() as session:
        cinema = session.get(Cinema, shown["cinema"]["id"])
        other = add_room(session, cinema, number="2")
        plan = add_plan(session, other, rows=2, seats=3)

    moved = editor.put(f"/screenings/{shown['id']}", house | at(TOMORROW, room_id=str(other.id))).json

    assert (moved["plan_id"], moved["capacity"]) == (str(plan.id), 6)


def test_a_sold_screening_is_not_changed(editor, add, book):
    screening = add(add_screening)
    book(screening, "A1")
    wish = {"movie_id": str(screening.movie_id), "room_id": str(screening.room_id)}

    answer = editor.put(f"/screenings/{screening.id}", wish | at(TOMORROW))

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/screening-sold")


def test_a_cancelled_screening_frees_its_seats_and_leaves_the_programme(editor, visitor, add, book):
    screening = add(add_screening)
    book(screening, "A1")

    answer = editor.post(f"/screenings/{screening.id}/cancel", {"reason": "The projector broke."})

    assert answer.status_code == 200
    assert (answer.json["state"], answer.json["seats_free"]) == ("cancelled", 60)
    assert visitor.get(f"/movies/{screening.movie_id}/screenings").json["screenings"] == []
    assert editor.post(f"/screenings/{screening.id}/cancel", {"reason": ""}).status_code == 422


def test_only_editors_change_the_programme(visitor, viewer, house, add):
    id_ = add(add_screening).id
    for caller, status in ((visitor, 401), (viewer, 403)):
        assert caller.post("/screenings", house | at(TOMORROW)).status_code == status
        assert caller.post(f"/movies/{house['movie_id']}/screenings", {}).status_code == status
        assert caller.put(f"/screenings/{id_}", house | at(TOMORROW)).status_code == status
        assert caller.delete(f"/movies/{house['movie_id']}/screenings/{id_}").status_code == status
        assert caller.post(f"/screenings/{id_}/cancel", {"reason": "no"}).status_code == status
        assert caller.get(f"/screenings/{id_}/orders").status_code == status
        assert caller.get("/schedule").status_code == status
        assert caller.get(f"/screenings?{around()}").status_code == status


def test_staff_see_what_has_begun_and_what_is_to_come_in_a_house(staff, house, database):
    with database.transaction() as session:
        cinema = session.scalar(select(Cinema))
        for hours in (-6, -2, 3, 30):
            add_screening(session, room=add_room(session, cinema), starts_in=timedelta(hours=hours))
        add_screening(session)  # elsewhere
    now = datetime.now(UTC)

    found = staff.get(f"/screenings?cinema=orion&{around()}").json

    assert found["cinema"]["timezone"] == "Europe/Dublin"
    starts = [datetime.fromisoformat(showing["starts_at"]) for showing in found["screenings"]]
    assert [round((start - now) / timedelta(hours=1)) for start in starts] == [-2, 3]


def test_a_stretch_that_is_none_is_refused(staff, house):
    assert staff.get(f"/screenings?{around(after=timedelta(days=40))}").status_code == 422
    assert staff.get(f"/screenings?{around(after=timedelta(hours=-5))}").status_code == 422
    assert staff.get("/screenings").status_code == 422
