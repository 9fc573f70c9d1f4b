"""Short titles become the picture."""

from dataclasses import replace

from services.movies.posters.design import Design, Layout, split_picture
from services.movies.posters.facts import dice
from services.movies.posters.lettering import Line, cap_height_em, fit, measure
from services.movies.posters.motifs import Field
from services.movies.posters.shapes import Box, Ids, circle, clipped, path

_STACK_HEIGHTS = (1, 1.55, 2.4, 3.7, 5.8)
_STACK_GAP = 9
_SUBTITLE_SIZE = 27.0
_SUBTITLE_ROOM = 34


def draw(design: Design, ids: Ids, box: Box) -> str:
    """Letters that fill `box`, and under them what is left of the title."""
    word, rest = split_picture(design.title)
    subtitle = fit(rest, box.width, _SUBTITLE_SIZE, 0.01) if rest else None
    if subtitle:
        box = replace(box, height=box.height - _SUBTITLE_ROOM)
    picture = _TREATMENTS[design.layout](design, ids, box, word)
    return picture + (_under(design, subtitle, box) if subtitle else "")


def _under(design: Design, subtitle: Line, box: Box) -> str:
    outline = subtitle.outline(box.x, box.bottom + _SUBTITLE_ROOM - 3)
    return _title(outline, design.inks.text)


def _title(outline: str, ink: str) -> str:
    return f'<path class="title" d="{outline}" fill="{ink}"/>'


def _stretched(word: str, box: Box) -> str:
    """The word as wide and as high as the box, whatever that does to the letters."""
    run = measure(word)
    line = Line(run, box.width / run.width)
    top, bottom = max(run.top, cap_height_em()) * line.size, min(run.bottom, 0) * line.size
    stretch = box.height / (top - bottom)
    return line.outline(box.x, box.bottom + bottom * stretch, stretch)


def _draw_filled(design: Design, ids: Ids, box: Box, word: str) -> str:
    outline = _stretched(word, box)
    field = Field(dice(design.seed, "motif"), design.inks.reversed, box, ids)
    return _title(outline, design.inks.first) + clipped(ids, path(outline, "#000"), design.motif.draw(field))


def _draw_stacked(design: Design, ids: Ids, box: Box, word: str) -> str:
    throw, inks = dice(design.seed, "letters"), design.inks
    shares = _STACK_HEIGHTS if throw.random() < 0.5 else _STACK_HEIGHTS[::-1]
    unit = (box.height - _STACK_GAP * (len(shares) - 1)) / sum(shares)
    drawn, y = "", box.y
    for share in shares:
        colour = inks.second if share == max(shares) else inks.first
        drawn += _title(_stretched(word, Box(box.x, y, box.width, share * unit)), colour)
        y += share * unit + _STACK_GAP
    return drawn


def _draw_disc(design: Design, ids: Ids, box: Box, word: str) -> str:
    throw, inks = dice(design.seed, "letters"), design.inks
    outline = _stretched(word, box)
    centre = box.at(throw.choice((0.3, 0.5, 0.7)), throw.choice((0.28, 0.5, 0.72)))
    disc = circle(centre, box.width * throw.uniform(0.28, 0.36), inks.second)
    return _title(outline, inks.first) + disc + clipped(ids, disc, path(outline, inks.paper))


_TREATMENTS = {
    Layout.FILLED: _draw_filled,
    Layout.STACKED: _draw_stacked,
    Layout.DISC: _draw_disc,
}
