"""From the few words a manager types to the place of every seat. Pure: no database, no HTTP.

A row is a string with one letter per seat width, as seen from the seats towards the screen's left end first:

    s standard   p premium   d half of a sofa   w wheelchair   c companion   r restricted view   _ nothing

A column that is `_` in every row is an aisle. Rows bend around the screen by `curve`, the blocks outside the
first and last aisle turn towards it by `turn` more, each row may be shifted by its `offset`, and `gap` leaves
room in front of a row (a cross aisle). Lengths are seat widths, angles are degrees, y grows away from the screen.
"""

import math
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from marquee.errors import FieldError
from services.movies.domain.programme_problems import FaultyLayout

KINDS = {
    "s": "standard",
    "p": "premium",
    "d": "sofa",
    "w": "wheelchair",
    "c": "companion",
    "r": "restricted",
}
NOTHING = "_"
MAX_ROWS, MAX_COLUMNS, MAX_SEATS = 40, 60, 600
MAX_CURVE, MAX_TURN = 30.0, 25.0

# Around the seats: room for the row letters at the sides, for the screen in front, for a note behind.
_SIDE, _FRONT, _BACK = 1.6, 2.0, 1.6
_LETTERS_AT = 0.5
_ROW_NAME = re.compile(r"[A-Z0-9]{1,3}")

NotePlace = Literal["front-left", "front-right", "back"]


@dataclass(frozen=True)
class LayoutRow:
    row: str
    seats: str
    offset: float = 0.0
    gap: float = 0.0


@dataclass(frozen=True)
class Note:
    """Words on the plan that are no seat: "Way out", "Entrance"."""

    text: str
    place: NotePlace = "back"


@dataclass(frozen=True)
class Layout:
    rows: tuple[LayoutRow, ...]
    curve: float = 0.0
    turn: float = 0.0
    numbering: Literal["left", "right"] = "left"
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class DrawnSeat:
    label: str
    row: str
    row_rank: int
    number: int
    kind: str
    partner: str | None
    x: float
    y: float
    angle: float


@dataclass(frozen=True)
class DrawnPlan:
    width: float
    height: float
    drawing: dict[str, Any]
    seats: list[DrawnSeat]
    warnings: list[str] = field(default_factory=list)


def draw(layout: Layout) -> DrawnPlan:
    """The plan of `layout`. Raises FaultyLayout with every fault found, by field."""
    faults = _faults_of(layout)
    if faults:
        raise FaultyLayout("; ".join(fault.detail for fault in faults[:3]), errors=faults)
    floor = _Floor(layout)
    seats = [seat for rank in range(len(layout.rows)) for seat in _seats_of_row(layout, rank, floor)]
    return DrawnPlan(floor.width, floor.height, _drawing(layout, floor), seats, _warnings_of(seats))


def grid(rows: int, cols: int) -> Layout:
    """The plain room: `rows` straight rows of `cols` standard seats."""
    return Layout(tuple(LayoutRow(name, "s" * cols) for name in row_names(rows)))


def row_names(count: int) -> list[str]:
    """A, B, … without I and O, which read as figures; AA, AB … after Z."""
    letters = [chr(code) for code in range(ord("A"), ord("Z") + 1) if chr(code) not in "IO"]
    names = letters + [first + second for first in letters for second in letters]
    return names[:count]


# --- where things stand -----------------------------------------------------------------------------------


class _Floor:
    """Answers where column `col` of row `rank` is, and how far a seat there is turned."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.columns = max(len(row.seats) for row in layout.rows)
        self._centre = (self.columns - 1) / 2
        self._left_pivot, self._right_pivot = _side_blocks(layout, self.columns)
        self._depths = _depths(layout)
        self._shift_x = self._shift_y = 0.0
        taken = [self.at(rank, col) for rank, col in _places(layout)]
        self._shift_x = _SIDE - min(x for x, _, _ in taken)
        self._shift_y = _FRONT - min(y for _, y, _ in taken)
        self.width = _rounded(max(x for x, _, _ in taken) + self._shift_x + _SIDE)
        self.height = _rounded(max(y for _, y, _ in taken) + self._shift_y + _BACK)

    def at(self, rank: int, col: int) -> tuple[float, float, float]:
        x, y, angle = self._on_row(col, self._layout.rows[rank].offset)
        y += self._depths[rank]
        return _rounded(x + self._shift_x), _rounded(y + self._shift_y), _rounded(angle)

    def _on_row(self, col: int, offset: float) -> tuple[float, float, float]:
        if self._left_pivot is not None and col < self._left_pivot:
            return self._beside(self._left_pivot, col, offset, side=1)
        if self._right_pivot is not None and col > self._right_pivot:
            return self._beside(self._right_pivot, col, offset, side=-1)
        pivots = {self._left_pivot: self._layout.turn, self._right_pivot: -self._layout.turn}
        x, y, angle = self._on_arc(col + offset)
        return x, y, angle + pivots.get(col, 0.0)

    def _on_arc(self, position: float) -> tuple[float, float, float]:
        along = position - self._centre
        if not self._layout.curve:
            return along, 0.0, 0.0
        radius = self.columns / 2 / math.radians(self._layout.curve)
        turned = along / radius
        return radius * math.sin(turned), -radius * (1 - math.cos(turned)), -math.degrees(turned)

    def _beside(self, pivot: int, col: int, offset: float, *, side: int) -> tuple[float, float, float]:
        """In a side block: on the straight line through its innermost seat, turned towards the screen."""
        x, y, angle = self._on_arc(pivot + offset)
        angle += side * self._layout.turn
        along = col - pivot
        slope = math.radians(angle)
        return x + along * math.cos(slope), y + along * math.sin(slope), angle


def _side_blocks(layout: Layout, columns: int) -> tuple[int | None, int | None]:
    """The innermost column of the block left of the first aisle, and of the one right of the last."""
    used = [any(row.seats[col : col + 1].strip(NOTHING) for row in layout.rows) for col in range(columns)]
    inner = [col for col in range(columns) if not used[col] and any(used[:col]) and any(used[col:])]
    if not inner:
        return None, None
    return inner[0] - 1, inner[-1] + 1


def _depths(layout: Layout) -> list[float]:
    depths: list[float] = []
    for row in layout.rows:
        depths.append((depths[-1] + 1.0 if depths else 0.0) + row.gap)
    return depths


def _places(layout: Layout) -> list[tuple[int, int]]:
    return [
        (rank, col)
        for rank, row in enumerate(layout.rows)
        for col, letter in enumerate(row.seats)
        if letter != NOTHING
    ]


def _rounded(value: float) -> float:
    return round(value, 3) + 0.0  # no "-0.0" in the answers


# --- seats ------------------------------------------------------------------------------------------------


def _seats_of_row(layout: Layout, rank: int, floor: _Floor) -> list[DrawnSeat]:
    row = layout.rows[rank]
    labels = _labels_of_row(layout, row)
    partners = _partners_of_row(row, labels)
    seats = []
    for col, (label, number) in labels.items():
        x, y, angle = floor.at(rank, col)
        kind = KINDS[row.seats[col]]
        seats.append(DrawnSeat(label, row.row, rank, number, kind, partners.get(col), x, y, angle))
    return seats


def _labels_of_row(layout: Layout, row: LayoutRow) -> dict[int, tuple[str, int]]:
    columns = [col for col, letter in enumerate(row.seats) if letter != NOTHING]
    if layout.numbering == "right":
        columns.reverse()
    numbered = {col: (f"{row.row}{number}", number) for number, col in enumerate(columns, start=1)}
    return dict(sorted(numbered.items()))


def _partners_of_row(row: LayoutRow, labels: dict[int, tuple[str, int]]) -> dict[int, str]:
    """Sofa halves name each other; a companion seat names the nearest wheelchair space with the fewest."""
    partners: dict[int, str] = {}
    for run in re.finditer(r"d+", row.seats):
        for left in range(run.start(), run.end() - 1, 2):
            partners[left], partners[left + 1] = labels[left + 1][0], labels[left][0]
    for run in re.finditer(r"[wc]+", row.seats):
        partners |= _companions(row.seats, run.start(), run.end(), labels)
    return partners


def _companions(seats: str, start: int, end: int, labels: dict[int, tuple[str, int]]) -> dict[int, str]:
    spaces = [col for col in range(start, end) if seats[col] == "w"]
    served: Counter[int] = Counter()
    partners = {}
    for col in range(start, end):
        if seats[col] == "c" and spaces:
            space = min(spaces, key=lambda w, here=col: (served[w], abs(w - here)))  # type: ignore[misc]
            served[space] += 1
            partners[col] = labels[space][0]
    return partners


# --- what is not a seat -----------------------------------------------------------------------------------


def _drawing(layout: Layout, floor: _Floor) -> dict[str, Any]:
    last = floor.columns - 1
    return {
        "width": floor.width,
        "height": floor.height,
        "screen": {
            "x1": _rounded(floor.width * 0.16),
            "x2": _rounded(floor.width * 0.84),
            "y": 0.3,
            "bend": _rounded(0.15 + layout.curve * 0.03),
        },
        "rows": [
            {
                "row": row.row,
                "left": {"x": _LETTERS_AT, "y": floor.at(rank, 0)[1]},
                "right": {"x": _rounded(floor.width - _LETTERS_AT), "y": floor.at(rank, last)[1]},
            }
            for rank, row in enumerate(layout.rows)
        ],
        "labels": [_placed(note, floor) for note in layout.notes],
        "layout": asdict(layout),
    }


def _placed(note: Note, floor: _Floor) -> dict[str, Any]:
    x, y, anchor = {
        "front-left": (_LETTERS_AT, 1.0, "start"),
        "front-right": (floor.width - _LETTERS_AT, 1.0, "end"),
        "back": (floor.width / 2, floor.height - 0.5, "middle"),
    }[note.place]
    return {"text": note.text, "x": _rounded(x), "y": _rounded(y), "anchor": anchor, "place": note.place}


# --- checks -----------------------------------------------------------------------------------------------


def _faults_of(layout: Layout) -> list[FieldError]:
    faults = _faults_of_size(layout)
    for rank, row in enumerate(layout.rows):
        faults += [FieldError(field=f"rows.{rank}.{name}", detail=text) for name, text in _faults_of_row(row)]
    return faults or _faults_of_labels(layout)


def _faults_of_size(layout: Layout) -> list[FieldError]:
    seats = len(_places(layout))
    checks = [
        ("rows", not 1 <= len(layout.rows) <= MAX_ROWS, f"A plan has 1 to {MAX_ROWS} rows."),
        ("rows", not 1 <= seats <= MAX_SEATS, f"A plan has 1 to {MAX_SEATS} seats; this one has {seats}."),
        ("curve", not 0 <= layout.curve <= MAX_CURVE, f"The curve is 0 to {MAX_CURVE:g} degrees."),
        ("turn", not 0 <= layout.turn <= MAX_TURN, f"The turn is 0 to {MAX_TURN:g} degrees."),
    ]
    return [FieldError(field=name, detail=text) for name, wrong, text in checks if wrong]


def _faults_of_row(row: LayoutRow) -> list[tuple[str, str]]:
    unknown = "".join(sorted(set(row.seats) - set(KINDS) - {NOTHING}))
    odd = any(len(run) % 2 for run in re.findall(r"d+", row.seats))
    lone = any("w" not in run for run in re.findall(r"[wc]*c[wc]*", row.seats))
    checks = [
        (
            "row",
            not _ROW_NAME.fullmatch(row.row),
            f'A row is named by 1 to 3 capitals or figures, not "{row.row}".',
        ),
        ("seats", len(row.seats) > MAX_COLUMNS, f"Row {row.row} is wider than {MAX_COLUMNS} seats."),
        ("seats", bool(unknown), f'Row {row.row} has letters that mean no seat: "{unknown}".'),
        ("seats", odd, f"Row {row.row} has half a sofa: write dd for each sofa."),
        ("seats", lone, f"Row {row.row} has a companion seat (c) with no wheelchair space (w) beside it."),
        ("offset", not -10 <= row.offset <= 10, f"Row {row.row} is shifted by more than 10 seats."),
        ("gap", not 0 <= row.gap <= 5, f"The gap before row {row.row} is not between 0 and 5."),
    ]
    return [(name, text) for name, wrong, text in checks if wrong]


def _faults_of_labels(layout: Layout) -> list[FieldError]:
    labels = Counter(label for row in layout.rows for label, _ in _labels_of_row(layout, row).values())
    twice = sorted(label for label, times in labels.items() if times > 1)
    if not twice:
        return []
    return [FieldError(field="rows", detail=f"These seats exist twice: {', '.join(twice[:10])}.")]


def _warnings_of(seats: list[DrawnSeat]) -> list[str]:
    accompanied = {seat.partner for seat in seats if seat.kind == "companion"}
    spaces = [seat.label for seat in seats if seat.kind == "wheelchair"]
    alone = [label for label in spaces if label not in accompanied]
    warnings = [f"Wheelchair space {label} has no companion seat beside it." for label in alone]
    if not spaces:
        warnings.append("There is no wheelchair space in this room.")
    return warnings
