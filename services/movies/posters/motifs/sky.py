"""Discs and what surrounds them: orbit, rings, crescent, road, sunburst, pool."""

from math import cos, pi, sin

from services.movies.posters.motifs.field import Field
from services.movies.posters.shapes import (
    SHEET_WIDTH,
    Point,
    box_path,
    circle,
    clipped,
    path,
    polygon,
    rect,
    ring,
    stroke,
    turned,
)

_BEYOND = 700


def draw_orbit(field: Field) -> str:
    """A planet with rings that pass behind it above and before it below."""
    dice, inks, box = field.dice, field.inks, field.box
    centre = box.at(dice.choice((0.36, 0.5, 0.66)), dice.uniform(0.46, 0.56))
    radius = min(box.width, box.height) * dice.uniform(0.27, 0.33)
    tilt = dice.uniform(-34, -14)
    rings = "".join(
        ring(centre, (radius * spread * 1.15, radius * spread * 0.34), inks.second, 1.6 + (i % 3) * 1.5)
        for i, spread in enumerate(1.32 + i * 0.115 for i in range(dice.randint(5, 9)))
    )
    front_half = rect(-400, centre[1], 1200, 900, inks.first)
    moon = circle(
        box.at(dice.choice((0.14, 0.84)), dice.uniform(0.1, 0.2)),
        box.width * 0.035,
        inks.first,
    )
    return (
        turned(rings, tilt, centre)
        + circle(centre, radius, inks.first)
        + turned(clipped(field.ids, front_half, rings), tilt, centre)
        + moon
    )


def draw_rings(field: Field) -> str:
    """A target that is larger than its field."""
    dice, inks, box = field.dice, field.inks, field.box
    centre = box.at(dice.choice((0.5, 0.5, 0.2, 0.8)), dice.choice((0.5, 0.42, 0.6)))
    count = dice.randint(7, 10)
    reach = max(box.width, box.height) * 0.74
    colours = (inks.first, inks.paper, inks.second, inks.paper)
    return "".join(circle(centre, reach * (1 - i / count), colours[i % 4]) for i in range(count))


def draw_crescent(field: Field) -> str:
    """A moon, and a star that hangs in it by a thread."""
    dice, inks, box = field.dice, field.inks, field.box
    radius = min(box.width * dice.uniform(0.36, 0.41), box.height * 0.46)
    centre, side = box.at(0.5, 0.47), field.side()
    shadow = (centre[0] + side * radius * 0.42, centre[1] - radius * 0.14)
    star = (centre[0] + side * radius * 0.5, box.y + box.height * 0.47)
    return (
        circle(centre, radius, inks.first)
        + circle(shadow, radius * 0.84, inks.paper)
        + rect(star[0] - 0.8, -10, 1.6, star[1] + 10, inks.second)
        + path(polygon(_star_points(star, radius * 0.16)), inks.second)
    )


def _star_points(centre: Point, radius: float) -> list[Point]:
    points = []
    for corner in range(10):
        angle, reach = -pi / 2 + corner * pi / 5, radius * (1 if corner % 2 == 0 else 0.42)
        points.append((centre[0] + cos(angle) * reach, centre[1] + sin(angle) * reach))
    return points


def draw_road(field: Field) -> str:
    """A straight road to the horizon, the sun, and one telegraph pole."""
    dice, inks, box = field.dice, field.inks, field.box
    horizon = box.y + box.height * dice.uniform(0.58, 0.68)
    sun_x = box.x + box.width * dice.uniform(0.3, 0.7)
    radius = min(box.width * dice.uniform(0.2, 0.26), box.height * 0.3)
    vanishing = sun_x + dice.uniform(-20, 20)
    half_width = dice.uniform(0.5, 0.8) * SHEET_WIDTH * 0.62
    pole = box.x + box.width * dice.choice((0.1, 0.9))
    road = polygon(
        [
            (vanishing - 3, horizon),
            (vanishing + 3, horizon),
            (vanishing + half_width, 640),
            (vanishing - half_width, 640),
        ]
    )
    return (
        circle((sun_x, horizon - radius * dice.choice((0.1, 0.5, 1.25))), radius, inks.second)
        + rect(-20, horizon, SHEET_WIDTH + 40, _BEYOND, inks.first)
        + path(road, inks.paper)
        + path(_centre_line(vanishing, horizon), inks.first)
        + _pole(field, pole, vanishing, horizon)
    )


def _centre_line(x: float, horizon: float) -> str:
    dashes, y, length = "", horizon + 10, 5.0
    while y < 640:
        half = 1 + (y - horizon) * 0.022
        dashes += polygon(
            [(x - half, y), (x + half, y), (x + half * 1.3, y + length), (x - half * 1.3, y + length)]
        )
        y += length * 2.1
        length *= 1.42
    return dashes


def _pole(field: Field, x: float, wire_end: float, horizon: float) -> str:
    height, colour = field.box.height, field.inks.first
    wood = box_path(x - 2, horizon - height * 0.36, 4, height * 0.37)
    arm = box_path(x - 16, horizon - height * 0.33, 32, 3)
    wire = (
        f"M{x:.1f} {horizon - height * 0.325:.1f}"
        f"Q{(x + wire_end) / 2:.1f} {horizon - height * 0.12:.1f} {wire_end:.1f} {horizon - 4:.1f}"
    )
    return path(wood + arm, colour) + stroke(wire, colour, 1.3)


def draw_sunburst(field: Field) -> str:
    """Rays from a sun that may stand as low as the edge of the field."""
    dice, inks, box = field.dice, field.inks, field.box
    centre = box.at(dice.choice((0.5, 0.5, 0.15, 0.85)), dice.choice((0.62, 0.8, 1.0)))
    count = dice.choice((18, 22, 26))
    rays, half, reach = "", pi / count * 0.55, 900
    for i in range(count):
        angle = i * 2 * pi / count
        ends = [
            (centre[0] + cos(angle + turn) * reach, centre[1] + sin(angle + turn) * reach)
            for turn in (-half, half)
        ]
        rays += polygon([centre, *ends])
    radius = min(box.width, box.height)
    return (
        path(rays, inks.first)
        + circle(centre, radius * 0.29, inks.paper)
        + circle(centre, radius * 0.25, inks.second)
    )


def draw_pool(field: Field) -> str:
    """Half a target above the water, and what the water makes of it."""
    inks, box = field.inks, field.box
    x, y = box.at(0.5, 0.5)
    radius, bands = min(box.width, box.height) * 0.5, 6
    arches = ""
    for i in range(bands):
        r = radius * (1 - i / bands)
        colour = inks.second if i == bands - 1 else (inks.first, inks.paper)[i % 2]
        arches += path(f"M{x - r:.1f} {y - 4:.1f}A{r:.1f} {r:.1f} 0 0 1 {x + r:.1f} {y - 4:.1f}Z", colour)
    for i in range(7):
        r = radius * (1 - (i + 0.2) / 7.2)
        colour = inks.first if i % 3 else inks.second
        arches += rect(x - r, y + 4 + i * radius / 7, 2 * r, radius / 7 * 0.52, colour)
    return arches
