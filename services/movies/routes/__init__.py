"""Every API of the movies service, in the order of its documentation."""

from marquee.api import Api
from services.movies.routes import (
    holds,
    movies,
    price_cards,
    programme,
    refunds,
    reservations,
    rooms,
    screenings,
)

ALL: list[Api] = [
    programme.api,
    movies.api,
    screenings.api,
    holds.api,
    reservations.api,
    refunds.api,
    rooms.api,
    price_cards.api,
]
