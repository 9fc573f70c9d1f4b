"""Shapes of the price cards."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from marquee.api import Body, Parameters, Shape
from services.movies.models import PriceCard
from services.movies.schemas.fields import Cents, Kind, Slug, TicketType


class PriceCardPath(Parameters):
    card_id: UUID


class PriceShape(Shape):
    kind: Kind
    ticket_type: TicketType
    price_cents: int


class PriceLineBody(Body):
    kind: Kind
    ticket_type: TicketType
    price_cents: Cents


class PriceCardShape(Shape):
    id: UUID
    cinema_id: UUID
    name: str
    lines: list[PriceShape]

    @classmethod
    def of(cls, card: PriceCard) -> Self:
        lines = sorted(card.lines, key=lambda line: (line.kind, line.ticket_type))
        shapes = [PriceShape.model_validate(line) for line in lines]
        return cls(id=card.id, cinema_id=card.cinema_id, name=card.name, lines=shapes)


class PriceCards(Shape):
    price_cards: list[PriceCardShape]


class _PriceLines(Body):
    @staticmethod
    def by_seat_and_ticket(lines: list[PriceLineBody]) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {
            (line.kind, line.ticket_type): line.price_cents for line in lines
        }
        if len(found) != len(lines):
            raise ValueError("a kind of seat and ticket type comes twice")
        return found


class PriceCardRequest(_PriceLines):
    cinema_id: UUID | None = None
    cinema: Slug | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    lines: list[PriceLineBody] = Field(min_length=1, max_length=30)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        self.by_seat_and_ticket(self.lines)
        return self


class PriceCardChange(_PriceLines):
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    lines: list[PriceLineBody] | None = Field(default=None, min_length=1, max_length=30)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        self.by_seat_and_ticket(self.lines or [])
        return self
