from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.movies.models import Screening
from tests.factories.movies import add_cinema, add_movie, add_plan, add_room, add_screening

SOFAS = {"layout": {"rows": [{"row": "A", "seats": "ss_wc"}, {"row": "B", "seats": "dd_ss"}], "curve": 5}}


@pytest.fixture
def cinema(add):
    return add(add_cinema, slug="orion")


def test_a_plain_room_needs_number_rows_and_cols(editor, visitor, cinema):
    answer = editor.post("/rooms", {"number": "A1", "rows": 10, "cols": 15})

    assert answer.status_code == 201
    room = answer.json
    assert (room["cinema"], room["number"], room["rows"], room["cols"]) == ("orion", "A1", 10, 15)
    assert (room["capacity"], room["kinds"], room["plan_version"]) == (150, {"standard": 150}, 1)
    assert visitor.get(f"/rooms/{room['id']}").json == room
    assert visitor.get("/rooms").json["rooms"] == [room]


def test_a_room_may_come_with_a_drawn_plan(editor, visitor, cinema):
    room = editor.post("/rooms", {"number": "VIP", "step_free": False} | SOFAS).json

    plan = visitor.get(f"/plans/{room['plan_id']}")

    assert room["kinds"] == {"companion": 1, "sofa": 2, "standard": 4, "wheelchair": 1}
    assert room["step_free"] is False
    assert {seat["label"] for seat in plan.json["seats"]} == {
        f"{row}{n}" for row in "AB" for n in range(1, 5)
    }
    assert "immutable" in plan.headers["Cache-Control"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": 0},
        {"rows": -1},
        {"rows": 41},
        {"cols": 61},
        {"rows": "ten"},
        {"rows": 2.5},
        {"rows": None},
        {"cols": None},
        {"rows": 40, "cols": 60},
        {"number": ""},
        {"number": None},
        {"cleaning_minutes": -1},
        SOFAS,
    ],
)
def test_a_room_that_cannot_be_is_refused(editor, visitor, cinema, wrong):
    answer = editor.post("/rooms", {"number": "A1", "rows": 10, "cols": 15} | wrong)

    assert answer.status_code == 422
    assert visitor.get("/rooms").json["rooms"] == []


def test_a_number_is_used_once_per_cinema(editor, cinema, add):
    plain = {"number": "A1", "rows": 2, "cols": 2}
    assert editor.post("/rooms", plain).status_code == 201

    again = editor.post("/rooms", plain)

    assert (again.status_code, again.json["type"]) == (409, "/problems/room-exists")
    other = add(add_cinema, slug="vega")
    assert editor.post("/rooms", plain | {"cinema_id": str(other.id)}).status_code == 201


def test_with_several_cinemas_one_must_be_named(editor, cinema, add):
    add(add_cinema, slug="vega")
    plain = {"number": "A1", "rows": 2, "cols": 2}

    unclear = editor.post("/rooms", plain)

    assert (unclear.status_code, unclear.json["type"]) == (422, "/problems/which-cinema")
    assert editor.post("/rooms", plain | {"cinema": "vega"}).json["cinema"] == "vega"
    assert editor.post("/rooms", plain | {"cinema": "mars"}).status_code == 404


def test_rooms_can_be_asked_for_by_cinema(editor, visitor, cinema, add):
    add(add_cinema, slug="vega")
    for slug in ("vega", "orion"):
        editor.post("/rooms", {"number": "1", "rows": 2, "cols": 2, "cinema": slug})

    assert [room["cinema"] for room in visitor.get("/rooms?cinema=vega").json["rooms"]] == ["vega"]
    assert [c["seats"] for c in visitor.get("/cinemas").json["cinemas"]] == [4, 4]


def test_the_rules_told_of_the_houses_are_the_settings(visitor, settings):
    rules = visitor.get("/cinemas").json["rules"]

    assert rules == {name: getattr(settings, name) for name in rules}
    assert rules.keys() == {"hold_ttl_seconds", "hold_extensions", "doors_minutes", "cancel_until_minutes"}


def test_a_room_is_changed_field_by_field(editor, cinema):
    room = editor.post("/rooms", {"number": "A1", "rows": 2, "cols": 2}).json

    answer = editor.put(f"/rooms/{room['id']}", {"about": "The Snug", "cleaning_minutes": 5})

    assert answer.json == room | {"about": "The Snug", "cleaning_minutes": 5}


def test_a_room_cannot_take_anothers_number(editor, cinema):
    editor.post("/rooms", {"number": "A1", "rows": 2, "cols": 2})
    room = editor.post("/rooms", {"number": "A2", "rows": 2, "cols": 2}).json

    assert editor.put(f"/rooms/{room['id']}", {"number": "A1"}).status_code == 409
    assert editor.get(f"/rooms/{room['id']}").json == room


def test_a_removed_room_takes_its_unsold_screenings_with_it(database, editor, visitor, add):
    screening = add(add_screening)

    assert editor.delete(f"/rooms/{screening.room_id}").status_code == 204

    assert visitor.get(f"/rooms/{screening.room_id}").status_code == 404
    assert visitor.get(f"/screenings/{screening.id}").json["state"] == "cancelled"


def test_a_room_with_booked_seats_stays(editor, visitor, add, book):
    screening = add(add_screening)
    book(screening, "A1")

    answer = editor.delete(f"/rooms/{screening.room_id}")

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/room-in-use")
    assert [s["id"] for s in answer.json["screenings"]] == [str(screening.id)]
    assert visitor.get(f"/rooms/{screening.room_id}").status_code == 200


def test_a_removed_room_comes_back_by_its_number(editor, cinema):
    room = editor.post("/rooms", {"number": "A1", "rows": 2, "cols": 2}).json
    editor.delete(f"/rooms/{room['id']}")

    again = editor.post("/rooms", {"number": "A1", "rows": 3, "cols": 3})

    assert again.status_code == 201
    assert (again.json["id"], again.json["capacity"], again.json["plan_version"]) == (room["id"], 9, 2)


# --- plans ------------------------------------------------------------------------------------------------


def test_a_preview_saves_nothing(editor, visitor, cinema):
    room = editor.post("/rooms", {"number": "A1", "rows": 2, "cols": 2}).json

    preview = editor.post("/plans/preview", SOFAS)

    assert preview.status_code == 200
    assert len(preview.json["seats"]) == 8
    assert visitor.get(f"/rooms/{room['id']}").json["plan_version"] == 1


def test_a_faulty_layout_is_answered_by_field(editor):
    rows = [{"row": "A", "seats": "sd"}, {"row": "B", "seats": "c"}]

    answer = editor.post("/plans/preview", {"layout": {"rows": rows}})

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/faulty-layout")
    assert [error["field"] for error in answer.json["errors"]] == ["rows.0.seats", "rows.1.seats"]


def test_warnings_are_told_but_stop_nothing(editor, cinema):
    room = editor.post("/rooms", {"number": "A1", "rows": 2, "cols": 2}).json

    saved = editor.post(f"/rooms/{room['id']}/plans", {"layout": {"rows": [{"row": "A", "seats": "sw"}]}})

    assert saved.status_code == 201
    assert saved.json["plan"]["warnings"] == ["Wheelchair space A2 has no companion seat beside it."]


def test_screenings_without_seats_sold_take_a_new_plan_and_the_others_keep_theirs(
    database, editor, add, book
):
    room = add(add_room)
    plan, movie = add(add_plan, room), add(add_movie)
    world = {"room": room, "plan": plan, "movie": movie}
    with database.transaction() as session:
        session.add(room)
        unsold = add_screening(session, **world, starts_in=timedelta(days=1))
        sold = add_screening(session, **world, starts_in=timedelta(days=2))
        past = add_screening(session, **world, starts_in=timedelta(days=-1))
    book(sold, "A1")

    saved = editor.post(f"/rooms/{room.id}/plans", SOFAS).json

    assert saved["plan"]["version"] == 2
    assert (saved["moved"], saved["kept"]) == ([str(unsold.id)], [str(sold.id)])
    with database.transaction() as session:
        plans = {id_: session.get(Screening, id_).plan_id for id_ in (unsold.id, sold.id, past.id)}
    assert plans == {unsold.id: UUID(saved["plan"]["id"]), sold.id: plan.id, past.id: plan.id}
    assert editor.get(f"/screenings/{unsold.id}/seats").json["free"] == 8
    assert editor.get(f"/screenings/{sold.id}/seats").json["free"] == 59


def test_a_screening_without_prices_for_the_new_seats_keeps_its_plan(editor, add):
    screening = add(add_screening, kinds=["standard"])

    saved = editor.post(f"/rooms/{screening.room_id}/plans", SOFAS).json

    assert (saved["moved"], saved["kept"]) == ([], [str(screening.id)])


def test_only_editors_change_rooms(visitor, viewer, cinema):
    id_ = uuid4()
    for caller, status in ((visitor, 401), (viewer, 403)):
        assert caller.post("/rooms", {"number": "1", "rows": 1, "cols": 1}).status_code == status
        assert caller.put(f"/rooms/{id_}", {}).status_code == status
        assert caller.delete(f"/rooms/{id_}").status_code == status
        assert caller.post(f"/rooms/{id_}/plans", SOFAS).status_code == status
        assert caller.post("/plans/preview", SOFAS).status_code == status


def test_unknown_rooms_and_plans_are_not_there(visitor, editor):
    assert visitor.get(f"/rooms/{uuid4()}").status_code == 404
    assert visitor.get(f"/plans/{uuid4()}").status_code == 404
    assert editor.post(f"/rooms/{uuid4()}/plans", SOFAS).status_code == 404
    assert editor.delete(f"/rooms/{uuid4()}").status_code == 404
