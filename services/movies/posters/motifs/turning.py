"""Things that turn or stand against each other: spiral, moire, two halves."""

from math import cos, pi, sin

from services.movies.posters.motifs.field import Field
from services.movies.posters.shapes import (
    SHEET_WIDTH,
    Point,
    box_path,
    circle,
    clipped,
    num,
    path,
    polygon,
    rect,
    turned,
)


def draw_spiral(field: Field) -> str:
    """Two or three arms that grow from one point to beyond the field."""
    dice, inks, box = field.dice, field.inks, field.box
    middle = box.at(0.5, 0.5)
    centre = (middle[0] + dice.uniform(-30, 30), middle[1])
    arms, turn, side = dice.choice((2, 3)), dice.uniform(3.4, 4.6) * pi, field.side()
    reach = max(box.width, box.height) * 0.78
    drawn = ""
    for arm in range(arms):
        edges: tuple[list[Point], list[Point]] = ([], [])
        for step in range(121):
            share = step / 120
            angle, distance = arm * 2 * pi / arms + side * share * turn, reach * share**1.35
            for edge, lead in zip(edges, (0, side * pi / arms * 0.92), strict=True):
                edge.append(
                    (centre[0] + cos(angle + lead) * distance, centre[1] + sin(angle + lead) * distance)
                )
        colour = inks.second if arms == 3 and arm == 1 else inks.first
        drawn += path(polygon(edges[0] + edges[1][::-1]), colour)
    heart = inks.paper if arms == 3 else inks.second
    return drawn + circle(centre, box.width * 0.045, heart)


def draw_moire(field: Field) -> str:
    """Upright bars, and a disc of bars that lie across them."""
    dice, inks, box = field.dice, field.inks, field.box
    x, y = centre = box.at(dice.uniform(0.4, 0.6), 0.5)
    radius = min(box.width * dice.uniform(0.3, 0.36), box.height * 0.44)
    width, count = field.right_edge - field.left_edge, 22
    pitch = width / count
    upright = "".join(box_path(field.left_edge + i * pitch, -60, pitch * 0.36, 760) for i in range(count + 1))
    across = "".join(
        box_path(x - radius * 1.7 + i * pitch, y - radius * 1.7, pitch * 0.5, radius * 3.4)
        for i in range(int(radius * 3.4 / pitch) + 1)
    )
    tilt = 90 + field.side() * dice.uniform(8, 16)
    disc = rect(0, y - radius, SHEET_WIDTH, 2 * radius, inks.paper)
    disc += turned(path(across, inks.second), tilt, centre)
    return path(upright, inks.first) + clipped(field.ids, circle(centre, radius, inks.first), disc)


def draw_halves(field: Field) -> str:
    """Two of a kind: overlapping, cut apart, facing as stripes, or one inside the other."""
    way = field.dice.choice((_overlapping, _cut_apart, _striped, _nested))
    return way(field, min(field.box.width * field.dice.uniform(0.3, 0.36), field.box.height * 0.4))


def _overlapping(field: Field, radius: float) -> str:
    dice, inks = field.dice, field.inks
    x, y = field.box.at(0.5, 0.5)
    distance, angle = radius * dice.uniform(0.5, 0.75), dice.uniform(-0.6, 0.6)
    dx, dy = cos(angle) * distance, sin(angle) * distance
    one, two = (x - dx, y - dy), (x + dx, y + dy)
    both = clipped(field.ids, circle(one, radius, inks.first), circle(two, radius, inks.overprint))
    return circle(one, radius, inks.first) + circle(two, radius, inks.second) + both


def _cut_apart(field: Field, radius: float) -> str:
    x, y = field.box.at(0.5, 0.5)
    gap, r, slip = field.box.width * 0.02, min(radius * 1.2, field.box.height * 0.42), radius * 0.225
    half = num(r)
    left = f"M{num(x - gap)} {num(y - r - slip)}A{half} {half} 0 0 0 {num(x - gap)} {num(y + r - slip)}Z"
    right = f"M{num(x + gap)} {num(y - r + slip)}A{half} {half} 0 0 1 {num(x + gap)} {num(y + r + slip)}Z"
    return path(left, field.inks.first) + path(right, field.inks.second)


def _striped(field: Field, _: float) -> str:
    box, inks, count = field.box, field.inks, 9
    x, y = box.at(0.5, 0.5)
    height, step = min(box.height * 0.82, box.width * 0.9), min(box.height * 0.82, box.width * 0.9) / count
    left, right = "", ""
    for i in range(count):
        share = i / (count - 1)
        top = y - height / 2 + i * step
        reach = box.width * 0.46 * sin(share * pi)
        left += box_path(x - box.width * 0.02 - reach, top, reach, step * 0.56)
        reach = box.width * 0.46 * sin(min(1, share + 0.06) * pi)
        right += box_path(x + box.width * 0.02, top + step * 0.28, reach, step * 0.56)
    return path(left, inks.first) + path(right, inks.second)


def _nested(field: Field, radius: float) -> str:
    inks, r = field.inks, radius * 1.05
    middle_x, middle_y = field.box.at(0.5, 0.5)
    x, y = middle_x - r * 0.35, middle_y - r * 0.3
    return (
        circle((x, y), r, inks.first)
        + circle((x + r * 0.62, y + r * 0.5), r * 0.62, inks.paper)
        + circle((x + r * 1.1, y + r * 1.02), r * 0.34, inks.second)
    )
