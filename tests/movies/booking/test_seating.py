import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.movies.domain.places import Place, Plan
from services.movies.domain.seating import (
    LEFT_ALONE,
    OTHER_KINDS,
    SPLIT_ANYWHERE,
    SPLIT_ROWS,
    best_seats,
    lone_seats,
    nearest_runs,
    without_lone_seat,
)

LETTERS = {
    "s": "standard",
    "p": "premium",
    "d": "sofa",
    "w": "wheelchair",
    "c": "companion",
    "r": "restricted",
}


def plan(*rows):
    """Rows from the screen to the back; "_" is an aisle."""
    places = []
    for rank, row in enumerate(rows):
        number, letter = 0, chr(ord("A") + rank)
        halves = []
        for x, sign in enumerate(row):
            if sign == "_":
                continue
            number += 1
            label = f"{letter}{number}"
            partner = None
            if sign == "d":
                halves.append(number)
                partner = f"{letter}{number + 1 if len(halves) % 2 else number - 1}"
            places.append(Place(label, letter, rank, number, LETTERS[sign], partner, float(x), float(rank)))
    return Plan(places)


def free(plan, taken=""):
    return set(plan) - set(taken.split())


def test_the_best_pair_sits_together_in_the_middle_two_thirds_back():
    room = plan(*["ssssssssss"] * 7)

    found = best_seats(room, free(room), 2)

    assert found.seats == ["E5", "E6"]
    assert found.words == "Row E, centre, two thirds back"
    assert found.relaxed == []


def test_a_party_never_sits_across_an_aisle_when_it_need_not():
    room = plan("sss_sss", "sss_sss", "sss_sss", "ss_ssss")

    assert best_seats(room, free(room), 3).seats in (["C1", "C2", "C3"], ["C4", "C5", "C6"])


def test_nobody_is_left_alone_while_another_place_will_do():
    room = plan("sssss")

    assert best_seats(room, free(room, "A1"), 3).relaxed == [LEFT_ALONE]
    assert best_seats(room, free(room), 3).seats in (["A1", "A2", "A3"], ["A3", "A4", "A5"])


def test_dearer_kinds_are_offered_only_when_the_plain_ones_are_full():
    room = plan("ssss", "pppp", "dddd")

    assert best_seats(room, free(room), 2).seats[0][0] == "A"
    assert best_seats(room, free(room, "A1 A2 A3"), 2).seats[0][0] == "B"
    last = best_seats(room, free(room, "A1 A2 A3 B1 B2 B3"), 2)
    assert (last.seats[0][0], last.relaxed) == ("C", [OTHER_KINDS])


def test_half_a_sofa_is_never_offered():
    room = plan("dddd")

    assert best_seats(room, free(room), 2, kind="sofa").seats in (["A1", "A2"], ["A3", "A4"])
    assert best_seats(room, free(room), 1, kind="sofa") is None


def test_a_kind_that_was_asked_for_is_kept_to():
    room = plan("ssss", "pppp")

    assert best_seats(room, free(room), 2, kind="premium").seats[0][0] == "B"
    assert best_seats(room, free(room, "B1 B2 B3"), 2, kind="premium") is None


def test_a_long_party_is_split_into_two_rows_only_after_all_else():
    room = plan("sss", "sss")

    found = best_seats(room, free(room), 4)

    assert found.relaxed == [SPLIT_ROWS]
    assert {seat[0] for seat in found.seats} == {"A", "B"}
    assert found.words.startswith("Rows A and B")


def test_at_last_a_party_sits_wherever_there_is_room():
    room = plan("s_s_s")

    assert best_seats(room, free(room), 2).relaxed == [SPLIT_ANYWHERE]


def test_more_people_than_seats_get_no_suggestion():
    room = plan("ss")

    assert best_seats(room, free(room), 3) is None


def test_accessible_spaces_are_kept_for_who_asks():
    room = plan("wcss")

    assert best_seats(room, free(room), 2).seats == ["A3", "A4"]
    assert best_seats(room, free(room), 3, step_free=True).seats == ["A1", "A2", "A3"]
    assert best_seats(room, free(room, "A3 A4"), 2) is None


def test_friends_sit_near_a_wheelchair_space_when_there_is_no_room_beside_it():
    room = plan("w_ss")

    found = best_seats(room, free(room), 3, step_free=True)

    assert sorted(found.seats) == ["A1", "A2", "A3"]
    assert found.relaxed == [SPLIT_ANYWHERE]


def test_alternatives_come_from_the_same_row_first():
    room = plan(*["ssssss"] * 3)

    runs = nearest_runs(room, free(room, "B3"), ["B3", "B4"])

    assert runs[0] == ["B4", "B5"]
    assert runs[1] == ["B1", "B2"]
    assert len(runs) == 3


@pytest.mark.parametrize(
    ("chosen", "lonely", "instead"),
    [
        (["A2", "A3"], ["A1"], ["A1", "A2"]),
        (["A1", "A2"], [], None),
        (["A3", "A4"], ["A5"], ["A4", "A5"]),
        (["A1", "A2", "A3", "A4", "A5"], [], None),
    ],
)
def test_a_lone_seat_is_seen_and_a_better_choice_is_known(chosen, lonely, instead):
    room = plan("sssss")

    assert lone_seats(room, free(room), chosen) == lonely
    if lonely:
        assert without_lone_seat(room, free(room), chosen) == instead


def test_a_seat_that_was_alone_before_is_nobodys_fault():
    room = plan("sssss")

    assert lone_seats(room, free(room, "A2"), ["A3"]) == []


rooms = st.lists(st.text("ssssp_drw", min_size=1, max_size=9), min_size=1, max_size=6)


@given(rooms, st.data(), st.integers(1, 8))
def test_whatever_the_room_suggestions_are_free_whole_and_as_many_as_people(rows, data, people):
    even = [row if row.count("d") % 2 == 0 else row.replace("d", "s") for row in rows]
    room = plan(*even)
    taken = data.draw(st.sets(st.sampled_from(sorted(room)))) if len(room) else set()
    available = set(room) - taken

    found = best_seats(room, available, people) if len(room) else None

    if found:
        assert len(set(found.seats)) == people
        assert set(found.seats) <= available
        assert not {"wheelchair", "companion"} & {room[seat].kind for seat in found.seats}
        assert all(room[s].partner in found.seats for s in found.seats if room[s].kind == "sofa")
    else:
        spare = [s for s in available if room[s].kind in ("standard", "premium", "restricted")]
        assert len(spare) < people
