"""Holding seats for some minutes. Rules and numbers: docs/rules/holds.md."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from marquee.auth import Holder
from marquee.db import Ask, asking
from marquee.errors import NotFound
from services.movies.domain import claims, measures, sales, seating, transitions
from services.movies.domain.booking_problems import HoldExpired, NoMoreExtensions, SeatTaken
from services.movies.domain.claims import Claimed
from services.movies.domain.new_holds import NewHold, hold_free_seats
from services.movies.domain.places import load_plan, note_plan_of, plan_last_seen
from services.movies.domain.sales import Sale, Wish
from services.movies.models import Reservation, ReservedSeat
from services.movies.settings import MoviesSettings


def hold_at_once(
    ask: Ask, screening_id: UUID, wishes: Sequence[Wish], holder: Holder, settings: MoviesSettings
) -> NewHold | None:
    """Hold all of `wishes` if nothing stands in the way; `ask` is the caller's, a transaction for each statement.

    None: `hold_seats` finds out what does.
    """
    known = plan_last_seen(ask, screening_id)
    if known is None or not sales.fit_together(known[1], wishes):
        return None
    hold = hold_free_seats(ask, screening_id, *known, wishes, holder, settings)
    if hold is not None:
        measures.count_change_now("", "held")
        transitions.tell_seats_now(screening_id, [wish.seat for wish in wishes], "held")
    return hold


def hold_seats(
    session: Session, screening_id: UUID, wishes: Sequence[Wish], holder: Holder, settings: MoviesSettings
) -> Reservation:
    """Hold all of `wishes` for `holder`, or none, until now + hold_ttl_seconds.

    Seats of the holder's open hold on this screening are replaced by these; its time runs on. Raises SeatTaken,
    UnknownSeat, SofaSplit, CompanionAlone, CarerAlone, NotOnSale, ScreeningStarted, ScreeningCancelled,
    TooManySeats, TooManyHolds, NotFound.
    """
    look = sales.lock_and_look(session, screening_id, holder.ids, {wish.seat for wish in wishes})
    sale = look.sale
    note_plan_of(screening_id, sale.plan_id)
    sales.require_open(sale, settings)
    seats = sales.price_seats(load_plan(session, sale.plan_id), look.prices, wishes)
    hold = None
    if look.is_clear:
        sales.require_room_for(look.booked, len(seats), settings)
    else:
        hold = _make_way(session, sale, seats, holder, settings)
    if hold is None:
        return _open_hold(session, sale, wishes, holder, settings)
    return _replace_seats(session, sale, hold, seats)


def extend_hold(session: Session, hold_id: UUID, holder: Holder, settings: MoviesSettings) -> Reservation:
    """Start the hold's time anew, ten times at most and never past the end of sales.

    Raises NotFound, NoMoreExtensions, HoldExpired.
    """
    sale, hold = lock_booking(session, hold_id, holder)
    require_held(session, sale, hold)
    if hold.extensions >= settings.hold_extensions:
        raise NoMoreExtensions(f"These seats were kept for you {settings.hold_extensions} times already.")
    hold.extensions += 1
    hold.expires_at = max(hold.expires_at, _end_of_hold(sale, settings))
    claims.keep_until(session, hold.id, hold.expires_at)
    return hold


def release_hold(session: Session, hold_id: UUID, holder: Holder) -> None:
    """Give the seats back at once. A hold that is gone already stays so; raises NotFound for somebody else's."""
    _, hold = lock_booking(session, hold_id, holder)
    if hold.state == "held":
        transitions.move(session, hold, "cancelled", "given back by the buyer")


def find_hold(session: Session, hold_id: UUID, holder: Holder) -> Reservation:
    hold = session.get(Reservation, hold_id)
    if hold is None or not holder.owns(hold.owner):
        raise NotFound("There is no such hold.")
    return hold


def hold_of(session: Session, screening_id: UUID, holder: Holder) -> Reservation | None:
    """The holder's open hold on a screening."""
    return session.scalar(
        select(Reservation)
        .where(
            Reservation.screening_id == screening_id,
            Reservation.owner.in_(holder.ids),
            Reservation.state == "held",
            Reservation.expires_at > func.now(),
        )
        .limit(1)
    )


def adopt_holds(session: Session, holder: Holder, settings: MoviesSettings) -> int:
    """Give a guest's open bookings to the person they turned out to be; answers how many.

    One that would put the person above a cap stays the guest's, who still has the token.
    """
    if holder.person is None or len(holder.ids) < 2:
        return 0
    person, guests = holder.id, holder.ids[1:]
    sales.one_at_a_time(session, holder.ids)
    found = transitions.lock_all(
        session, Reservation.owner.in_(guests), Reservation.state.in_(("held", "paying"))
    )
    return sum(_adopt(session, booking, person, settings) for booking in found)


# --- what reservations need, too ----------------------------------------------------------------------------


def lock_booking(
    session: Session, reservation_id: UUID, holder: Holder | None = None
) -> tuple[Sale, Reservation]:
    """Lock a booking in the order everybody uses: its owner, its screening, its row.

    Raises NotFound when there is none, or it is not `holder`'s.
    """
    known = session.get(Reservation, reservation_id)
    if known is None or (holder and not holder.owns(known.owner)):
        raise NotFound("There is no such booking.")
    owner = known.owner
    sales.one_at_a_time(session, [owner])
    sale = sales.look_at_sale(session, known.screening_id)
    session.refresh(known, with_for_update=True)
    if known.owner != owner:  # adopted a moment ago
        sales.one_at_a_time(session, [known.owner])
    return sale, known


def require_held(session: Session, sale: Sale, hold: Reservation) -> None:
    if hold.state != "held" or hold.expires_at <= sale.now:
        raise hold_expired(session, sale, hold)


def hold_expired(session: Session, sale: Sale, hold: Reservation) -> HoldExpired:
    """With what can be had instead."""
    seats = sales.labels(hold.seats)
    plan = load_plan(session, sale.plan_id)
    free = plan.keys() - claims.occupied(session, sale.screening_id, besides=[hold.id])
    still_free = [seat for seat in seats if seat in free]
    gone = [] if len(still_free) == len(seats) else seating.nearest_runs(plan, free, seats)
    return HoldExpired("The time for these seats ran out.", still_free=still_free, alternatives=gone)


def require_free(
    session: Session, sale: Sale, wanted: Sequence[str], standing: Sequence[Claimed], hold: Reservation | None
) -> None:
    """Refuse early what the claim would refuse anyway: cheaper, and with nothing to undo."""
    mine = hold.id if hold else None
    lost = {claim.seat for claim in standing if not claim.is_stale and claim.reservation_id != mine}
    if lost:
        occupied = claims.occupied(session, sale.screening_id, besides=[mine] if mine else [])
        raise seat_taken(session, sale, wanted, occupied | lost)


def seat_taken(session: Session, sale: Sale, wanted: Sequence[str], occupied: set[str]) -> SeatTaken:
    plan = load_plan(session, sale.plan_id)
    lost = sorted(occupied.intersection(wanted))
    alternatives = seating.nearest_runs(plan, plan.keys() - occupied, wanted)
    return SeatTaken(f"{', '.join(lost)} was just taken.", lost=lost, alternatives=alternatives)


def claim_all(
    session: Session, sale: Sale, booking: Reservation, seats: Sequence[str], expires_at: datetime | None
) -> set[str]:
    """Claim `seats` for `booking`; answers the seats that were not to be had. Any: roll back."""
    got = claims.claim(session, booking.id, sale.screening_id, sale.plan_id, seats, expires_at=expires_at)
    return set(seats) - got


def expire_stale(session: Session, sale: Sale, seats: Sequence[str], *, besides: Reservation) -> None:
    """End the holds that ran out on `seats`, so that whoever claims them now leaves no half of one behind."""
    standing = claims.among(session, sale.screening_id, seats)
    owners = {claim.reservation_id for claim in standing if claim.is_stale} - {besides.id}
    if not owners:
        return
    for stale in transitions.lock_all(session, Reservation.id.in_(owners), *_IS_STALE):
        transitions.move(session, stale, "expired", "time ran out, seats taken over")


# --- steps ----------------------------------------------------------------------------------------------------

_IS_STALE = (Reservation.state == "held", Reservation.expires_at <= func.now())


def _make_way(
    session: Session, sale: Sale, seats: list[ReservedSeat], holder: Holder, settings: MoviesSettings
) -> Reservation | None:
    """Something stands on the wanted seats, or the holder has a hold here already: answers that."""
    wanted = sales.labels(seats)
    standing = claims.among(session, sale.screening_id, wanted)
    hold = _clear_the_way(session, sale, standing, holder)
    require_free(session, sale, wanted, standing, hold)
    besides = hold.id if hold else None
    booked = sales.count_booked(session, sale.screening_id, holder.ids, besides=besides)
    sales.require_room_for(booked, len(seats), settings)
    return hold


def _clear_the_way(
    session: Session, sale: Sale, standing: Sequence[Claimed], holder: Holder
) -> Reservation | None:
    """End the holds that ran out on the wanted seats, and answer the holder's own open one."""
    stale = {claim.reservation_id for claim in standing if claim.is_stale}
    found = transitions.lock_all(
        session,
        Reservation.screening_id == sale.screening_id,
        Reservation.state == "held",
        or_(
            Reservation.owner.in_(holder.ids),
            and_(Reservation.id.in_(stale), Reservation.expires_at <= func.now()),
        ),
    )
    for hold in found:
        if hold.expires_at <= sale.now:
            transitions.move(session, hold, "expired", "time ran out, seats taken over")
    mine = [hold for hold in found if hold.state == "held"]
    return min(mine, key=lambda hold: holder.ids.index(hold.owner), default=None)


def _open_hold(
    session: Session, sale: Sale, wishes: Sequence[Wish], holder: Holder, settings: MoviesSettings
) -> Reservation:
    plan, wanted = load_plan(session, sale.plan_id), sorted(wish.seat for wish in wishes)
    new = hold_free_seats(asking(session), sale.screening_id, sale.plan_id, plan, wishes, holder, settings)
    if new is None:  # somebody claimed one of the seats since we looked
        occupied = claims.occupied(session, sale.screening_id)
        raise seat_taken(session, sale, wanted, occupied)
    hold = session.get_one(Reservation, new.id)
    transitions.tell_seats(session, hold, wanted, "held")
    measures.count_change(session, "", "held")
    return hold


def _replace_seats(session: Session, sale: Sale, hold: Reservation, seats: list[ReservedSeat]) -> Reservation:
    before, wanted = sales.labels(hold.seats), sales.labels(seats)
    # The old seats are claimed again with the new, so that all locks are taken in one sorted sweep.
    _claim(session, sale, hold, sorted({*before, *wanted}))
    freed = claims.release(session, hold.id, keep=wanted)
    hold.seats = []
    session.flush()
    hold.seats = seats
    hold.total_cents = sum(seat.price_cents for seat in seats)
    session.flush()
    transitions.tell_seats(session, hold, freed, "free")
    transitions.tell_seats(session, hold, sorted(set(wanted) - set(before)), "held")
    return hold


def _claim(session: Session, sale: Sale, hold: Reservation, seats: Sequence[str]) -> None:
    _require_all(session, sale, hold, seats, claim_all(session, sale, hold, seats, hold.expires_at))


def _require_all(
    session: Session, sale: Sale, hold: Reservation, seats: Sequence[str], lost: set[str]
) -> None:
    if lost:
        occupied = claims.occupied(session, sale.screening_id, besides=[hold.id])
        raise seat_taken(session, sale, seats, occupied | lost)


def _end_of_hold(sale: Sale, settings: MoviesSettings) -> datetime:
    return min(sale.now + timedelta(seconds=settings.hold_ttl_seconds), sale.closes_at(settings))


def _adopt(session: Session, booking: Reservation, person: str, settings: MoviesSettings) -> bool:
    seats, is_hold = len(booking.seats), booking.state == "held"
    if is_hold and _holds_already(session, booking.screening_id, person):
        return False
    if not sales.fits_caps(session, booking.screening_id, person, seats, settings, opens=True):
        return False
    booking.owner = person
    session.flush()
    return True


def _holds_already(session: Session, screening_id: UUID, owner: str) -> bool:
    mine = select(Reservation.id).where(
        Reservation.screening_id == screening_id, Reservation.owner == owner, Reservation.state == "held"
    )
    return session.scalar(select(mine.exists())) or False
