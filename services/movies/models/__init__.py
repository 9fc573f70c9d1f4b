"""Tables of the movies service."""

from services.movies.models.base import Base
from services.movies.models.booking import (
    LIVE_STATES,
    Reservation,
    ReservationTransition,
    ReservedSeat,
    SeatClaim,
)
from services.movies.models.catalogue import Credit, Movie
from services.movies.models.houses import SEAT_KINDS, Cinema, Room, Seat, SeatPlan
from services.movies.models.programme import TICKET_TYPES, PriceCard, PriceLine, Screening, ScreeningPrice

__all__ = [
    "LIVE_STATES",
    "SEAT_KINDS",
    "TICKET_TYPES",
    "Base",
    "Cinema",
    "Credit",
    "Movie",
    "PriceCard",
    "PriceLine",
    "Reservation",
    "ReservationTransition",
    "ReservedSeat",
    "Room",
    "Screening",
    "ScreeningPrice",
    "Seat",
    "SeatClaim",
    "SeatPlan",
]
