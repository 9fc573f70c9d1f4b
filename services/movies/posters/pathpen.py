"""Path data in relative steps: a third shorter than absolute, and letters are most of a sheet."""

from fontTools.pens.basePen import BasePen

Steps = tuple[int, int]


class CompactPathPen(BasePen):  # type: ignore[misc]
    """Draws on a grid of a tenth of a pixel, so that steps never add up their rounding."""

    def __init__(self) -> None:
        super().__init__(None)
        self._parts: list[str] = []
        self._here: Steps = (0, 0)
        self._last_command = ""

    def path_data(self) -> str:
        return "".join(self._parts)

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802 - fontTools calls it so
        self._add("M", *_on_grid(pt))
        self._here = _on_grid(pt)

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        dx, dy = self._step_to(pt)
        if dx and dy:
            self._add("l", dx, dy)
        elif dx or dy:
            self._add("h" if dx else "v", dx or dy)
        self._here = _on_grid(pt)

    def _qCurveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float]) -> None:  # noqa: N802
        self._add("q", *self._step_to(pt1), *self._step_to(pt2))
        self._here = _on_grid(pt2)

    def _curveToOne(  # noqa: N802
        self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]
    ) -> None:
        self._add("c", *self._step_to(pt1), *self._step_to(pt2), *self._step_to(pt3))
        self._here = _on_grid(pt3)

    def _closePath(self) -> None:  # noqa: N802
        self._add("Z")

    def _step_to(self, point: tuple[float, float]) -> Steps:
        x, y = _on_grid(point)
        return x - self._here[0], y - self._here[1]

    def _add(self, command: str, *tenths: int) -> None:
        numbers = "".join(_separated(value) for value in tenths)
        repeated = command == self._last_command and command != "M"
        if not repeated:
            numbers = numbers.removeprefix(" ")
        self._parts.append(("" if repeated else command) + numbers)
        self._last_command = command


def _on_grid(point: tuple[float, float]) -> Steps:
    return round(point[0] * 10), round(point[1] * 10)


def _separated(tenths: int) -> str:
    """A minus separates by itself; 0.5 is written .5"""
    whole, tenth = divmod(abs(tenths), 10)
    digits = f"{whole or ''}.{tenth}" if tenth else str(whole)
    return f"-{digits}" if tenths < 0 else f" {digits}"
