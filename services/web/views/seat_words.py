"""How each seat is called by a screen reader: complete, so that nobody has to look.

The words are looked up once per page, not once per seat: a room has hundreds.
"""

from flask_babel import gettext

from services.web.formats import kind_word, spoken_price
from services.web.views.seatmap import KINDS, Seat

STATES = ("free", "held", "taken", "yours")


class SeatWords:
    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._place = gettext("Row {row}, seat {number}")
        self._companion = gettext("beside the wheelchair space {seat}")
        self._prices: dict[int, str] = {}
        self.kinds = {kind: kind_word(kind) for kind in KINDS}
        self.states = state_words()

    def name(self, seat: Seat) -> str:
        """Row F, seat 12, standard, 11.50 euros, available: the state always comes last."""
        parts = [self._place.format(row=seat.row, number=seat.number), self.kinds[seat.kind].lower()]
        if seat.price_cents is not None:
            parts.append(self._price(seat.price_cents))
        if seat.kind == "companion":
            parts.append(self._companion.format(seat=seat.partner))
        return ", ".join([*parts, self.states[seat.state]])

    def _price(self, cents: int) -> str:
        if cents not in self._prices:
            self._prices[cents] = spoken_price(cents, self._currency)
        return self._prices[cents]


def state_words() -> dict[str, str]:
    return {
        "free": gettext("available"),
        "held": gettext("held by someone else"),
        "taken": gettext("taken"),
        "yours": gettext("yours"),
    }
