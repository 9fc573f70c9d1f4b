"""An edge of dots that thins out over the field."""

from services.movies.posters.shapes import Box, Ids, num, rect

_DOT_RADII = (2.5, 2.0, 1.5, 1.05, 0.65)
_SHARE_OF_FIELD = 0.34


def draw_halftone(ink: str, window: Box, ids: Ids, *, from_top: bool) -> str:
    """Five steps of dots on a grid at 45 degrees, dense at the edge."""
    step = window.height * _SHARE_OF_FIELD / len(_DOT_RADII)
    bands = ""
    for i, radius in enumerate(_DOT_RADII):
        y = window.y + step * i if from_top else window.bottom - step * (i + 1)
        name = ids.take()
        bands += (
            f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><circle cx="4" cy="4" r="{num(radius)}" fill="{ink}"/></pattern>'
        )
        bands += rect(window.x, y, window.width, step + 0.3, f"url(#{name})")
    return f'<g opacity=".55">{bands}</g>'
