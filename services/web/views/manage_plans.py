"""A seat plan as text: one line per row, its name, then a letter per seat width.

    A  __rr_ssssssss_rr__
    B  ssss_ssssssss_ssss  gap=0.5 shift=0.5

Movies draws it and knows what is wrong with it; here it is only read and written.
"""

import re
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext

from services.web.views.manage_forms import Form
from services.web.views.seatmap import SeatMap, seat_map

LETTERS = {
    "s": "standard",
    "p": "premium",
    "d": "sofa",
    "w": "wheelchair",
    "c": "companion",
    "r": "restricted",
}
PLACES = ("front-left", "front-right", "back")
_LETTER_OF = {kind: letter for letter, kind in LETTERS.items()}
_EXTRA = re.compile(r"(gap|shift)=(-?\d+(?:[.,]\d+)?)")
_MOST_ROWS = 40


def form_of(plan: dict[str, Any]) -> Form:
    layout = (plan.get("drawing") or {}).get("layout") or {"rows": _rows_of(plan["seats"])}
    return Form.filled(
        {
            "rows": "\n".join(_line(row) for row in layout["rows"]),
            "curve": f"{layout.get('curve', 0):g}",
            "turn": f"{layout.get('turn', 0):g}",
            "numbering": layout.get("numbering", "left"),
            "notes": "\n".join(f"{note['place']}: {note['text']}" for note in layout.get("notes") or []),
        }
    )


def layout_of(form: Form) -> dict[str, Any]:
    """What movies takes; `form` collects what cannot be read."""
    rows = [_row(form, line, number) for number, line in _lines(form.value("rows"))]
    if not rows:
        form.fail("rows", gettext("Write a line for each row: its name, then its seats."))
    if len(rows) > _MOST_ROWS:
        form.fail("rows", gettext("A plan has %(most)s rows at most.", most=_MOST_ROWS))
    return {
        "rows": [row for row in rows if row],
        "curve": form.decimal("curve", 0, 30),
        "turn": form.decimal("turn", 0, 25),
        "numbering": "right" if form.value("numbering") == "right" else "left",
        "notes": [_note(form, line) for _, line in _lines(form.value("notes"))],
    }


def drawing_of(preview: dict[str, Any]) -> SeatMap:
    """With every seat free: this is the room, not a screening."""
    return seat_map(preview, {seat["label"]: "free" for seat in preview["seats"]}, [])


def _lines(text: str) -> Iterable[tuple[int, str]]:
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _row(form: Form, line: str, number: int) -> dict[str, Any] | None:
    name, _, rest = line.partition(" ")
    seats, *extras = rest.split() or [""]
    row: dict[str, Any] = {"row": name.upper(), "seats": seats.lower()}
    wrong = sorted(set(row["seats"]) - set(LETTERS) - {"_"})
    if not seats:
        form.fail("rows", gettext("Line %(number)s has a name but no seats.", number=number))
        return None
    if wrong:
        words = {"number": number, "letters": "".join(wrong)}
        form.fail("rows", gettext("Line %(number)s has letters that mean no seat: %(letters)s.", **words))
        return None
    return row | _extras(form, extras, number)


def _extras(form: Form, words: list[str], number: int) -> dict[str, float]:
    found = {}
    for word in words:
        match = _EXTRA.fullmatch(word)
        if match is None:
            form.fail(
                "rows", gettext("Line %(number)s: after the seats come only gap= and shift=.", number=number)
            )
            continue
        found["gap" if match[1] == "gap" else "offset"] = float(match[2].replace(",", "."))
    return found


def _note(form: Form, line: str) -> dict[str, str]:
    place, _, text = line.partition(":")
    if place.strip() not in PLACES or not text.strip():
        form.fail("notes", gettext("Start each line with front-left:, front-right: or back:."))
    return {"place": place.strip(), "text": text.strip()[:80]}


def _line(row: dict[str, Any]) -> str:
    gap = f"  gap={row['gap']:g}" if row.get("gap") else ""
    shift = f"  shift={row['offset']:g}" if row.get("offset") else ""
    return f"{row['row']:<3}{row['seats']}{gap}{shift}"


def _rows_of(seats: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For a plan that was not drawn from a layout: its rows without their gaps."""
    rows: dict[str, str] = {}
    for seat in sorted(seats, key=lambda seat: (seat["row_rank"], seat["x"])):
        rows[seat["row"]] = rows.get(seat["row"], "") + _LETTER_OF[seat["kind"]]
    return [{"row": name, "seats": letters} for name, letters in rows.items()]
