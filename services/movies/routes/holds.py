"""Holding seats."""

from sqlalchemy.orm import Session

from marquee import logs
from marquee.api import Answer, Api
from marquee.auth import HOLDER, PUBLIC, current_holder, holder_if_any
from marquee.db import current_database, in_transaction
from marquee.limits import address, booker, limited
from services.movies.domain import advice, holds
from services.movies.domain.sales import Wish
from services.movies.routes.booking_views import to_hold, to_new_hold
from services.movies.schemas import booking as shapes
from services.movies.settings import MoviesSettings

api = Api("holds", __name__)


@api.get(
    "/screenings/<uuid:screening_id>/best-seats",
    access=PUBLIC,
    answers={200: shapes.Suggestion},
    problems=(404, 409, 422),
    summary="The best seats for a party, in words; nothing is held yet",
)
def best_seats(path: shapes.ScreeningPath, query: shapes.PartyQuery) -> Answer:
    def work(session: Session) -> shapes.Suggestion:
        found = advice.suggest_seats(
            session, path.screening_id, query.people, kind=query.kind, step_free=query.step_free
        )
        return shapes.Suggestion.model_validate(found)

    return in_transaction(work)


@api.get(
    "/screenings/<uuid:screening_id>/seat-advice",
    access=PUBLIC,
    answers={200: shapes.SeatAdvice},
    problems=(404, 422),
    summary="Whether these seats would leave a single one beside them, and what to take instead",
)
def seat_advice(path: shapes.ScreeningPath, query: shapes.ChosenSeats) -> Answer:
    holder = holder_if_any()
    seats, ids = query.seats.split(","), holder.ids if holder else ()

    def work(session: Session) -> shapes.SeatAdvice:
        return shapes.SeatAdvice.model_validate(advice.advise_on(session, path.screening_id, seats, ids))

    return in_transaction(work)


@api.post(
    "/screenings/<uuid:screening_id>/holds",
    access=HOLDER,
    answers={201: shapes.Hold},
    problems=(404, 409, 422, 429),
    summary="Hold all of these seats, or none",
)
@limited("20/minute", key=booker)
@limited("120/minute, 2000/hour, 10000/day", key=address)
def hold_seats(path: shapes.ScreeningPath, body: shapes.HoldRequest) -> Answer:
    holder, given = current_holder(), MoviesSettings.current()
    wishes = [Wish(seat.seat, seat.ticket_type) for seat in body.seats]
    new = holds.hold_at_once(current_database().ask, path.screening_id, wishes, holder, given)
    if new is not None:
        logs.concerns(new.id)
        return to_new_hold(new, given), 201

    def work(session: Session) -> shapes.Hold:
        hold = holds.hold_seats(session, path.screening_id, wishes, holder, given)
        logs.concerns(hold.id)
        return to_hold(session, hold, given)

    return in_transaction(work), 201


@api.get(
    "/screenings/<uuid:screening_id>/holds/mine",
    access=HOLDER,
    answers={200: shapes.Hold, 204: None},
    summary="The caller's open hold on a screening",
)
def my_hold(path: shapes.ScreeningPath) -> Answer:
    holder = current_holder()

    def work(session: Session) -> shapes.Hold | None:
        hold = holds.hold_of(session, path.screening_id, holder)
        return to_hold(session, hold, MoviesSettings.current()) if hold else None

    return in_transaction(work)


@api.get(
    "/holds/<uuid:hold_id>",
    access=HOLDER,
    answers={200: shapes.Hold},
    problems=(404,),
    summary="A hold of the caller's",
)
def show_hold(path: shapes.HoldPath) -> Answer:
    holder = current_holder()
    return in_transaction(
        lambda s: to_hold(s, holds.find_hold(s, path.hold_id, holder), MoviesSettings.current())
    )


@api.post(
    "/holds/<uuid:hold_id>/extend",
    access=HOLDER,
    answers={200: shapes.Hold},
    problems=(404, 409),
    summary="Keep the seats for another full time, ten times at most",
)
def extend_hold(path: shapes.HoldPath) -> Answer:
    holder = current_holder()

    def work(session: Session) -> shapes.Hold:
        hold = holds.extend_hold(session, path.hold_id, holder, MoviesSettings.current())
        return to_hold(session, hold, MoviesSettings.current())

    return in_transaction(work)


@api.delete(
    "/holds/<uuid:hold_id>",
    access=HOLDER,
    answers={204: None},
    problems=(404,),
    summary="Give the seats back at once",
)
def release_hold(path: shapes.HoldPath) -> Answer:
    holder = current_holder()
    in_transaction(lambda session: holds.release_hold(session, path.hold_id, holder))


@api.post(
    "/holds/adopt",
    access=HOLDER,
    answers={204: None},
    summary="After signing in: a guest's open bookings become the person's (send both credentials)",
)
def adopt_holds() -> Answer:
    holder = current_holder()
    in_transaction(lambda session: holds.adopt_holds(session, holder, MoviesSettings.current()))
