"""SVG written by hand: the few shapes a poster is made of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from itertools import count

SHEET_WIDTH, SHEET_HEIGHT = 400, 600
MARGIN = 26

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def at(self, across: float, down: float) -> Point:
        """The point at these shares (0 to 1) of width and height."""
        return self.x + self.width * across, self.y + self.height * down


SHEET = Box(0, 0, SHEET_WIDTH, SHEET_HEIGHT)


@dataclass
class Ids:
    """Ids that are unique on a page of many posters, because each sheet has its own prefix."""

    prefix: str
    _numbers: "count[int]" = field(default_factory=count)

    def take(self) -> str:
        return f"{self.prefix}-{next(self._numbers)}"


def num(value: float) -> str:
    """One decimal is a fifth of a printed millimetre, which is enough."""
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def circle(centre: Point, radius: float, fill: str) -> str:
    return f'<circle cx="{num(centre[0])}" cy="{num(centre[1])}" r="{num(radius)}" fill="{fill}"/>'


def rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" fill="{escape(fill)}"/>'
    )


def fill_box(box: Box, fill: str) -> str:
    return rect(box.x, box.y, box.width, box.height, fill)


def path(d: str, fill: str) -> str:
    return f'<path d="{d}" fill="{fill}"/>'


def stroke(d: str, colour: str, width: float, cap: str = "butt") -> str:
    return f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{num(width)}" stroke-linecap="{cap}"/>'


def ring(centre: Point, radii: Point, colour: str, width: float) -> str:
    return (
        f'<ellipse cx="{num(centre[0])}" cy="{num(centre[1])}" rx="{num(radii[0])}" ry="{num(radii[1])}" '
        f'fill="none" stroke="{colour}" stroke-width="{num(width)}"/>'
    )


def polygon(points: Iterable[Point]) -> str:
    """Path data of a closed figure with straight sides."""
    return "M" + "L".join(f"{num(x)} {num(y)}" for x, y in points) + "Z"


def box_path(x: float, y: float, width: float, height: float) -> str:
    """Path data of a rectangle, for many of one colour in one path."""
    return f"M{num(x)} {num(y)}h{num(width)}v{num(height)}h{num(-width)}Z"


def disc_path(centre: Point, radius: float) -> str:
    """Path data of a circle, for many of one colour in one path."""
    r = num(radius)
    return (
        f"M{num(centre[0] - radius)} {num(centre[1])}a{r} {r} 0 1 0 {num(2 * radius)} 0"
        f"a{r} {r} 0 1 0 {num(-2 * radius)} 0Z"
    )


def turned(markup: str, degrees: float, centre: Point) -> str:
    return f'<g transform="rotate({num(degrees)} {num(centre[0])} {num(centre[1])})">{markup}</g>'


def clipped(ids: Ids, outline: str, markup: str) -> str:
    """`markup` seen through `outline` (one or more shapes)."""
    name = ids.take()
    return f'<clipPath id="{name}">{outline}</clipPath><g clip-path="url(#{name})">{markup}</g>'
