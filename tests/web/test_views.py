"""What pages are made of: from the neighbours' JSON to the things templates print."""

from datetime import date
from typing import Any
from weakref import WeakSet

import pytest
from flask import Flask

from marquee.http import NeighbourAway
from services.web.formats import minutes_words, seconds_words, title_shape
from services.web.recent import Recent
from services.web.views.booking import booking_from, split_by_time
from services.web.views.film import schedule_of
from services.web.views.programme import programme_page
from services.web.views.seatmap import groups_for, seat_map, view_from
from services.web.views.showings import film_from
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


def test_the_length_of_the_ads_is_told_where_it_is_the_same_each_time(answers: Any, world: World) -> None:
    movie = answers(f"/movies/{an_id('Paper Moon')}")
    answer = answers(f"/movies/{an_id('Paper Moon')}/schedule")
    first, *others = (room["screenings"][0] for room in answer["days"][0]["rooms"])
    same = schedule_of(answer, None).ads_minutes(film_from(movie))

    first["ends_at"] = first["starts_at"]
    assert others
    assert same == 15
    assert schedule_of(answer, None).ads_minutes(film_from(movie)) == 0


# --- seats ------------------------------------------------------------------------------------------------


def a_room(rows: dict[str, str], states: dict[str, str]) -> Any:
    """Letters as in plans: s standard, w wheelchair, c companion, d half a sofa, _ aisle."""
    kinds = {"s": "standard", "w": "wheelchair", "c": "companion", "d": "sofa"}
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


def test_a_companion_seat_is_offered_only_with_a_wheelchair_space() -> None:
    room, without = a_room({"A": "wcs"}, {}), a_room({"A": "wcs"}, {"A1": "taken"})

    assert offered(room, 2, step_free=True) == [["A1", "A2"]]
    assert offered(room, 1, step_free=True) == [["A1"]]
    assert [entry.kind for entry in room.legend] == ["standard", "wheelchair", "companion"]
    assert offered(without, 1, step_free=True) == []
    assert [entry.kind for entry in without.legend] == ["standard"]


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


def test_a_booking_of_which_nobody_knows_whether_it_was_paid_stays_in_the_list(
    browser: Any, world: World
) -> None:
    hold_id = browser.hold("C7")
    world.holds[hold_id] |= {"state": "expired", "is_payment_unknown": True}
    shape = fake_neighbours(world).test_client().get(f"/reservations/{hold_id}?key={'k' * 43}").get_json()
    past = shape | {"screening": shape["screening"] | {"ends_at": "2020-01-01T22:00:00Z"}}

    to_come, over = split_by_time([booking_from(shape), booking_from(past)])

    assert [booking.seen_as for booking in to_come + over] == ["unknown", "unknown"]


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


def test_a_time_is_told_in_the_largest_unit_that_comes_out_even(app: Flask) -> None:
    with app.test_request_context():
        told = [seconds_words(seconds) for seconds in (45, 60, 600, 3600, 5400)]

        assert told == ["45 seconds", "1 minute", "10 minutes", "1 hour", "90 minutes"]
        assert minutes_words(120) == "2 hours"


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


class Page:
    pass


@pytest.fixture
def kept() -> WeakSet[Page]:
    """What is alive of the pages that were made."""
    return WeakSet()


def made(kept: WeakSet[Page]) -> Page:
    kept.add(page := Page())
    return page


def test_of_many_values_the_newest_are_kept(kept: WeakSet[Page]) -> None:
    recent = Recent(most=100)

    for number in range(1_000):
        recent.get(number, lambda: made(kept), seconds=60)

    assert len(kept) == 100


def test_what_is_too_old_takes_no_memory_once_another_one_comes(kept: WeakSet[Page]) -> None:
    clock = [0.0]
    recent = Recent(now=lambda: clock[0])
    for number in range(50):
        recent.get(number, lambda: made(kept), seconds=1)

    clock[0] = 2
    recent.get("one more", lambda: made(kept), seconds=1)

    assert len(kept) == 1


def test_what_may_still_stand_in_for_a_source_that_is_away_stays() -> None:
    clock = [0.0]
    recent = Recent(now=lambda: clock[0])
    recent.get("key", lambda: "old", seconds=1, stale_seconds=60)

    clock[0] = 30
    recent.get("one more", lambda: "new", seconds=1)

    def away() -> str:
        raise NeighbourAway("gone")

    assert recent.get("key", away, seconds=1, stale_seconds=60) == "old"
