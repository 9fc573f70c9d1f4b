"""Text as outlines: measuring, breaking titles into lines, and drawing without any font at hand."""

import threading
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from fontTools.misc.transform import Transform
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

from marquee.typography import BOARD, FALLBACK_BOLD, StaticCut, cut_path
from services.movies.posters.pathpen import CompactPathPen

MAX_LINES = 5
_MAX_PIECES = 14
LINE_GAP = 10.0
# Condensed capitals at this size need a little more air between words than their font gives.
_WORD_SPACE_EXTRA_EM = 0.04
_WEAK_LINE_ENDS = {"A", "AN", "THE", "OF", "TO", "IN", "AND", "OR:"}


class UndrawableText(ValueError):
    """No house font has a glyph for some of these characters, and a box is not a letter."""


@dataclass(frozen=True)
class Glyph:
    """An outline in em, baseline at 0, y upwards; scaled so that all faces share one cap height."""

    advance: float
    bounds: tuple[float, float, float, float] | None
    commands: tuple[Any, ...]
    scale: float


@dataclass(frozen=True)
class Run:
    """Glyphs in a row, measured by their ink and not by the white around it."""

    glyphs: tuple[tuple[Glyph, float], ...]
    left: float
    right: float
    bottom: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    def outline(self, placed: Transform) -> str:
        pen = CompactPathPen()
        for glyph, x in self.glyphs:
            into_place = TransformPen(pen, placed.translate(x, 0).scale(glyph.scale))
            for name, arguments in glyph.commands:
                getattr(into_place, name)(*arguments)
        return pen.path_data()


@dataclass(frozen=True)
class Line:
    """A run at a size in px: `rise` is what accents need above the capitals, `drop` below the baseline."""

    run: Run
    size: float

    @property
    def cap_height(self) -> float:
        return cap_height_em() * self.size

    @property
    def rise(self) -> float:
        return max(0.0, self.run.top * self.size - self.cap_height - 0.02 * self.size)

    @property
    def drop(self) -> float:
        return max(0.0, -self.run.bottom * self.size - 0.02 * self.size)

    def outline(self, x: float, baseline: float, stretch: float = 1) -> str:
        """Path data with the ink starting at `x`; `stretch` pulls the letters upwards."""
        return self.run.outline(
            Transform(self.size, 0, 0, -self.size * stretch, x - self.run.left * self.size, baseline)
        )


class _Face:
    def __init__(self, cut: StaticCut, cap_height: float | None = None) -> None:
        self._font = TTFont(Path(cut_path(cut)))
        self._glyphs = self._font.getGlyphSet()
        self._names = self._font.getBestCmap()
        self._lock = threading.Lock()
        self._known: dict[str, Glyph] = {}
        units = self._font["head"].unitsPerEm
        self.cap_height: float = self._font["OS/2"].sCapHeight / units
        self._scale = (cap_height / self.cap_height if cap_height else 1) / units

    def has(self, character: str) -> bool:
        return ord(character) in self._names

    def glyph(self, character: str) -> Glyph:
        # fontTools unpacks glyphs on first use and does not expect two threads to do it.
        with self._lock:
            if character not in self._known:
                self._known[character] = self._read(self._names[ord(character)])
            return self._known[character]

    def _read(self, name: str) -> Glyph:
        outline, bounds = DecomposingRecordingPen(self._glyphs), BoundsPen(self._glyphs)
        self._glyphs[name].draw(outline)
        self._glyphs[name].draw(bounds)
        scaled = tuple(edge * self._scale for edge in bounds.bounds) if bounds.bounds else None
        return Glyph(
            self._glyphs[name].width * self._scale,
            scaled,
            tuple(outline.value),
            self._scale,
        )


@cache
def _faces() -> tuple[_Face, _Face]:
    board = _Face(BOARD)
    return board, _Face(FALLBACK_BOLD, board.cap_height)


def cap_height_em() -> float:
    return _faces()[0].cap_height


def capitals(text: str) -> str:
    """Board capitals; Greek loses its tonos, as Greek capitals do."""
    decomposed = unicodedata.normalize("NFD", text.upper())
    kept = [
        mark for base, mark in pairwise(" " + decomposed) if not (mark == "\u0301" and "Α" <= base <= "Ω")
    ]
    return unicodedata.normalize("NFC", "".join(kept))


def is_drawable(text: str) -> bool:
    return not _missing(text)


def _missing(text: str) -> list[str]:
    return sorted({c for c in capitals(text) if not any(face.has(c) for face in _faces())})


@lru_cache(maxsize=4096)
def measure(text: str, tracking_em: float = 0) -> Run:
    """Set `text` as given, in one row; raises UndrawableText."""
    if not text.strip() or _missing(text):
        raise UndrawableText(f"cannot draw {text!r}: no glyph for {' '.join(_missing(text)) or 'nothing'}")
    placed: list[tuple[Glyph, float]] = []
    x = 0.0
    for character in text:
        glyph = next(face for face in _faces() if face.has(character)).glyph(character)
        placed.append((glyph, x))
        x += glyph.advance + tracking_em + (_WORD_SPACE_EXTRA_EM if character == " " else 0)
    inked = [(glyph.bounds, x) for glyph, x in placed if glyph.bounds]
    return Run(
        tuple(placed),
        left=min(bounds[0] + x for bounds, x in inked),
        right=max(bounds[2] + x for bounds, x in inked),
        bottom=min(bounds[1] for bounds, _ in inked),
        top=max(bounds[3] for bounds, _ in inked),
    )


def fit(text: str, width: float, max_size: float, tracking_em: float = 0) -> Line:
    """One line as large as `width` and `max_size` allow."""
    run = measure(text, tracking_em)
    return Line(run, min(max_size, width / run.width))


def break_title(title: str, width: float, height: float, max_size: float) -> list[Line]:
    """The best of all ways to break `title`, each line as wide as `width`, together near `height`."""
    options = [
        (texts, [fit(text, width, max_size) for text in texts]) for texts in _ways_to_break(_pieces(title))
    ]
    return min(options, key=lambda option: _ugliness(option[0], option[1], height))[1]


def block_height(lines: list[Line]) -> float:
    """From the top of the first capital (or its accent) to the last baseline, or below a deep comma."""
    below = max(0.0, lines[-1].drop - LINE_GAP)
    return lines[0].rise + sum(line.cap_height for line in lines) + sum(_gaps(lines)) + below


def stack(lines: list[Line], x: float, top: float) -> list[str]:
    """Path data of each line, set below one another from `top`."""
    outlines, baseline = [], top + lines[0].rise
    for line, gap in zip(lines, [*_gaps(lines), 0.0], strict=True):
        baseline += line.cap_height
        outlines.append(line.outline(x, baseline))
        baseline += gap
    return outlines


def _gaps(lines: list[Line]) -> list[float]:
    return [max(LINE_GAP, 3 + above.drop + below.rise) for above, below in pairwise(lines)]


def _ugliness(texts: list[str], lines: list[Line], height: float) -> float:
    sizes = [line.size for line in lines]
    stubs = sum(len(text) < 3 for text in texts) if len(texts) > 1 else 0
    colons_inside = sum(": " in text for text in texts) if len(texts) > 1 else 0
    weak_ends = sum(text.split()[-1] in _WEAK_LINE_ENDS for text in texts[:-1])
    return (
        abs(sum(line.cap_height for line in lines) * 1.13 - height)
        + 30 * max(sizes) / min(sizes)
        + 60 * stubs
        + 40 * colons_inside
        + 5 * (sizes[-1] > sizes[0])
        + 26 * weak_ends
    )


def _pieces(title: str) -> list[str]:
    """Words, or runs of words where there are so many that trying all breaks would take seconds."""
    words = title.split()
    words_each = -(-len(words) // _MAX_PIECES)
    return [" ".join(words[i : i + words_each]) for i in range(0, len(words), words_each)]


def _ways_to_break(words: list[str]) -> list[list[str]]:
    ways = []
    for breaks in range(min(MAX_LINES, len(words))):
        for places in combinations(range(1, len(words)), breaks):
            edges = [0, *places, len(words)]
            ways.append([" ".join(words[start:end]) for start, end in pairwise(edges)])
    return ways
