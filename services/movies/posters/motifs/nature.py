"""Grown and weathered things: waves, ridges, petals, rain, teeth, eye."""

from services.movies.posters.motifs.field import Field
from services.movies.posters.shapes import SHEET_WIDTH, circle, num, path, polygon, turned


def draw_waves(field: Field) -> str:
    """A sea of even waves under a sun."""
    dice, inks, box = field.dice, field.inks, field.box
    rows = 2 * (dice.randint(8, 11) // 2)
    step = box.height * 0.66 / rows
    height, length = dice.uniform(11, 16), dice.choice((100, 133.4, 200))
    sun = circle(
        (box.x + box.width * dice.choice((0.28, 0.7)), box.y + box.height * 0.26),
        min(box.width * 0.17, box.height * 0.26),
        inks.second,
    )
    sea = ""
    for i in range(rows):
        pair = i // 2
        shift = (pair % 2) * length / 2
        y = box.y + box.height * 0.4 + i * step - (step * 0.12 if i % 2 else 0)
        crest = height * (0.7 + pair * 2 / rows * 0.5)
        sea += path(_wave(-length - shift, y, length, crest), (inks.first, inks.paper)[i % 2])
    return sun + sea


def _wave(start: float, y: float, length: float, crest: float) -> str:
    swell = f"q{num(length / 4)} {num(-crest)} {num(length / 2)} 0t{num(length / 2)} 0"
    return f"M{num(start)} {num(y)}{swell * (int((SHEET_WIDTH - start) / length) + 2)}V700H{num(start)}Z"


def draw_ridges(field: Field) -> str:
    """Four mountain ranges, the near ones darker."""
    dice, inks, box = field.dice, field.inks, field.box
    sun = circle(
        box.at(dice.uniform(0.25, 0.75), 0.27),
        min(box.width, box.height) * dice.uniform(0.15, 0.2),
        inks.second,
    )
    ranges, count = "", 4
    for i in range(count):
        base = box.y + box.height * (0.36 + 0.17 * i)
        x, line = -30.0, [(-30.0, 700.0), (-30.0, base + dice.uniform(-20, 30))]
        while x < SHEET_WIDTH + 30:
            x += dice.uniform(46, 92)
            line.append((x, base + dice.uniform(-box.height * 0.09, box.height * 0.07)))
        line.append((SHEET_WIDTH + 140.0, 700.0))
        ranges += path(polygon(line), inks.tint(inks.first, 0.3 + 0.7 * i / (count - 1)))
    return sun + ranges


def draw_petals(field: Field) -> str:
    """One flower, in two inks by turns; where petals meet the inks overprint."""
    dice, inks, box = field.dice, field.inks, field.box
    centre, count = box.at(0.5, 0.5), dice.choice((8, 10, 12))
    length = min(box.width * 0.56, box.height * 0.54)
    half_width = length * dice.uniform(0.2, 0.27)
    x, y = centre
    petal = path(
        f"M{num(x)} {num(y)}Q{num(x - half_width)} {num(y - length * 0.6)} {num(x)} {num(y - length)}"
        f"Q{num(x + half_width)} {num(y - length * 0.6)} {num(x)} {num(y)}Z",
        "",
    )
    flower = "".join(
        turned(
            petal.replace('fill=""', f'fill="{(inks.second, inks.first)[i % 2]}"'), i * 360 / count, centre
        )
        for i in range(count)
    )
    heart = length * 0.13
    return flower + circle(centre, heart + 3, inks.overprint) + circle(centre, heart, inks.paper)


def draw_rain(field: Field) -> str:
    """Slanting strokes over a lamp or a face of the moon."""
    dice, inks, box = field.dice, field.inks, field.box
    lamp = circle(
        box.at(dice.uniform(0.35, 0.65), dice.uniform(0.42, 0.6)),
        min(box.width * 0.27, box.height * 0.36),
        inks.second,
    )
    slant, count, width = field.side() * dice.uniform(0.18, 0.3), 26, 4.6
    strokes = ""
    for i in range(count):
        x = box.x - 60 + i * (box.width + 120) / count
        y = box.y - 80 - dice.uniform(0, 120)
        while y < box.bottom + 80:
            length = dice.uniform(40, 150)
            top, foot = x + slant * (y - box.y), x + slant * (y + length - box.y)
            strokes += polygon([(top, y), (top + width, y), (foot + width, y + length), (foot, y + length)])
            y += length + dice.uniform(14, 46)
    return lamp + path(strokes, inks.first)


def draw_teeth(field: Field) -> str:
    """Two rows of points about to meet, and what is between them."""
    dice, inks, box = field.dice, field.inks, field.box
    count = dice.randint(4, 6)
    width, middle = (SHEET_WIDTH + 40) / count, box.y + box.height * 0.52
    upper, lower = [(-20.0, -40.0)], [(-20.0, 660.0)]
    for i in range(count):
        x = -20 + i * width
        upper.append((x, box.y + box.height * dice.uniform(0.02, 0.12)))
        upper.append((x + width * dice.uniform(0.4, 0.6), middle + dice.uniform(-0.02, 0.16) * box.height))
        lower.append((x, middle + box.height * dice.uniform(0.36, 0.44)))
        lower.append((x + width * dice.uniform(0.7, 0.92), middle + dice.uniform(0.1, 0.2) * box.height))
    upper += [(SHEET_WIDTH + 20, box.y + box.height * 0.05), (SHEET_WIDTH + 20, -40)]
    lower += [(SHEET_WIDTH + 20, middle + box.height * 0.4), (SHEET_WIDTH + 20, 660)]
    prey = circle(
        (box.x + box.width * dice.uniform(0.35, 0.65), middle + box.height * 0.08),
        min(box.width, box.height) * 0.19,
        inks.second,
    )
    return prey + path(polygon(upper) + polygon(lower), inks.first)


def draw_eye(field: Field) -> str:
    """An eye in an eye in an eye."""
    dice, inks, box = field.dice, field.inks, field.box
    x, y = box.at(0.5, 0.48)
    reach = min(box.width, box.height * 1.2)
    lids = ""
    for i in range(dice.randint(4, 6), 0, -1):
        half, height = reach * 0.5 * (0.62 + i * 0.2), reach * 0.51 * (0.62 + i * 0.2)
        lids += path(
            f"M{num(x - half)} {num(y)}Q{num(x)} {num(y - height)} {num(x + half)} {num(y)}"
            f"Q{num(x)} {num(y + height)} {num(x - half)} {num(y)}Z",
            (inks.first, inks.paper)[i % 2],
        )
    pupil = inks.paper if inks.dark else inks.text
    glint = inks.first if inks.dark else inks.paper
    return (
        lids
        + circle((x, y), reach * 0.165, inks.second)
        + circle((x, y), reach * 0.075, pupil)
        + circle((x + reach * 0.05, y - reach * 0.05), reach * 0.024, glint)
    )
