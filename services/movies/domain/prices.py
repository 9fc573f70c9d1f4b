"""Price cards, and what of them a screening keeps. Rules: docs/rules/prices.md."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marquee import money
from marquee.db import constraint_of
from marquee.errors import FieldError, NotFound
from services.movies.domain.programme_problems import PriceCardExists, PriceNotChargeable, PricesMissing
from services.movies.models import (
    SEAT_KINDS,
    TICKET_TYPES,
    Cinema,
    PriceCard,
    PriceLine,
    Screening,
    ScreeningPrice,
    Seat,
)

# What a seat costs in a cinema that has no price card yet: docs/rules/prices.md.
HOUSE_PRICE_CENTS = 1500

# Cents by (kind of seat, ticket type).
Lines = Mapping[tuple[str, str], int]


def list_price_cards(session: Session, cinema_id: UUID | None = None) -> list[PriceCard]:
    wanted = select(PriceCard).order_by(PriceCard.cinema_id, PriceCard.name)
    return list(session.scalars(wanted.where(PriceCard.cinema_id == cinema_id) if cinema_id else wanted))


def add_price_card(session: Session, cinema_id: UUID, name: str, lines: Lines) -> PriceCard:
    """Raises PriceCardExists, PriceNotChargeable, NotFound."""
    cinema = session.get(Cinema, cinema_id)
    if cinema is None:
        raise NotFound("There is no such cinema.")
    card = PriceCard(cinema_id=cinema_id, name=name)
    _require_chargeable(lines, cinema.currency)
    session.add(card)
    return _write(session, card, lines)


def change_price_card(
    session: Session, card_id: UUID, *, name: str | None = None, lines: Lines | None = None
) -> PriceCard:
    """New prices count for screenings made from now on; what is on sale keeps its own.

    Raises PriceCardExists, PriceNotChargeable, NotFound.
    """
    card = session.scalar(select(PriceCard).where(PriceCard.id == card_id).with_for_update())
    if card is None:
        raise NotFound("There is no such price card.")
    if lines is not None:
        _require_chargeable(lines, session.get_one(Cinema, card.cinema_id).currency)
    if name is not None:
        card.name = name
    return _write(session, card, lines)


def copy_to_screening(
    session: Session, screening: Screening, cinema_id: UUID, card_id: UUID | None = None
) -> None:
    """The card's lines for the kinds of seat in the plan. Raises PricesMissing, NotFound."""
    with session.no_autoflush:
        lines = _lines_for(session, cinema_id, card_id)
        kinds = kinds_of_plan(session, screening.plan_id)
    known = {(price.kind, price.ticket_type): price for price in screening.prices}
    screening.prices = [
        _priced(known.get((kind, ticket_type)), kind, ticket_type, cents)
        for (kind, ticket_type), cents in lines.items()
        if kind in kinds
    ]
    require_prices(session, screening)


def require_prices(session: Session, screening: Screening) -> None:
    """Raises PricesMissing where a kind of seat in the plan has no price."""
    with session.no_autoflush:
        kinds = kinds_of_plan(session, screening.plan_id)
    missing = sorted(kinds - {price.kind for price in screening.prices if price.ticket_type == "adult"})
    if missing:
        raise PricesMissing(f"There is no adult price for: {', '.join(missing)}.", kinds=missing)


def kinds_of_plan(session: Session, plan_id: UUID) -> set[str]:
    return set(session.scalars(select(Seat.kind).where(Seat.plan_id == plan_id).distinct()))


def _priced(known: ScreeningPrice | None, kind: str, ticket_type: str, cents: int) -> ScreeningPrice:
    price = known or ScreeningPrice(kind=kind, ticket_type=ticket_type)
    price.price_cents = cents
    return price


def _lines_for(session: Session, cinema_id: UUID, card_id: UUID | None) -> Lines:
    cards = list_price_cards(session, cinema_id)
    card = next((card for card in cards if card_id in (None, card.id)), None)
    if card is not None:
        return {(line.kind, line.ticket_type): line.price_cents for line in card.lines}
    if card_id is not None:
        raise NotFound("This cinema has no such price card.")
    return {(kind, ticket): HOUSE_PRICE_CENTS for kind in SEAT_KINDS for ticket in TICKET_TYPES}


def _require_chargeable(lines: Lines, currency: str) -> None:
    step, least = (money.plain(cents, currency) for cents in (money.step(currency), money.least(currency)))
    sentence = f"Prices in {currency} are 0, or multiples of {step} from {least} on."
    faults = [
        FieldError(field=f"lines.{number}.price_cents", detail=sentence)
        for number, cents in enumerate(lines.values())
        if not money.is_chargeable(cents, currency)
    ]
    if faults:
        raise PriceNotChargeable(sentence, errors=faults)


def _write(session: Session, card: PriceCard, lines: Lines | None) -> PriceCard:
    if lines is not None:
        known = {(line.kind, line.ticket_type): line for line in card.lines}
        card.lines = [
            _line(known.get((kind, ticket_type)), kind, ticket_type, cents)
            for (kind, ticket_type), cents in lines.items()
        ]
    name = card.name  # a refused flush leaves nothing to be read from the card
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_price_cards_cinema_id_name":
            raise PriceCardExists(f"There is a card called “{name}” already.") from error
        raise
    return card


def _line(known: PriceLine | None, kind: str, ticket_type: str, cents: int) -> PriceLine:
    line = known or PriceLine(kind=kind, ticket_type=ticket_type)
    line.price_cents = cents
    return line
