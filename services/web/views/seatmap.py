"""The room as a drawing and as a list: plan + who has which seat + prices.

A seat is one unit wide in the plan; in the drawing a unit is 40, and x and y are whole numbers.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

UNIT = 40
# Further apart than this, in seat widths, two seats have an aisle between them.
AISLE = 1.5
KINDS = ("standard", "premium", "sofa", "wheelchair", "companion", "restricted")
ADULT = "adult"


@dataclass(frozen=True)
class Seat:
    label: str
    row: str
    number: int
    kind: str
    partner: str | None
    x: float
    y: float
    angle: float
    state: str
    price_cents: int | None
    after_aisle: bool
    is_left_half: bool

    @property
    def shape(self) -> str:
        """The symbol of a free seat like this."""
        if self.kind == "sofa":
            return "sofa-left" if self.is_left_half else "sofa-right"
        return self.kind

    @property
    def place(self) -> str:
        x, y = round(self.x * UNIT, 1), round(self.y * UNIT, 1)
        turn = f" rotate({self.angle:g})" if self.angle else ""
        return f"translate({x:g} {y:g}){turn}"


@dataclass(frozen=True)
class Row:
    letter: str
    left: tuple[float, float]
    right: tuple[float, float]
    seats: list[Seat]


@dataclass(frozen=True)
class LegendEntry:
    kind: str
    count: int
    price_cents: int | None


@dataclass(frozen=True)
class Group:
    """Free seats side by side, offered as one choice in the list."""

    seats: list[Seat]
    view: str

    @property
    def labels(self) -> list[str]:
        return [seat.label for seat in self.seats]

    @property
    def total_cents(self) -> int:
        return sum(seat.price_cents or 0 for seat in self.seats)


@dataclass(frozen=True)
class SeatMap:
    width: float
    height: float
    screen: dict[str, float]
    rows: list[Row]
    notes: list[dict[str, Any]]
    legend: list[LegendEntry]
    states: frozenset[str]
    capacity: int
    free: int

    @property
    def seats(self) -> Iterable[Seat]:
        return (seat for row in self.rows for seat in row.seats)

    @property
    def view_box(self) -> str:
        return f"0 -16 {self.width * UNIT:g} {self.height * UNIT + 16:g}"


def seat_map(plan: dict[str, Any], states: dict[str, str], prices: list[dict[str, Any]]) -> SeatMap:
    adult = {line["kind"]: line["price_cents"] for line in prices if line["ticket_type"] == ADULT}
    drawing = plan.get("drawing") or {}
    rows = _rows(plan, states, adult, drawing)
    seats = [seat for row in rows for seat in row.seats]
    return SeatMap(
        width=plan["width"],
        height=plan["height"],
        screen=_screen(drawing.get("screen"), plan["width"]),
        rows=rows,
        notes=list(drawing.get("labels") or []),
        legend=_legend(seats, adult),
        states=frozenset(seat.state for seat in seats),
        capacity=len(seats),
        free=sum(seat.state == "free" for seat in seats),
    )


def groups_for(seats: SeatMap, people: int, *, step_free: bool = False) -> list[tuple[Row, list[Group]]]:
    """By row, the places where `people` can sit side by side, without overlap."""
    offered = ((row, _groups_in(row, people, seats, step_free=step_free)) for row in seats.rows)
    return [(row, groups) for row, groups in offered if groups]


def blocks_of(row: Row) -> list[list[Seat]]:
    """Stretches of a row without an aisle in them."""
    blocks: list[list[Seat]] = []
    for seat in row.seats:
        if seat.after_aisle or not blocks:
            blocks.append([])
        blocks[-1].append(seat)
    return blocks


def seats_called(labels: list[str], room: SeatMap) -> list[Seat]:
    return [seat for seat in room.seats if seat.label in labels]


def view_from(seats: list[Seat], room: SeatMap) -> str:
    """Where this is, as a key: "centre-back", "left-front" and so on."""
    x = sum(seat.x for seat in seats) / len(seats) / room.width
    side = "left" if x < 0.33 else "right" if x > 0.67 else "centre"
    depths = [row.seats[0].y for row in room.rows]
    deep = (seats[0].y - depths[0]) / ((depths[-1] - depths[0]) or 1)
    third = "front" if deep < 0.34 else "middle" if deep < 0.55 else "two-thirds" if deep < 0.8 else "back"
    return f"{side}-{third}"


# --- the drawing ------------------------------------------------------------------------------------------


def _rows(
    plan: dict[str, Any], states: dict[str, str], adult: dict[str, int], drawing: dict[str, Any]
) -> list[Row]:
    letters = {entry["row"]: entry for entry in drawing.get("rows") or []}
    ordered = sorted(plan["seats"], key=lambda seat: (seat["row_rank"], seat["x"]))
    by_label = {seat["label"]: seat for seat in ordered}
    rows = []
    for letter, members in groupby(ordered, key=lambda seat: seat["row"]):
        seats = _seats_of_row(list(members), states, adult, by_label)
        rows.append(_row(letter, seats, letters.get(letter), plan["width"]))
    return rows


def _row(letter: str, seats: list[Seat], ends: dict[str, Any] | None, width: float) -> Row:
    left = (ends["left"]["x"], ends["left"]["y"]) if ends else (0.5, seats[0].y)
    right = (ends["right"]["x"], ends["right"]["y"]) if ends else (width - 0.5, seats[-1].y)
    return Row(letter, left, right, seats)


def _seats_of_row(
    members: list[dict[str, Any]],
    states: dict[str, str],
    adult: dict[str, int],
    by_label: dict[str, dict[str, Any]],
) -> list[Seat]:
    seats = []
    for before, seat in zip([None, *members], members, strict=False):
        partner = by_label.get(seat.get("partner") or "")
        seats.append(
            Seat(
                label=seat["label"],
                row=seat["row"],
                number=seat["number"],
                kind=seat["kind"],
                partner=seat.get("partner"),
                x=seat["x"],
                y=seat["y"],
                angle=seat.get("angle") or 0,
                state=states.get(seat["label"], "taken"),
                price_cents=adult.get(seat["kind"]),
                after_aisle=before is not None and seat["x"] - before["x"] > AISLE,
                is_left_half=partner is not None and partner["x"] > seat["x"],
            )
        )
    return seats


def _screen(drawn: dict[str, float] | None, width: float) -> dict[str, float]:
    screen = drawn or {"x1": width * 0.16, "x2": width * 0.84, "y": 0.3, "bend": 0.3}
    return {
        "x1": screen["x1"] * UNIT,
        "x2": screen["x2"] * UNIT,
        "y": screen["y"] * UNIT,
        # The control point of a curve lies twice as deep as its middle.
        "control": (screen["y"] + 2 * screen["bend"]) * UNIT,
        "middle": (screen["y"] + screen["bend"]) * UNIT,
        "centre": (screen["x1"] + screen["x2"]) / 2 * UNIT,
    }


def _legend(seats: list[Seat], adult: dict[str, int]) -> list[LegendEntry]:
    counts = Counter(seat.kind for seat in seats if seat.state in {"free", "yours"})
    if not counts["wheelchair"]:
        # Nobody can buy what goes with it.
        del counts["companion"]
    return [LegendEntry(kind, counts[kind], adult.get(kind)) for kind in KINDS if counts[kind]]


# --- the list ---------------------------------------------------------------------------------------------


def _groups_in(row: Row, people: int, room: SeatMap, *, step_free: bool) -> list[Group]:
    groups = []
    for block in blocks_of(row):
        for run in _free_runs(block, step_free=step_free):
            groups += [run[start : start + people] for start in range(0, len(run) - people + 1, people)]
    return [Group(group, view_from(group, room)) for group in groups if not _is_refused(group)]


def _free_runs(block: list[Seat], *, step_free: bool) -> list[list[Seat]]:
    """Accessible places are offered only to those who asked for them."""
    accessible = {"wheelchair", "companion"}
    runs: list[list[Seat]] = [[]]
    for seat in block:
        fits = seat.state == "free" and (seat.kind in accessible) == step_free
        if fits:
            runs[-1].append(seat)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _is_refused(group: list[Seat]) -> bool:
    kinds = {seat.kind for seat in group}
    return _splits_a_sofa(group) or ("companion" in kinds and "wheelchair" not in kinds)


def _splits_a_sofa(group: list[Seat]) -> bool:
    labels = {seat.label for seat in group}
    return any(seat.kind == "sofa" and seat.partner not in labels for seat in group)
