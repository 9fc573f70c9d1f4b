"""Things in rows and on stage: curtain, balls, thread, crowd, tiles."""

from math import pi, sin

from services.movies.posters.motifs.field import Field
from services.movies.posters.shapes import (
    SHEET_WIDTH,
    box_path,
    circle,
    disc_path,
    num,
    path,
    rect,
    stroke,
)


def draw_curtain(field: Field) -> str:
    """A curtain gathered to both sides, and a spot between."""
    inks, box = field.inks, field.box
    middle = box.x + box.width / 2
    spot = circle(box.at(0.5, 0.54), min(box.width * 0.22, box.height * 0.3), inks.second)
    falls = "".join(
        _fall(
            field,
            edge,
            side,
            (middle - field.left_edge) * 0.92 / 5 * i,
            (middle - field.left_edge) * 0.92 / 5,
        )
        for edge, side in ((field.left_edge, 1), (2 * middle - field.left_edge, -1))
        for i in range(5)
    )
    return spot + path(falls, inks.first)


def _fall(field: Field, edge: float, side: int, offset: float, width: float) -> str:
    """One fold of cloth: it hangs from the rail and is drawn outwards below."""
    box, top, foot = field.box, -60.0, field.box.bottom + 90
    x = edge + side * offset
    gathered = edge + side * offset * field.dice.uniform(0.36, 0.40)
    high, low = box.y + box.height * 0.42, box.y + box.height * 0.6
    return (
        f"M{num(x)} {num(top)}h{num(side * width * 0.66)}"
        f"C{num(x + side * width * 0.66)} {num(high)} {num(gathered + side * width * 0.3)} {num(low)} "
        f"{num(gathered + side * width * 0.28)} {num(foot)}H{num(gathered)}"
        f"C{num(gathered)} {num(low)} {num(x)} {num(high)} {num(x)} {num(top)}Z"
    )


def draw_balls(field: Field) -> str:
    """One ball seen several times on its way, larger as it comes."""
    dice, inks, box = field.dice, field.inks, field.box
    count, floor = dice.randint(4, 5), box.y + box.height * 0.92
    unit, phase = min(box.width, box.height), dice.uniform(0, 0.5)
    balls, shadows = "", ""
    for i in range(count):
        way = i / (count - 1)
        radius = unit * (0.06 + 0.05 * i)
        x = box.x + box.width * (0.08 + 0.78 * way)
        leap = abs(sin(way * pi * 1.5 + phase)) * (box.height * 0.92 - 2 * radius) * 0.92
        balls += circle((x, floor - radius - leap), radius, (inks.first, inks.second)[i % 2])
        flat = num(radius * 0.7)
        shadows += f"M{num(x - radius * 0.7)} {num(floor + 15)}a{flat} 4 0 1 0 {num(radius * 1.4)} 0"
        shadows += f"a{flat} 4 0 1 0 {num(-radius * 1.4)} 0Z"
    ground = rect(-20, floor, SHEET_WIDTH + 40, 5, inks.first)
    return ground + path(shadows, inks.tint(inks.first, 0.4)) + balls


def draw_thread(field: Field) -> str:
    """One line that enters on the left, turns a few times and leaves; something rests in a bend."""
    dice, inks, box = field.dice, field.inks, field.box
    rows = dice.randint(4, 5)
    step = box.height / (rows + 0.6)
    bend = num(step / 2)
    left, right = box.at(0.16, 0)[0], box.at(0.84, 0)[0]
    line = f"M{num(box.x - 60)} {num(box.y + step * 0.5)}H{num(right)}"
    for i in range(1, rows):
        line += f"a{bend} {bend} 0 0 {i % 2} 0 {num(step)}H{num(right if i % 2 == 0 else left)}"
    line += f"H{num(box.right + 90 if rows % 2 else box.x - 90)}"
    rest = (box.x + box.width * dice.uniform(0.35, 0.65), box.y + step * (dice.randrange(1, rows - 1) + 0.5))
    return stroke(line, inks.first, box.width * 0.05) + circle(
        rest, min(box.width * 0.12, step * 0.62), inks.second
    )


def draw_crowd(field: Field) -> str:
    """All alike, but for one."""
    dice, inks, box = field.dice, field.inks, field.box
    columns = dice.choice((5, 6, 7))
    cell = box.width / columns
    rows = max(2, int(box.height * 0.98 / cell))
    top = box.y + (box.height - rows * cell) / 2
    odd_one = (dice.randrange(columns), dice.randrange(rows))
    halves, radius, others, odd = dice.random() < 0.5, cell * 0.4, "", ""
    for row in range(rows):
        for column in range(columns):
            x, y = box.x + (column + 0.5) * cell, top + (row + 0.5) * cell
            if (column, row) == odd_one:
                odd = circle((x, y), radius * 1.12, inks.second)
            elif halves:
                r = num(radius)
                others += f"M{num(x - radius)} {num(y + radius / 2)}a{r} {r} 0 0 1 {num(2 * radius)} 0Z"
            else:
                others += disc_path((x, y), radius)
    return path(others, inks.first) + odd


def draw_tiles(field: Field) -> str:
    """A floor of quarter discs, rings and stripes."""
    dice, inks, box = field.dice, field.inks, field.box
    columns = dice.choice((3, 4))
    size = box.width / columns
    rows = max(2, int(box.height * 0.99 / size + 0.15))
    size = min(size, box.height / rows)
    left, top = box.x + (box.width - columns * size) / 2, box.y + (box.height - rows * size) / 2
    colours = [inks.first, inks.second, inks.first if inks.dark else inks.text]
    return "".join(
        # A hair larger than its place, or thin lines of paper show between neighbours.
        _tile(field, left + column * size, top + row * size, size + 0.4, dice.sample(colours, 2))
        for row in range(rows)
        for column in range(columns)
    )


def _tile(field: Field, x: float, y: float, size: float, colours: list[str]) -> str:
    colour, other = colours
    kind = field.dice.randrange(6)
    if kind < 3:
        return path(_quarter_disc(field.dice.randrange(4), x, y, size), colour)
    if kind == 3:
        centre = (x + size / 2, y + size / 2)
        return path(disc_path(centre, size / 2), colour) + circle(centre, size * 0.2, field.inks.paper)
    if kind == 4:
        lying, bar = field.dice.random() < 0.5, size / 8
        stripes = (
            box_path(x, y + i * size / 4, size, bar) if lying else box_path(x + i * size / 4, y, bar, size)
            for i in range(4)
        )
        return path("".join(stripes), colour)
    dome = f"M{num(x)} {num(y + size)}a{num(size / 2)} {num(size / 2)} 0 0 1 {num(size)} 0Z"
    accent = other if other != colour else field.inks.second
    return rect(x, y, size, size, colour) + path(dome, accent)


def _quarter_disc(corner: int, x: float, y: float, size: float) -> str:
    """The corner (0 to 3, clockwise from top left) is the centre of the disc."""
    right, bottom = x + size, y + size
    centre, start, end = (
        ((x, y), (right, y), (x, bottom)),
        ((right, y), (right, bottom), (x, y)),
        ((right, bottom), (x, bottom), (right, y)),
        ((x, bottom), (x, y), (right, bottom)),
    )[corner]
    return (
        f"M{num(centre[0])} {num(centre[1])}L{num(start[0])} {num(start[1])}"
        f"A{num(size)} {num(size)} 0 0 1 {num(end[0])} {num(end[1])}Z"
    )
