import pytest

from services.movies.domain.layouts import MAX_SEATS, Layout, LayoutRow, Note, draw, grid, row_names
from services.movies.domain.places import AISLE
from services.movies.domain.programme_problems import FaultyLayout


def layout(*rows, **more):
    return Layout(tuple(LayoutRow(*row) for row in rows), **more)


def by_label(plan):
    return {seat.label: seat for seat in plan.seats}


def faults(wrong):
    with pytest.raises(FaultyLayout) as caught:
        draw(wrong)
    return {(fault.field, fault.detail) for fault in caught.value.errors}


def test_letters_become_kinds_and_seats_are_numbered_from_the_left():
    seats = by_label(draw(layout(("A", "_sp_rwc"))))

    assert {label: seat.kind for label, seat in seats.items()} == {
        "A1": "standard",
        "A2": "premium",
        "A3": "restricted",
        "A4": "wheelchair",
        "A5": "companion",
    }
    assert [seat.number for seat in seats.values()] == [1, 2, 3, 4, 5]


def test_numbers_may_run_from_the_right():
    seats = draw(layout(("A", "ss_s"), numbering="right")).seats

    assert [seat.label for seat in sorted(seats, key=lambda seat: seat.x)] == ["A3", "A2", "A1"]


def test_a_straight_room_stands_on_a_grid():
    seats = by_label(draw(grid(2, 3)))

    assert seats["A2"].x - seats["A1"].x == 1.0
    assert seats["B1"].y - seats["A1"].y == 1.0
    assert {seat.angle for seat in seats.values()} == {0.0}


def test_curved_rows_bend_around_the_screen():
    seats = by_label(draw(layout(("A", "sssssssss"), curve=10)))

    first, middle, last = seats["A1"], seats["A5"], seats["A9"]
    assert first.y == pytest.approx(last.y)
    assert first.y < middle.y, "the ends are nearer to the screen"
    assert first.angle == pytest.approx(-last.angle)
    assert first.angle > 0, "the left end faces right"
    assert middle.angle == 0.0


def test_side_blocks_turn_further_than_the_middle_and_stay_straight():
    seats = by_label(draw(layout(("A", "sss_ssss_sss"), curve=4, turn=8)))

    left = [seats[f"A{number}"] for number in (1, 2, 3)]
    assert len({seat.angle for seat in left}) == 1
    assert left[0].angle > seats["A4"].angle + 7
    assert seats["A10"].angle == pytest.approx(-left[0].angle)


def test_an_aisle_is_wide_enough_to_be_seen_as_one():
    plan = draw(layout(("A", "ss_ss"), ("B", "ss_ss"), curve=10, turn=10))
    seats = by_label(plan)

    assert seats["A3"].x - seats["A2"].x > AISLE
    assert seats["A2"].x - seats["A1"].x < AISLE


def test_offset_and_gap_move_a_row():
    seats = by_label(draw(layout(("A", "sss"), ("B", "sss", 0.5, 0.4))))

    assert seats["B1"].x - seats["A1"].x == pytest.approx(0.5)
    assert seats["B1"].y - seats["A1"].y == pytest.approx(1.4)


def test_no_two_seats_of_a_bent_room_overlap():
    rows = [(name, "ssss_ssssssssss_ssss") for name in row_names(11)]
    seats = draw(layout(*rows, curve=8, turn=12)).seats

    nearest = min(
        (one.x - other.x) ** 2 + (one.y - other.y) ** 2
        for index, one in enumerate(seats)
        for other in seats[index + 1 :]
    )
    assert nearest**0.5 > 0.9


def test_everything_lies_inside_the_drawing():
    plan = draw(layout(("A", "sss_sss"), ("B", "sss_sss"), curve=20, turn=10, notes=(Note("Way out"),)))

    inside = [0 < seat.x < plan.width and 0 < seat.y < plan.height for seat in plan.seats]
    letters = [row[side] for row in plan.drawing["rows"] for side in ("left", "right")]
    assert all(inside)
    assert all(0 < letter["x"] < plan.width and 0 < letter["y"] < plan.height for letter in letters)
    assert plan.drawing["labels"][0]["text"] == "Way out"


def test_the_drawing_keeps_the_layout_for_the_editor():
    given = layout(("A", "dd_s", 0.5, 0.2), curve=3, notes=(Note("Door", "front-left"),))

    kept = draw(given).drawing["layout"]

    assert kept["rows"] == ({"row": "A", "seats": "dd_s", "offset": 0.5, "gap": 0.2},)
    assert kept["curve"] == 3


def test_sofa_halves_are_partners():
    seats = by_label(draw(layout(("A", "dddd"))))

    assert {label: seat.partner for label, seat in seats.items()} == {
        "A1": "A2",
        "A2": "A1",
        "A3": "A4",
        "A4": "A3",
    }


def test_each_companion_belongs_to_a_space_of_its_own_where_there_are_enough():
    seats = by_label(draw(layout(("A", "wwcc"))))

    assert {seats["A3"].partner, seats["A4"].partner} == {"A1", "A2"}
    assert seats["A1"].partner is None


def test_a_space_without_a_companion_is_allowed_but_noticed():
    assert draw(layout(("A", "sws"))).warnings == ["Wheelchair space A2 has no companion seat beside it."]
    assert draw(layout(("A", "swc"))).warnings == []
    assert draw(layout(("A", "sss"))).warnings == ["There is no wheelchair space in this room."]


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        (("A", "sdds_d"), "seats", "half a sofa"),
        (("A", "ss_cs"), "seats", "no wheelchair space"),
        (("A", "sxs"), "seats", 'no seat: "x"'),
        (("a", "sss"), "row", "capitals or figures"),
        (("A", "s" * 61), "seats", "wider than 60"),
        (("A", "sss", 11.0), "offset", "more than 10"),
        (("A", "sss", 0.0, -1.0), "gap", "not between"),
    ],
)
def test_a_faulty_row_is_named_with_its_fault(row, field, words):
    found = faults(layout(("Z", "s"), row))

    assert {name for name, _ in found} == {f"rows.1.{field}"}
    assert any(words in detail for _, detail in found)


def test_labels_must_differ():
    assert faults(layout(("A", "ss"), ("A", "s"))) == {("rows", "These seats exist twice: A1.")}
    assert faults(layout(("1", "s" * 11), ("11", "s"))) == {("rows", "These seats exist twice: 111.")}


@pytest.mark.parametrize("wrong", [layout(("A", "___")), grid(25, 25), grid(41, 1), Layout(())])
def test_a_plan_has_between_one_and_six_hundred_seats_in_up_to_forty_rows(wrong):
    assert {field for field, _ in faults(wrong)} == {"rows"}


def test_the_largest_plan_is_accepted():
    assert len(draw(grid(24, 25)).seats) == MAX_SEATS


def test_row_names_leave_out_letters_that_read_as_figures():
    names = row_names(30)

    assert names[:9] == list("ABCDEFGHJ")
    assert "O" not in names
    assert names[24:26] == ["AA", "AB"]
    assert len(set(names)) == 30
