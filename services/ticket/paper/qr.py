"""QR codes as shapes: an SVG for screens, dots for mail, rectangles for paper. Black on white, always."""

import functools
import io

import qrcode
from PIL import Image, ImageDraw
from qrcode.constants import ERROR_CORRECT_M
from reportlab.pdfgen.canvas import Canvas

_QUIET_MODULES = 4
_PNG_DOTS_PER_MODULE = 6


@functools.lru_cache(maxsize=512)
def bars(text: str) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """The code's size in modules, and its dark stretches as (row, column, length)."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    matrix = code.get_matrix()
    return len(matrix), tuple(_stretches(matrix))


def svg(text: str, label: str) -> str:
    """A scalable picture with its quiet zone; `label` is read out instead of it (already escaped)."""
    size, dark = bars(text)
    path = "".join(
        f"M{x + _QUIET_MODULES} {y + _QUIET_MODULES}h{length}v1h-{length}z" for y, x, length in dark
    )
    whole = size + 2 * _QUIET_MODULES
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" role="img" '
        f'aria-label="{label}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{whole}v{whole}H0z"/>'
        f'<path d="{path}"/></svg>'
    )


def png(text: str) -> bytes:
    """For mail, whose readers show no SVG; two colours keep it at one or two kilobytes."""
    size, dark = bars(text)
    whole = size + 2 * _QUIET_MODULES
    picture = Image.new("1", (whole, whole), 1)
    pen = ImageDraw.Draw(picture)
    for y, x, length in dark:
        left, top = x + _QUIET_MODULES, y + _QUIET_MODULES
        pen.line((left, top, left + length - 1, top), fill=0)
    side = whole * _PNG_DOTS_PER_MODULE
    body = io.BytesIO()
    picture.resize((side, side), Image.Resampling.NEAREST).save(body, "PNG", optimize=True)
    return body.getvalue()


def draw(canvas: Canvas, text: str, x: float, y: float, side: float) -> None:
    """On paper: lower left corner at (x, y), `side` points wide without the quiet zone."""
    size, dark = bars(text)
    module = side / size
    path = canvas.beginPath()
    for row, column, length in dark:
        path.rect(x + column * module, y + (size - 1 - row) * module, length * module, module)
    canvas.setFillGray(0)
    canvas.drawPath(path, stroke=0, fill=1)


def _stretches(matrix: list[list[bool]]) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    for y, row in enumerate(matrix):
        start: int | None = None
        for x, dark in enumerate([*row, False]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                found.append((y, start, x - start))
                start = None
    return found
