"""The place a motif is drawn on."""

from dataclasses import dataclass
from random import Random

from services.movies.posters.inks import InkSet
from services.movies.posters.shapes import MARGIN, SHEET_WIDTH, Box, Ids


@dataclass(frozen=True)
class Field:
    """A motif fills `box`, may draw beyond it (the sheet clips), and throws its own dice."""

    dice: Random
    inks: InkSet
    box: Box
    ids: Ids

    @property
    def left_edge(self) -> float:
        """Where the paper ends; next to a title on the spine it is the edge of the field."""
        return 0 if self.box.x < 60 else self.box.x - MARGIN

    @property
    def right_edge(self) -> float:
        return SHEET_WIDTH

    def side(self) -> int:
        return self.dice.choice((-1, 1))
