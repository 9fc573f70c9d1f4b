"""Built things: windows, slats, doors, stairs, maze, spears, fold."""

from services.movies.posters.motifs.field import Field
from services.movies.posters.shapes import (
    SHEET_WIDTH,
    box_path,
    circle,
    clipped,
    num,
    path,
    polygon,
    rect,
    stroke,
)

_BEYOND = 700


def draw_windows(field: Field) -> str:
    """A facade with blinds at different heights, and one window lit."""
    dice, inks, box = field.dice, field.inks, field.box
    columns = dice.choice((4, 5, 6))
    gap = box.width * 0.03
    width = (box.width - gap * (columns - 1)) / columns
    rows = max(3, int(box.height * 0.92 / (width * 1.32 + gap)))
    height = (box.height * 0.94 - gap * (rows - 1)) / rows
    lit = (dice.randrange(1, rows), dice.randrange(columns))
    dark, blinds, closed, light = "", "", "", ""
    for row in range(rows):
        for column in range(columns):
            x = box.x + column * (width + gap)
            y = box.y + box.height * 0.04 + row * (height + gap)
            if (row, column) == lit:
                light = _lit_window(field, x, y, width, height)
                continue
            dark += box_path(x, y, width, height)
            drawn = dice.choice((0, 0, 0.3, 0.5, 0.7, 1))
            edge = width * 0.09
            blind = box_path(x + edge, y + edge, width - 2 * edge, (height - 2 * edge) * drawn)
            if drawn == 1:
                closed += blind
            elif drawn:
                blinds += blind
    return (
        path(dark, inks.first)
        + path(blinds, inks.tint(inks.first, 0.14))
        + path(closed, inks.tint(inks.first, 0.86))
        + light
    )


def _lit_window(field: Field, x: float, y: float, width: float, height: float) -> str:
    bars = box_path(x + width * 0.46, y, width * 0.08, height) + box_path(
        x, y + height * 0.42, width, width * 0.08
    )
    return rect(x, y, width, height, field.inks.second) + path(bars, field.inks.first)


def draw_slats(field: Field) -> str:
    """Light through a blind, and a beam across it."""
    dice, inks, box = field.dice, field.inks, field.box
    count = dice.randint(9, 13)
    step = (box.height + 140) / count
    from_left = dice.random() < 0.5
    lamp = box.x + box.width * (0.2 if from_left else 0.75)
    floor = box.x + box.width * (0.95 if from_left else 0.05)
    spread = box.width * 0.36
    beam = polygon(
        [
            (lamp - 10, -40),
            (lamp + 10, -40),
            (floor + spread, box.bottom + 60),
            (floor - spread, box.bottom + 60),
        ]
    )
    slats = "".join(box_path(-20, box.y - 90 + i * step, SHEET_WIDTH + 40, step * 0.62) for i in range(count))
    disc_x = floor + box.width * (-0.2 if from_left else 0.2)
    return (
        path(slats, inks.tint(inks.second, 0.34))
        + clipped(field.ids, path(beam, inks.first), path(slats, inks.first))
        + circle((disc_x, box.y + box.height * 0.66), min(box.width * 0.2, box.height * 0.28), inks.second)
    )


def draw_doors(field: Field) -> str:
    """A door in a door in a door, and something at the end."""
    dice, inks, box = field.dice, field.inks, field.box
    count, side = dice.randint(5, 6), field.side()
    doors = ""
    for i in range(count):
        depth = i / count
        width, height = box.width * (1 - depth * 0.86), box.height * 1.1 * (1 - depth * 0.72)
        x = box.x + box.width / 2 + side * box.width * 0.16 * depth * depth
        top = box.y + box.height * (1.05 - 0.02 * i) - height
        doors += rect(x - width / 2, top, width, height + _BEYOND, (inks.first, inks.paper)[i % 2])
    width = box.width * 0.13
    last = box.x + box.width / 2 + side * box.width * 0.13 - width / 2
    return doors + rect(last, box.y + box.height * 0.62, width, box.height * 0.26, inks.second)


def draw_stairs(field: Field) -> str:
    """Steps up to one side, every second one in shade, and a sun over the low end."""
    dice, inks, box = field.dice, field.inks, field.box
    count, side = dice.randint(7, 9), field.side()
    width, lit, shaded = box.width / count, "", ""
    for i in range(count):
        x = box.x + i * width if side > 0 else box.right - (i + 1) * width
        height = box.height * (0.16 + 0.84 * (i + 1) / count)
        step = box_path(x, box.bottom - height, width + 0.5, height + _BEYOND)
        if i % 2:
            shaded += step
        else:
            lit += step
    sun = box.at(0.24 if side > 0 else 0.76, 0.26)
    return (
        path(shaded, inks.tint(inks.first, 0.78))
        + path(lit, inks.first)
        + circle(sun, min(box.width, box.height) * 0.13, inks.second)
    )


def draw_maze(field: Field) -> str:
    """Walls by the throw of a coin, and one place that is open."""
    dice, inks, box = field.dice, field.inks, field.box
    columns = 9
    cell = box.width / columns
    rows = max(4, int(box.height / cell))
    top = box.y + (box.height - rows * cell) / 2
    walls = ""
    for row in range(rows):
        for column in range(columns):
            x, y = box.x + column * cell, top + row * cell
            falls = dice.random() < 0.5
            start, end = (y, y + cell) if falls else (y + cell, y)
            walls += f"M{num(x)} {num(start)}L{num(x + cell)} {num(end)}"
    place = (box.x + cell * dice.randint(2, 7), top + cell * dice.randint(2, rows - 2))
    return circle(place, cell * 1.5, inks.second) + stroke(walls, inks.first, cell * 0.3, cap="square")


def draw_spears(field: Field) -> str:
    """A row of spears before a low sun."""
    dice, inks, box = field.dice, field.inks, field.box
    count = dice.choice((7, 7, 8))
    width = box.width / count
    sun = box.at(dice.choice((0.3, 0.5, 0.7)), 0.42)
    spears = ""
    for i in range(count):
        tip = box.bottom + 60 - box.height * dice.uniform(0.5, 0.98)
        left = box.x + (i + 0.14) * width
        spears += box_path(left + width * 0.19, tip - 1, width * 0.34, _BEYOND)
        spears += polygon([(left, tip), (left + width * 0.72, tip), (left + width * 0.36, tip - width * 0.9)])
    return circle(sun, min(box.width * 0.3, box.height * 0.36), inks.second) + path(spears, inks.first)


def draw_fold(field: Field) -> str:
    """A paper strip folded around an edge, lit from one side."""
    dice, inks, box = field.dice, field.inks, field.box
    side, count = field.side(), dice.randint(4, 5)
    lit, shaded, accent = "", "", ""

    def across(share: float) -> float:
        return box.x + box.width / 2 + side * (share - 0.5) * box.width

    for i in range(count):
        top, height = box.y + box.height * i / count * 0.9, box.height / count * 1.25
        near, far = across(0.02 + 0.06 * i), across(0.98 - 0.06 * (count - 1 - i))
        middle = across(0.5)
        lit += polygon(
            [
                (near, top + height * 0.7),
                (middle, top),
                (middle, top + height * 0.72),
                (near, top + height * 1.3),
            ]
        )
        back = polygon(
            [
                (middle, top),
                (far, top + height * 0.34),
                (far, top + height * 0.95),
                (middle, top + height * 0.72),
            ]
        )
        if i == count // 2:
            accent = back
        else:
            shaded += back
    return path(lit, inks.first) + path(shaded, inks.tint(inks.first, 0.68)) + path(accent, inks.second)
