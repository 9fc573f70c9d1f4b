"""Price cards."""

from marquee.api import Answer, Api
from marquee.auth import role
from marquee.db import transaction
from services.movies.domain import prices, rooms
from services.movies.schemas.fields import InCinema
from services.movies.schemas.prices import (
    PriceCardChange,
    PriceCardPath,
    PriceCardRequest,
    PriceCards,
    PriceCardShape,
)

api = Api("price cards", __name__)


@api.get("/price-cards", access=role("editor"), answers={200: PriceCards}, problems=(404,))
def list_price_cards(query: InCinema) -> Answer:
    """Of one cinema, or of all."""
    with transaction() as session:
        cinema = rooms.choose_cinema(session, slug=query.cinema).id if query.cinema else None
        cards = prices.list_price_cards(session, cinema)
        return PriceCards(price_cards=[PriceCardShape.of(card) for card in cards])


@api.post(
    "/price-cards",
    access=role("editor"),
    answers={201: PriceCardShape},
    problems=(404, 409),
    summary="Add a price card to a cinema",
)
def add_price_card(body: PriceCardRequest) -> Answer:
    with transaction() as session:
        cinema = rooms.choose_cinema(session, cinema_id=body.cinema_id, slug=body.cinema)
        card = prices.add_price_card(session, cinema.id, body.name, body.by_seat_and_ticket(body.lines))
        return PriceCardShape.of(card), 201


@api.put("/price-cards/<uuid:card_id>", access=role("editor"), answers={200: PriceCardShape}, problems=(409,))
def change_price_card(path: PriceCardPath, body: PriceCardChange) -> Answer:
    """`lines` replaces all lines. What is on sale already keeps its prices."""
    lines = None if body.lines is None else body.by_seat_and_ticket(body.lines)
    with transaction() as session:
        card = prices.change_price_card(session, path.card_id, name=body.name, lines=lines)
        return PriceCardShape.of(card)
