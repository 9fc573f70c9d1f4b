"""Letters on paper: the house typefaces, another where a script needs it, and never a box.

reportlab prints a box for a letter its font lacks and says nothing. So each text is split into runs by what
the fonts really contain; a text with a letter that no font here has raises Unprintable, and the caller
prints something else.
"""

import functools
from dataclasses import dataclass

import structlog
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from marquee import typography

log = structlog.get_logger(__name__)

_FAMILIES = {
    "board": (typography.BOARD, typography.FALLBACK_BOLD),
    "bold": (typography.BOLD, typography.FALLBACK_BOLD),
    "text": (typography.TEXT, typography.FALLBACK),
}


class Unprintable(Exception):
    """A letter that no font here has. `letters` names them."""

    def __init__(self, letters: str) -> None:
        super().__init__(f"no font has {letters!r}")
        self.letters = letters


@dataclass(frozen=True)
class Run:
    font: str
    text: str


def runs(text: str, family: str) -> list[Run]:
    """`text` in one font where one has all of it, else in pieces. Raises Unprintable."""
    for cut in _FAMILIES[family]:
        name, known = _registered(cut.file_name)
        if known.issuperset(map(ord, text)):
            return [Run(name, text)]
    found: list[Run] = []
    for letter in text:
        font = _font_for(letter, family)
        if found and found[-1].font == font:
            found[-1] = Run(font, found[-1].text + letter)
        else:
            found.append(Run(font, letter))
    return found


def printable(family: str, *candidates: str) -> str:
    """The first of `candidates` that can be printed whole; else the last, its strange letters left out."""
    for text in candidates:
        try:
            runs(text, family)
        except Unprintable as error:
            log.warning("unprintable_letters", text=text, letters=error.letters)
            continue
        return text
    return "".join(letter for letter in candidates[-1] if _can_print(letter, family)).strip() or "—"


def width(text: str, family: str, size: float) -> float:
    """In points."""
    return sum(pdfmetrics.stringWidth(run.text, run.font, size) for run in runs(text, family))


def draw(canvas: Canvas, x: float, y: float, text: str, family: str, size: float) -> float:
    """Write `text` with its left end at (x, y); answers where it ended."""
    for run in runs(text, family):
        canvas.setFont(run.font, size)
        canvas.drawString(x, y, run.text)
        x += pdfmetrics.stringWidth(run.text, run.font, size)
    return x


def wrapped(text: str, family: str, size: float, room: float) -> list[str]:
    """`text` in lines no wider than `room` points. A word that is wider alone stands on its own line."""
    lines: list[str] = []
    for word in text.split():
        candidate = f"{lines[-1]} {word}" if lines else word
        if lines and width(candidate, family, size) <= room:
            lines[-1] = candidate
        else:
            lines.append(word)
    return lines


def fitted(
    text: str, family: str, room: float, *, sizes: list[float], most_lines: int
) -> tuple[float, list[str]]:
    """The largest of `sizes` (falling) at which `text` fits; at the smallest, the last line is cut with "…"."""
    for size in sizes:
        lines = wrapped(text, family, size, room)
        if len(lines) <= most_lines and all(width(line, family, size) <= room for line in lines):
            return size, lines
    size = sizes[-1]
    lines = wrapped(text, family, size, room)
    shown = [_cut(line, family, size, room) for line in lines[:most_lines]]
    if len(lines) > most_lines:
        shown[-1] = _cut(shown[-1] + "…", family, size, room)
    return size, shown


def _cut(line: str, family: str, size: float, room: float) -> str:
    while width(line, family, size) > room and len(line) > 1:
        line = line.rstrip("…")[:-1].rstrip() + "…"
    return line


def _can_print(letter: str, family: str) -> bool:
    try:
        _font_for(letter, family)
    except Unprintable:
        return False
    return True


@functools.lru_cache(maxsize=4096)
def _font_for(letter: str, family: str) -> str:
    for cut in _FAMILIES[family]:
        name, known = _registered(cut.file_name)
        if ord(letter) in known:
            return name
    raise Unprintable(letter)


@functools.cache
def _registered(file_name: str) -> tuple[str, frozenset[int]]:
    """Register a static cut once; answers its name and the letters it has."""
    name = file_name.removesuffix(".ttf")
    font = TTFont(name, str(typography.font_dir() / file_name))
    pdfmetrics.registerFont(font)
    return name, frozenset(font.face.charToGlyph)
