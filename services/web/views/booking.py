"""Holds, bookings and tickets as pages print them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marquee.clock import zone
from marquee.ticket_types import WITH_CARD
from services.web.views.showings import Film, film_from, moment

WAITING = frozenset({"paying", "confirmed"})
PAID = frozenset({"confirmed", "ticketed"})


@dataclass(frozen=True)
class BookedSeat:
    label: str
    row: str
    number: int
    kind: str
    ticket_type: str
    price_cents: int

    @property
    def needs_card(self) -> bool:
        return self.ticket_type in WITH_CARD


@dataclass(frozen=True)
class Hold:
    """Times are aware; `expires` is in the cinema's zone."""

    id: str
    screening_id: str
    state: str
    seats: list[BookedSeat]
    total_cents: int
    currency: str
    expires: datetime
    now: datetime
    term_seconds: int
    extensions_left: int

    @property
    def seconds_left(self) -> int:
        return max(0, int((self.expires - self.now).total_seconds()))

    @property
    def minutes_left(self) -> int:
        return -(-self.seconds_left // 60)

    @property
    def labels(self) -> list[str]:
        return [seat.label for seat in self.seats]


@dataclass(frozen=True)
class Booking:
    id: str
    state: str
    film: Film
    cinema: dict[str, Any]
    screening_id: str
    room: str
    formats: list[str]
    starts: datetime
    ends: datetime
    trailer_minutes: int
    seats: list[BookedSeat]
    total_cents: int
    currency: str
    email: str
    name: str
    expires: datetime
    now: datetime
    decline_message: str
    is_being_released: bool
    is_payment_unknown: bool
    link_key: str
    cancel_until: datetime
    can_cancel: bool
    cancel_reason: str

    @property
    def labels(self) -> list[str]:
        return [seat.label for seat in self.seats]

    @property
    def is_let_go(self) -> bool:
        """Over before anybody began to pay, which is when we ask for the address."""
        return self.state == "cancelled" and not self.email

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.split() else ""

    @property
    def is_over(self) -> bool:
        return self.ends < self.now

    @property
    def seen_as(self) -> str:
        """Where nothing was paid nothing goes back, whatever it is called on the way; and nobody says what is unknown."""
        if self.is_payment_unknown:
            return "unknown"
        is_refund = self.state in {"refund_due", "refunded"}
        return "cancelled" if is_refund and not self.total_cents else self.state


@dataclass(frozen=True)
class Ticket:
    id: str
    seat: BookedSeat
    reference: str
    is_valid: bool
    admitted: datetime | None


def hold_from(answer: dict[str, Any], zone_name: str) -> Hold:
    here = zone(zone_name)
    return Hold(
        id=answer["id"],
        screening_id=answer["screening_id"],
        state=answer["state"],
        seats=[_seat(seat) for seat in answer["seats"]],
        total_cents=answer["total_cents"],
        currency=answer["currency"],
        expires=moment(answer["expires_at"], here),
        now=moment(answer["now"], here),
        # Not told by a movies that is older than we are, while both are being replaced.
        term_seconds=answer.get("term_seconds") or 0,
        extensions_left=answer["extensions_left"],
    )


def booking_from(answer: dict[str, Any]) -> Booking:
    screening = answer["screening"]
    here = zone(answer["cinema"]["timezone"])
    return Booking(
        id=answer["id"],
        state=answer["state"],
        film=film_from(answer["movie"]),
        cinema=answer["cinema"],
        screening_id=screening["id"],
        room=str(screening["room"]["number"]),
        formats=list(screening.get("formats") or []),
        starts=moment(screening["starts_at"], here),
        ends=moment(screening["ends_at"], here),
        trailer_minutes=screening.get("trailer_minutes") or 0,
        seats=[_seat(seat) for seat in answer["seats"]],
        total_cents=answer["total_cents"],
        currency=answer["currency"],
        email=answer.get("email") or "",
        name=answer.get("name") or "",
        expires=moment(answer["expires_at"], here),
        now=moment(answer["now"], here),
        decline_message=answer.get("decline_message") or "",
        is_being_released=bool(answer.get("is_being_released")),
        is_payment_unknown=bool(answer.get("is_payment_unknown")),
        link_key=answer.get("link_key") or "",
        cancel_until=moment(answer["cancel_until"], here),
        can_cancel=bool(answer.get("can_cancel")),
        cancel_reason=answer.get("cancel_reason") or "",
    )


def tickets_from(answer: dict[str, Any], zone_name: str) -> list[Ticket]:
    here = zone(zone_name)
    tickets = [
        Ticket(
            id=ticket["id"],
            seat=_seat(ticket),
            reference=ticket.get("reference") or "",
            is_valid=ticket.get("state", "valid") == "valid",
            admitted=moment(ticket["admitted_at"], here) if ticket.get("admitted_at") else None,
        )
        for ticket in answer["tickets"]
    ]
    return sorted(tickets, key=lambda ticket: (ticket.seat.row, ticket.seat.number))


def is_anybody_in(tickets: list[Ticket]) -> bool:
    return any(ticket.admitted for ticket in tickets)


def split_by_time(bookings: list[Booking]) -> tuple[list[Booking], list[Booking]]:
    """What is still to come, soonest first, and what was, latest first."""
    to_come = [b for b in bookings if not b.is_over and (b.state in PAID | WAITING or b.is_payment_unknown)]
    over = [b for b in bookings if b not in to_come and b.seen_as not in {"held", "expired"}]
    return sorted(to_come, key=lambda b: b.starts), sorted(over, key=lambda b: b.starts, reverse=True)


def needs_proof(seats: list[BookedSeat]) -> list[str]:
    """Ticket types whose card is looked at by the door, in order."""
    present = Counter(seat.ticket_type for seat in seats)
    return [kind for kind in WITH_CARD if present[kind]]


def _seat(answer: dict[str, Any]) -> BookedSeat:
    return BookedSeat(
        label=answer["seat"],
        row=answer["row"],
        number=answer["number"],
        kind=answer["kind"],
        ticket_type=answer["ticket_type"],
        price_cents=answer["price_cents"],
    )
