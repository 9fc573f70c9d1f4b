"""What pages are made of: from the neighbours' JSON to the things templates print."""

from datetime import date
from typing import Any

import pytest

from marquee.http import NeighbourAway
from services.web.formats import title_shape
from services.web.recent import Recent
from services.web.views.booking import booking_from, split_by_time
from services.web.views.film import schedule_of
from services.web.views.programme import programme_page
from services.web.views.seatmap import groups_for, seat_map, view_from
from tests.web.fake_neighbours import PRICES, World, an_id, fake_neighbours


@pytest.fixture
def answers(world: World) -> Any:
    client = fake_neighbours(world).test_client()
    return lambda path: client.get(path).get_json()


def test_times_stand_in_the_zone_of_the_cinema(answers: Any) -> None:
    page = programme_page(answers("/programme"))

    assert [showing.starts.strftime("%H:%M") for showing in page.rows[0].showings] == ["17:40", "22:20"]
    assert page.is_today


def test_toggles_count_what_they_would_show(answers: Any) -> None:
    counts = {toggle.value: toggle.count for toggle in programme_page(answers("/programme")).filters}

    assert counts == {"format:Open captions": 1, "format:35 mm": 1, "afternoon": 1, "evening": 3}


def test_two_toggles_must_both_hold(answers: Any) -> None:
    page = programme_page(answers("/programme"), ("format:Open captions", "evening"))

    assert [(row.film.title, len(row.showings)) for row in page.rows] == [("Paper Moon", 1)]


def test_pressing_a_toggle_again_takes_it_back(answers: Any) -> None:
    evening = next(
        t for t in programme_page(answers("/programme"), ("evening",)).filters if t.value == "evening"
    )

    assert evening.is_on
    assert evening.wanted_after == ()


def test_a_film_opens_on_the_first_day_it_plays_unless_another_is_wanted(answers: Any, world: World) -> None:
    answer = answers(f"/movies/{an_id('Paper Moon')}/schedule")
    first, second = sorted(date.fromisoformat(entry["day"]) for entry in answer["days"])

    assert schedule_of(answer, None).day == first
    assert schedule_of(answer, second).day == second
    assert schedule_of(answer, date(2031, 1, 1)).day == first


def test_days_without_a_showing_between_others_are_shown_as_empty(answers: Any) -> None:
    answer = answers(f"/movies/{an_id('Paper Moon')}/schedule")
    answer["days"][0]["day"], answer["days"][1]["day"] = "2026-12-29", "2026-12-31"

    assert [tab.is_empty for tab in schedule_of(answer, None).tabs] == [False, True, False]


# --- seats ------------------------------------------------------------------------------------------------


def a_room(rows: dict[str, str], states: dict[str, str]) -> Any:
    """Letters as in plans: s standard, w wheelchair, d half a sofa, _ aisle."""
    kinds = {"s": "standard", "w": "wheelchair", "d": "sofa"}
    seats = []
    for rank, (row, letters) in enumerate(rows.items()):
        number = 0
        for col, letter in enumerate(letters):
            if letter == "_":
                continue
            number += 1
            partner = f"{row}{number + 1 if number % 2 else number - 1}" if letter == "d" else None
            seats.append(
                {
                    "label": f"{row}{number}",
                    "row": row,
                    "row_rank": rank,
                    "number": number,
                    "kind": kinds[letter],
                    "partner": partner,
                    "x": float(col),
                    "y": float(rank),
                    "angle": 0,
                }
            )
    free = dict.fromkeys((seat["label"] for seat in seats), "free")
    prices = [{"kind": kind, "ticket_type": "adult", "price_cents": cents} for kind, cents in PRICES.items()]
    width = max(map(len, rows.values()))
    return seat_map({"width": width, "height": len(rows), "seats": seats}, free | states, prices)


def offered(room: Any, people: int, **options: Any) -> list[list[str]]:
    return [group.labels for _, groups in groups_for(room, people, **options) for group in groups]


def test_groups_never_cross_an_aisle_or_a_taken_seat() -> None:
    room = a_room({"A": "sss_sss"}, {"A2": "taken"})

    assert offered(room, 2) == [["A4", "A5"]]
    assert offered(room, 3) == [["A4", "A5", "A6"]]
    assert offered(room, 4) == []


def test_accessible_places_are_offered_only_when_asked_for() -> None:
    room = a_room({"A": "wss"}, {})

    assert offered(room, 1) == [["A2"], ["A3"]]
    assert offered(room, 1, step_free=True) == [["A1"]]


def test_half_a_sofa_is_never_offered() -> None:
    assert offered(a_room({"A": "dd"}, {}), 1) == []
    assert offered(a_room({"A": "dd"}, {}), 2) == [["A1", "A2"]]


def test_a_seat_without_a_known_state_is_not_for_sale() -> None:
    room = seat_map(World().plan, {}, [])

    assert room.free == 0
    assert {seat.state for seat in room.seats} == {"taken"}


def test_words_for_the_view_follow_the_place() -> None:
    room = a_room(dict.fromkeys("ABCDEFGHIJ", "sssssssss"), {})
    seats = {seat.label: seat for seat in room.seats}

    assert view_from([seats["A1"]], room) == "left-front"
    assert view_from([seats["G5"]], room) == "centre-two-thirds"
    assert view_from([seats["J9"]], room) == "right-back"


# --- bookings ---------------------------------------------------------------------------------------------


def test_bookings_to_come_stand_first_and_abandoned_ones_not_at_all(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7")
    shape = fake_neighbours(world).test_client().get(f"/reservations/{hold_id}?key={'k' * 43}").get_json()
    states = ["expired", "ticketed", "refunded", "held"]

    to_come, over = split_by_time([booking_from(shape | {"state": state}) for state in states])

    assert [booking.state for booking in to_come] == ["ticketed"]
    assert [booking.state for booking in over] == ["refunded"]


# --- what was true a moment ago ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "shape"),
    [
        ("Paper Moon", ""),
        ("Amélie", ""),
        ("Donaudampfschifffahrt", "is-long"),
        ("Những Nụ Hôn", "has-marks-below"),
        ("Şahmaran Düşlerinde Kaybolanlar", "has-marks-below"),
    ],
)
def test_a_title_is_set_smaller_for_long_words_and_wider_for_marks_below(title: str, shape: str) -> None:
    assert title_shape(title) == shape


def test_a_value_is_made_once_and_again_when_it_is_old() -> None:
    clock = [0.0]
    recent, made = Recent(now=lambda: clock[0]), iter("abc")
    read = lambda: recent.get("key", lambda: next(made), seconds=1)  # noqa: E731

    assert [read(), read()] == ["a", "a"]
    clock[0] = 2
    assert read() == "b"


def test_while_its_source_is_away_the_last_value_counts_for_a_while() -> None:
    clock = [0.0]
    recent = Recent(now=lambda: clock[0])
    recent.get("key", lambda: "old", seconds=1, stale_seconds=60)

    def away() -> str:
        raise NeighbourAway("gone")

    clock[0] = 30
    assert recent.get("key", away, seconds=1, stale_seconds=60) == "old"
    clock[0] = 90
    with pytest.raises(NeighbourAway):
        recent.get("key", away, seconds=1, stale_seconds=60)
