from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from services.movies.domain.prices import HOUSE_PRICE_CENTS
from services.movies.models import Cinema
from tests.factories.movies import add_cinema, add_movie, add_plan, add_room, add_screening

ADULT = {"kind": "standard", "ticket_type": "adult", "price_cents": 950}
STUDENT = {"kind": "standard", "ticket_type": "student", "price_cents": 800}
SOON = (datetime.now(UTC) + timedelta(hours=5)).isoformat()


@pytest.fixture
def house(database):
    with database.transaction() as session:
        cinema = add_cinema(session, slug="orion")
        room = add_room(session, cinema)
        add_plan(session, room)
        return {"movie_id": str(add_movie(session).id), "room_id": str(room.id), "starts_at": SOON}


def shown_prices(screening):
    return {line["ticket_type"]: line["price_cents"] for line in screening["prices"]}


def test_a_screening_keeps_the_prices_it_was_made_with(editor, house):
    card = editor.post("/price-cards", {"name": "Evening", "lines": [ADULT, STUDENT]}).json
    screening = editor.post("/screenings", house | {"price_card_id": card["id"]}).json

    dearer = editor.put(f"/price-cards/{card['id']}", {"lines": [ADULT | {"price_cents": 1200}]})

    assert dearer.json["lines"] == [ADULT | {"price_cents": 1200}]
    assert shown_prices(editor.get(f"/screenings/{screening['id']}").json) == {"adult": 950, "student": 800}


def test_without_a_card_the_cinemas_first_counts(editor, house):
    for name, cents in (("Weekend", 1100), ("Evening", 950)):
        editor.post("/price-cards", {"name": name, "lines": [ADULT | {"price_cents": cents}]})

    assert shown_prices(editor.post("/screenings", house).json) == {"adult": 950}


def test_a_cinema_without_cards_asks_the_house_price(editor, house):
    prices = shown_prices(editor.post("/screenings", house).json)

    assert set(prices.values()) == {HOUSE_PRICE_CENTS}


def test_what_a_seat_costs_from_is_told_of_seats_that_are_there(editor, visitor, house):
    cheap = {"kind": "restricted", "ticket_type": "adult", "price_cents": 500}
    card = editor.post("/price-cards", {"name": "Evening", "lines": [ADULT, cheap]}).json
    screening = editor.post("/screenings", house | {"price_card_id": card["id"]}).json

    found = visitor.get(f"/movies/{house['movie_id']}/schedule?cinema=orion").json

    assert screening["price_from_cents"] == 950
    assert [(price["from_cents"], price["to_cents"]) for price in found["prices"]] == [(950, 950)]


def test_a_card_must_price_every_kind_of_seat_in_the_room(editor, house):
    premium = {"kind": "premium", "ticket_type": "adult", "price_cents": 1150}
    card = editor.post("/price-cards", {"name": "Odd", "lines": [premium, STUDENT]}).json

    answer = editor.post("/screenings", house | {"price_card_id": card["id"]})

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/prices-missing")
    assert answer.json["kinds"] == ["standard"]


def test_a_card_of_another_cinema_is_not_there(editor, house, add):
    add(add_cinema, slug="vega")
    card = editor.post("/price-cards", {"cinema": "vega", "name": "Evening", "lines": [ADULT]}).json

    assert editor.post("/screenings", house | {"price_card_id": card["id"]}).status_code == 404
    assert editor.get("/price-cards?cinema=orion").json["price_cards"] == []
    assert editor.get("/price-cards").json["price_cards"] == [card]


@pytest.fixture
def dearer(editor, house):
    """A screening at 9.50, whose card asks 10.00 by now."""
    card = editor.post("/price-cards", {"name": "Evening", "lines": [ADULT]}).json
    screening = editor.post("/screenings", house).json
    editor.put(f"/price-cards/{card['id']}", {"lines": [ADULT | {"price_cents": 1000}, STUDENT]})
    return screening["id"], card["id"]


def test_a_changed_screening_keeps_its_prices_unless_it_is_given_a_card(editor, house, dearer):
    screening, card = dearer

    moved = editor.put(f"/screenings/{screening}", house | {"trailer_minutes": 20})
    repriced = editor.put(f"/screenings/{screening}", house | {"price_card_id": card})

    assert shown_prices(moved.json) == {"adult": 950}
    assert shown_prices(repriced.json) == {"adult": 1000, "student": 800}


def test_in_another_house_a_screening_takes_that_houses_prices(editor, house, dearer, database):
    screening, _ = dearer
    with database.transaction() as session:
        room = add_room(session, add_cinema(session, slug="vega"))
        add_plan(session, room)
        elsewhere = str(room.id)

    moved = editor.put(f"/screenings/{screening}", house | {"room_id": elsewhere})

    assert set(shown_prices(moved.json).values()) == {HOUSE_PRICE_CENTS}


def test_a_kept_price_must_do_for_every_seat_of_the_new_room(editor, house, dearer, database):
    screening, _ = dearer
    with database.transaction() as session:
        room = add_room(session, session.scalar(select(Cinema)))
        add_plan(session, room, kinds={"A1": "premium"})
        with_premium = str(room.id)

    moved = editor.put(f"/screenings/{screening}", house | {"room_id": with_premium})

    assert (moved.status_code, moved.json["kinds"]) == (422, ["premium"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": []},
        {"lines": [ADULT, ADULT]},
        {"lines": [ADULT | {"price_cents": -1}]},
        {"lines": [ADULT | {"price_cents": 19.99}]},
        {"lines": [ADULT | {"price_cents": 1_000_001}]},
        {"lines": [ADULT | {"kind": "throne"}]},
        {"lines": [ADULT | {"ticket_type": "dog"}]},
        {"name": ""},
    ],
)
def test_a_faulty_card_is_refused(editor, house, wrong):
    assert editor.post("/price-cards", {"name": "Evening", "lines": [ADULT]} | wrong).status_code == 422
    assert editor.get("/price-cards").json["price_cards"] == []


@pytest.mark.parametrize(
    ("currency", "wrong", "right", "amounts"),
    [
        ("KWD", 2505, 2510, "0.010 from 0.010"),
        ("ISK", 150_050, 150_000, "1.00 from 1.00"),
        ("EUR", 49, 50, "0.01 from 0.50"),
        ("JPY", 49, 50, "1 from 50"),
    ],
)
def test_a_price_that_could_not_be_charged_is_refused(editor, add, currency, wrong, right, amounts):
    add(add_cinema, currency=currency)
    fine = {"name": "Evening", "lines": [STUDENT | {"price_cents": 0}, ADULT | {"price_cents": right}]}
    faulty = fine | {"lines": [STUDENT | {"price_cents": 0}, ADULT | {"price_cents": wrong}]}

    refused = editor.post("/price-cards", faulty)
    card = editor.post("/price-cards", fine).json
    unchanged = editor.put(f"/price-cards/{card['id']}", faulty)

    sentence = f"Prices in {currency} are 0, or multiples of {amounts} on."
    for answer in (refused, unchanged):
        assert (answer.status_code, answer.json["type"]) == (422, "/problems/price-not-chargeable")
        assert answer.json["errors"] == [{"field": "lines.1.price_cents", "detail": sentence}]
    assert editor.get("/price-cards").json["price_cards"] == [card]


def test_a_name_is_used_once_per_cinema(editor, house):
    wish = {"name": "Evening", "lines": [ADULT]}
    assert editor.post("/price-cards", wish).status_code == 201

    again = editor.post("/price-cards", wish)

    assert (again.status_code, again.json["type"]) == (409, "/problems/price-card-exists")


def test_an_unknown_card_is_not_there(editor):
    assert editor.put(f"/price-cards/{uuid4()}", {"name": "x"}).status_code == 404


def test_only_editors_see_and_change_price_cards(visitor, viewer):
    for caller, status in ((visitor, 401), (viewer, 403)):
        assert caller.get("/price-cards").status_code == status
        assert caller.post("/price-cards", {}).status_code == status
        assert caller.put(f"/price-cards/{uuid4()}", {}).status_code == status


# --- the office -------------------------------------------------------------------------------------------


def test_the_week_shows_what_is_sold_held_and_taken_in(database, editor, book):
    with database.transaction() as session:
        cinema = add_cinema(session, slug="orion", timezone="UTC")
        screening = add_screening(session, room=add_room(session, cinema), starts_in=timedelta(days=1))
    book(screening, "A1")
    sold = book(screening, "A2", "A3", by="bob")
    with database.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE reservations SET state = 'ticketed', email = 'bob@example.org' WHERE id = %(id)s",
            {"id": sold.id},
        )

    week = editor.get("/schedule?cinema=orion").json
    orders = editor.get(f"/screenings/{screening.id}/orders").json["orders"]

    assert len(week["days"]) == 7
    (showing,) = [s for day in week["days"] for room in day["rooms"] for s in room["screenings"]]
    assert (showing["sold"], showing["held"], showing["takings_cents"]) == (2, 1, 2300)
    assert showing["free_at"] > showing["ends_at"]
    assert [(order["email"], order["total_cents"], len(order["seats"])) for order in orders] == [
        ("bob@example.org", 2300, 2)
    ]


@pytest.mark.parametrize(
    "span",
    [
        "from=2026-11-23&to=2026-11-22",
        "from=2026-01-01&to=2026-12-31",
        "from=soon",
        "from=1",
        "from=9999-12-31",
    ],
)
def test_a_week_that_is_none_is_refused(editor, house, span):
    assert editor.get(f"/schedule?{span}").status_code == 422


def test_a_card_cannot_take_the_name_of_another(editor, house):
    editor.post("/price-cards", {"name": "Weekend", "lines": [ADULT]})
    card = editor.post("/price-cards", {"name": "Evening", "lines": [ADULT]}).json

    renamed = editor.put(f"/price-cards/{card['id']}", {"name": "Weekend"})

    assert (renamed.status_code, renamed.json["type"]) == (409, "/problems/price-card-exists")
    assert "Weekend" in renamed.json["detail"]
