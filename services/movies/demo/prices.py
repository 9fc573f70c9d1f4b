"""Price cards of the demo cinemas: by hour, day, room and print; each line from one evening price."""

from datetime import datetime

from services.movies.demo.houses import DemoCinema, DemoRoom
from services.movies.models import SEAT_KINDS, TICKET_TYPES

# Per cent of the evening price.
CARDS = {"Matinee": 85, "Evening": 100, "Weekend": 110, "Film print": 130, "Small room": 120}
_KINDS = {"premium": 120, "sofa": 137, "restricted": 80}
_TICKETS = {"adult": 100, "student": 85, "senior": 85, "child": 70, "carer": 0}
_MATINEE_UNTIL = 17
_FRIDAY = 4


def lines_of(card: str, cinema: DemoCinema) -> dict[tuple[str, str], int]:
    """Cents by (kind of seat, ticket type), in steps of 50."""
    return {
        (kind, ticket): _in_steps(
            cinema.evening_cents * CARDS[card] * _KINDS.get(kind, 100) * _TICKETS[ticket] / 1_000_000
        )
        for kind in SEAT_KINDS
        for ticket in TICKET_TYPES
    }


def card_for(room: DemoRoom, local_start: datetime, formats: tuple[str, ...]) -> str:
    if room.print_format and room.print_format in formats:
        return "Film print"
    if len(room.layout.rows) <= 4:
        return "Small room"
    if local_start.weekday() >= _FRIDAY:
        return "Weekend"
    return "Matinee" if local_start.hour < _MATINEE_UNTIL else "Evening"


def _in_steps(cents: float) -> int:
    return round(cents / 50) * 50
