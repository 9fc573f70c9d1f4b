"""What may be sold, to whom, and at what price: the guards before seats are claimed. Rules: docs/rules/holds.md."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from marquee.errors import FieldError, Invalid, NotFound
from services.movies.domain.booking_problems import (
    CarerAlone,
    CompanionAlone,
    NotOnSale,
    ScreeningCancelled,
    ScreeningStarted,
    SofaSplit,
    TooManyHolds,
    TooManySeats,
    UnknownSeat,
)
from services.movies.domain.places import Place, Plan
from services.movies.models import ReservedSeat
from services.movies.settings import MoviesSettings

COMPANIONS_PER_SPACE = 3
# By kind of seat and ticket type.
Prices = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Wish:
    """A seat somebody wants, and who shall sit there."""

    seat: str
    ticket_type: str = "adult"


@dataclass(frozen=True)
class Sale:
    """A screening as the box office sees it at `now`, the database's time of this transaction."""

    screening_id: UUID
    plan_id: UUID
    currency: str
    state: str
    starts_at: datetime
    ends_at: datetime
    now: datetime

    @property
    def is_cancelled(self) -> bool:
        return self.state == "cancelled"

    @property
    def is_over(self) -> bool:
        return self.ends_at <= self.now

    def closes_at(self, settings: MoviesSettings) -> datetime:
        return self.starts_at + timedelta(minutes=settings.sales_close_minutes_after_start)


# The share lock keeps a screening from being cancelled between this look and our commit.
_SALE = text(
    """
    SELECT id AS screening_id, plan_id, currency, state, starts_at, ends_at, now() AS now
    FROM screenings WHERE id = :screening_id FOR SHARE
    """
)

_LOCK_HOLDERS = """
    SELECT pg_advisory_xact_lock(hashtextextended(owner, 5204002)) FROM unnest(:sorted_owners) AS owner
    """

# OFFSET 0, and seats counted booking by booking: found by the owner, and by nothing else. A planner that knows of few
# open holds would rather read all of them.
_BOOKED = """
    SELECT coalesce(sum((SELECT count(*) FROM reservation_seats s WHERE s.reservation_id = r.id))
            FILTER (WHERE r.screening_id = :screening_id), 0)::int AS seats_here,
        count(*) FILTER (WHERE r.screening_id <> :screening_id) AS holds_elsewhere
    FROM (SELECT id, screening_id, state, expires_at FROM reservations WHERE owner = ANY(:owners) OFFSET 0) r
    WHERE r.id IS DISTINCT FROM :besides
        AND (r.state = 'held' AND r.expires_at > now() OR r.state = 'paying'
            OR r.state IN ('confirmed', 'ticketed') AND r.screening_id = :screening_id)
    """

# A statement sees what was committed before it began, so the look has to be one of its own, after the locks; all
# three travel together.
_LOOK = f"""
    {_LOCK_HOLDERS};
    SELECT FROM screenings WHERE id = :screening_id FOR SHARE;
    SELECT s.id AS screening_id, s.plan_id, s.currency, s.state, s.starts_at, s.ends_at, now() AS now,
        (SELECT json_agg(json_build_array(p.kind, p.ticket_type, p.price_cents))
            FROM screening_prices p WHERE p.screening_id = s.id) AS prices,
        NOT EXISTS (SELECT FROM seat_claims c WHERE c.screening_id = s.id AND c.seat = ANY(:seats))
            AND NOT EXISTS (SELECT FROM reservations r
                WHERE r.screening_id = s.id AND r.owner = ANY(:owners) AND r.state = 'held') AS is_clear,
        booked.seats_here, booked.holds_elsewhere
    FROM screenings s, ({_BOOKED}) booked
    WHERE s.id = :screening_id
    """  # noqa: S608 - put together from constants


def _with_lists(sql: str, *names: str) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=ARRAY(String)) for name in names))


_LOCK_HOLDERS_NOW = _with_lists(_LOCK_HOLDERS, "sorted_owners")
_BOOKED_NOW = _with_lists(_BOOKED, "owners")
_LOOK_NOW = _with_lists(_LOOK, "sorted_owners", "owners", "seats")


@dataclass(frozen=True)
class Booked:
    """What counts towards one holder's caps."""

    seats_here: int
    holds_elsewhere: int


@dataclass(frozen=True)
class Look:
    """All that the rules need to know before seats are held."""

    sale: Sale
    prices: Prices
    booked: Booked
    is_clear: (
        bool  # no claim, not even a stale one, on the wanted seats, and no hold of the holder's to replace
    )


def one_at_a_time(session: Session, owners: Iterable[str]) -> None:
    """Until the transaction ends nobody else books for these owners, so that caps can be counted."""
    session.execute(_LOCK_HOLDERS_NOW, {"sorted_owners": sorted(owners)})


def look_at_sale(session: Session, screening_id: UUID) -> Sale:
    found = session.execute(_SALE, {"screening_id": screening_id}).one_or_none()
    if found is None:
        raise NotFound("There is no such screening.")
    return Sale(*found)


def lock_and_look(
    session: Session, screening_id: UUID, owners: Sequence[str], seats: Collection[str]
) -> Look:
    """`one_at_a_time`, `look_at_sale` and the rest, in one round trip."""
    given = {
        "screening_id": screening_id,
        "owners": list(owners),
        "sorted_owners": sorted(owners),
        "seats": sorted(seats),
        "besides": None,
    }
    found = session.execute(_LOOK_NOW, given).one_or_none()
    if found is None:
        raise NotFound("There is no such screening.")
    *sale, prices, is_clear, seats_here, holds_elsewhere = found
    return Look(
        Sale(*sale),
        {(kind, ticket_type): cents for kind, ticket_type, cents in prices or ()},
        Booked(seats_here, holds_elsewhere),
        is_clear,
    )


def require_open(sale: Sale, settings: MoviesSettings) -> None:
    if sale.is_cancelled:
        raise ScreeningCancelled("This screening is cancelled. Please choose another time.")
    if sale.now >= sale.closes_at(settings):
        raise ScreeningStarted("Seats for this screening are no longer sold.")


def require_room_for(booked: Booked, seats: int, settings: MoviesSettings) -> None:
    """The caps of one holder, counted under `one_at_a_time`."""
    left = settings.seats_per_holder - booked.seats_here
    if seats > left:
        raise TooManySeats(
            f"One person may book {settings.seats_per_holder} seats for a screening.", seats_left=max(left, 0)
        )
    if booked.holds_elsewhere >= settings.holds_per_holder:
        raise TooManyHolds("Please pay or give back the seats you are holding for other screenings first.")


def fits_caps(
    session: Session, screening_id: UUID, owner: str, seats: int, settings: MoviesSettings, *, opens: bool
) -> bool:
    """Whether `owner` may have `seats` more here; `opens`: as one more open hold."""
    booked = count_booked(session, screening_id, [owner])
    within_holds = not opens or booked.holds_elsewhere < settings.holds_per_holder
    return booked.seats_here + seats <= settings.seats_per_holder and within_holds


def count_booked(
    session: Session, screening_id: UUID, owners: Sequence[str], *, besides: UUID | None = None
) -> Booked:
    """`besides` is the hold being replaced, or the booking that is being paid for."""
    given = {"screening_id": screening_id, "owners": list(owners), "besides": besides}
    return Booked(*session.execute(_BOOKED_NOW, given).one())


# --- the chosen seats -------------------------------------------------------------------------------------


def fit_together(plan: Plan, wishes: Sequence[Wish]) -> bool:
    """Whether these may be booked together, whatever the prices."""
    try:
        _require_fit(plan, wishes)
    except Invalid:
        return False
    return True


def price_seats(plan: Plan, prices: Prices, wishes: Sequence[Wish]) -> list[ReservedSeat]:
    """The wished seats with their prices as they are now, or the reason why they cannot be sold like this."""
    _require_fit(plan, wishes)
    unpriced = [w.seat for w in wishes if (plan[w.seat].kind, w.ticket_type) not in prices]
    if unpriced:
        raise NotOnSale(f"That ticket is not sold for {', '.join(unpriced)}.", seats=unpriced)
    return [
        ReservedSeat(
            seat=wish.seat,
            kind=plan[wish.seat].kind,
            ticket_type=wish.ticket_type,
            price_cents=prices[plan[wish.seat].kind, wish.ticket_type],
        )
        for wish in wishes
    ]


def _require_fit(plan: Plan, wishes: Sequence[Wish]) -> None:
    places = _places(plan, wishes)
    _require_whole_sofas(places)
    _require_company(places, wishes)


def _places(plan: Plan, wishes: Sequence[Wish]) -> dict[str, Place]:
    unknown = sorted({wish.seat for wish in wishes if wish.seat not in plan})
    if unknown:
        raise UnknownSeat(f"There is no seat {', '.join(unknown)} in this room.", unknown=unknown)
    places = {wish.seat: plan[wish.seat] for wish in wishes}
    if len(places) < len(wishes):
        twice = sorted(seat for seat, times in Counter(wish.seat for wish in wishes).items() if times > 1)
        raise UnknownSeat(
            f"Seat {', '.join(twice)} is asked for twice.", errors=[FieldError(field="seats", detail="twice")]
        )
    return places


def _require_whole_sofas(places: dict[str, Place]) -> None:
    halves = [place for place in places.values() if place.kind == "sofa" and place.partner]
    missing = sorted({half.partner for half in halves if half.partner} - places.keys())
    if missing:
        raise SofaSplit(f"A sofa is sold as a pair: please add {', '.join(missing)}.", missing=missing)


def _require_company(places: dict[str, Place], wishes: Sequence[Wish]) -> None:
    kinds = Counter(place.kind for place in places.values())
    if kinds["companion"] > COMPANIONS_PER_SPACE * kinds["wheelchair"]:
        raise CompanionAlone(
            f"Companion seats are kept for people who come with somebody in a wheelchair: up to "
            f"{COMPANIONS_PER_SPACE} for each wheelchair space booked together with them."
        )
    carers = sum(wish.ticket_type == "carer" for wish in wishes)
    if carers * 2 > len(wishes):
        raise CarerAlone("Each carer's ticket goes with a ticket of the person they accompany.")


def labels(seats: Collection[ReservedSeat]) -> list[str]:
    return sorted(seat.seat for seat in seats)
