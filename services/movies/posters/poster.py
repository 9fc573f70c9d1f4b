"""The sheet itself: field, title, credit strip."""

from dataclasses import dataclass
from html import escape

from fontTools.misc.transform import Transform

from services.movies.posters import letters
from services.movies.posters.design import LETTER_LAYOUTS, Design, Layout, design_poster
from services.movies.posters.facts import PosterFacts, dice
from services.movies.posters.halftone import draw_halftone
from services.movies.posters.lettering import (
    block_height,
    break_title,
    cap_height_em,
    capitals,
    fit,
    is_drawable,
    measure,
    stack,
)
from services.movies.posters.motifs import Field
from services.movies.posters.shapes import (
    MARGIN,
    SHEET,
    SHEET_HEIGHT,
    SHEET_WIDTH,
    Box,
    Ids,
    clipped,
    fill_box,
    rect,
)

TEXT_WIDTH = SHEET_WIDTH - 2 * MARGIN
RAIL_Y = SHEET_HEIGHT - 43
_STRIP_TOP = SHEET_HEIGHT - 47
_CREDIT_BASELINE = SHEET_HEIGHT - 22.5
_CREDIT_SIZE, _CREDIT_TRACKING_EM = 14.5, 0.05
_FRAME_INSET = 12
_SPINE_WIDTH = 86
_GROUND_MOTIFS = {"road", "ridges", "waves"}
_HALFTONE_SHARE = 0.42


@dataclass(frozen=True)
class Setting:
    """Where things go on one sheet."""

    box: Box
    """What the motif fills."""
    window: Box
    """What is seen of it."""
    title: list[str]
    """Outlines of the title, as path data in sheet coordinates."""


def poster_svg(facts: PosterFacts, variant: int = 0) -> str:
    """The house poster of a film as one SVG, 400 x 600; same facts and variant, same bytes.

    Raises UndrawableText when no house font can write `title` or `english_title`.
    """
    design = design_poster(facts, variant)
    ids = Ids(f"p{design.seed[:10]}")
    picture = _draw_letters(design, ids) if design.layout in LETTER_LAYOUTS else _draw_field(design, ids)
    body = fill_box(SHEET, design.inks.paper) + picture + _draw_strip(facts, design)
    if design.framed:
        body += _draw_frame(design)
    label = escape(f"{facts.english_title or facts.title} ({facts.year})", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SHEET_WIDTH} {SHEET_HEIGHT}" '
        f'role="img" aria-label="{label}">{body}</svg>'
    )


def _draw_letters(design: Design, ids: Ids) -> str:
    return letters.draw(design, ids, Box(MARGIN, MARGIN, TEXT_WIDTH, SHEET_HEIGHT - MARGIN - 66))


def _draw_field(design: Design, ids: Ids) -> str:
    setting = _SETTERS[design.layout](design)
    field = Field(dice(design.seed, "motif"), design.inks, setting.box, ids)
    window = fill_box(setting.window, "#000")
    return (
        clipped(ids, window, design.motif.draw(field))
        + _maybe_halftone(design, setting, ids)
        + _title_paths(setting.title, design.inks.text)
        + fill_box(Box(0, _STRIP_TOP, SHEET_WIDTH, SHEET_HEIGHT - _STRIP_TOP), design.inks.paper)
    )


def _title_paths(outlines: list[str], colour: str) -> str:
    return "".join(f'<path class="title" d="{outline}" fill="{colour}"/>' for outline in outlines)


def _maybe_halftone(design: Design, setting: Setting, ids: Ids) -> str:
    throw = dice(design.seed, "halftone")
    if not design.motif.takes_halftone or throw.random() >= _HALFTONE_SHARE:
        return ""
    return draw_halftone(design.inks.first, setting.window, ids, from_top=throw.random() < 0.5)


def _set_foot(design: Design) -> Setting:
    lines = break_title(design.title, TEXT_WIDTH, *_title_size(design))
    height = block_height(lines)
    box = Box(MARGIN, MARGIN, TEXT_WIDTH, SHEET_HEIGHT - MARGIN - height - 88)
    bottom = box.bottom if design.motif.bleeds else box.bottom + 10
    return Setting(box, _window(design, 0, bottom), stack(lines, MARGIN, SHEET_HEIGHT - 58 - height))


def _set_head(design: Design) -> Setting:
    lines = break_title(design.title, TEXT_WIDTH, *_title_size(design))
    top = MARGIN + block_height(lines) + 26
    box = Box(MARGIN, top, TEXT_WIDTH, SHEET_HEIGHT - top - 66)
    return Setting(box, _window(design, top - 8, SHEET_HEIGHT - 54), stack(lines, MARGIN, MARGIN))


def _set_spine(design: Design) -> Setting:
    run = measure(design.title)
    length = SHEET_HEIGHT - 58 - MARGIN
    size = min(length / run.width, 74 / max(cap_height_em(), run.top))
    baseline = MARGIN + max(cap_height_em(), run.top) * size
    turned = Transform(0, -size, -size, 0, baseline, SHEET_HEIGHT - 58 + run.left * size)
    left = MARGIN + _SPINE_WIDTH
    box = Box(left, MARGIN, SHEET_WIDTH - MARGIN - left, SHEET_HEIGHT - 2 * MARGIN - 34)
    return Setting(box, Box(left, 0, SHEET_WIDTH - left, _STRIP_TOP - 5), [run.outline(turned)])


def _set_small(design: Design) -> Setting:
    line = fit(design.title, TEXT_WIDTH, 30)
    title_height = line.rise + line.cap_height
    box = Box(MARGIN, MARGIN + 44, TEXT_WIDTH, SHEET_HEIGHT - MARGIN - 44 - 70)
    needs_band = design.motif.bleeds and design.motif.name not in _GROUND_MOTIFS
    top = MARGIN + title_height + 18 if needs_band else 0
    return Setting(box, _window(design, top, SHEET_HEIGHT - 54), stack([line], MARGIN, MARGIN))


_SETTERS = {
    Layout.FOOT: _set_foot,
    Layout.HEAD: _set_head,
    Layout.SPINE: _set_spine,
    Layout.SMALL: _set_small,
}


def _title_size(design: Design) -> tuple[float, float]:
    """Wanted height of the block and largest size of a line, quieter in our century."""
    return (120.0, 96.0) if design.quiet else (150.0, 150.0)


def _window(design: Design, top: float, bottom: float) -> Box:
    """From edge to edge of the paper, or of the frame."""
    if not design.framed:
        return Box(0, top, SHEET_WIDTH, bottom - top)
    inset = MARGIN if design.motif.bleeds else _FRAME_INSET
    top = max(top, inset)
    return Box(inset, top, SHEET_WIDTH - 2 * inset, bottom - top)


def _draw_strip(facts: PosterFacts, design: Design) -> str:
    ink = design.inks.text
    year = fit(str(facts.year), 60, _CREDIT_SIZE, _CREDIT_TRACKING_EM)
    year_width = year.run.width * year.size
    outlines = [year.outline(SHEET_WIDTH - MARGIN - year_width, _CREDIT_BASELINE)]
    credit = credit_line(facts.directors, TEXT_WIDTH - year_width - 24)
    if credit:
        line = fit(credit, TEXT_WIDTH - year_width - 24, _CREDIT_SIZE, _CREDIT_TRACKING_EM)
        outlines.append(line.outline(MARGIN, _CREDIT_BASELINE))
    return rect(MARGIN, RAIL_Y, TEXT_WIDTH, 1.6, ink) + "".join(
        f'<path class="credit" d="{outline}" fill="{ink}"/>' for outline in outlines
    )


def credit_line(directors: tuple[str, ...], width: float) -> str:
    """Full names if there is room, else family names; a name no house font can write is left out."""
    names = [capitals(name) for name in directors if is_drawable(name)]
    full = " & ".join(names)
    if len(names) > 1 and measure(full, _CREDIT_TRACKING_EM).width * _CREDIT_SIZE > width:
        return " & ".join(name.split()[-1] for name in names)
    return full


def _draw_frame(design: Design) -> str:
    side, height = SHEET_WIDTH - 2 * _FRAME_INSET, SHEET_HEIGHT - 2 * _FRAME_INSET
    return (
        f'<rect x="{_FRAME_INSET}" y="{_FRAME_INSET}" width="{side}" height="{height}" '
        f'fill="none" stroke="{design.inks.text}" stroke-width="2.4"/>'
    )
