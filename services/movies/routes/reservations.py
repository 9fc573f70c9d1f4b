"""Paying for seats, and giving them back."""

from sqlalchemy.orm import Session

from marquee.api import Answer, Api, LinkKey
from marquee.auth import HOLDER, PUBLIC, current_holder, holder_if_any
from marquee.db import in_transaction
from marquee.limits import address, booker, limited
from services.movies.domain import reservations
from services.movies.domain.reservations import Buyer
from services.movies.routes.booking_views import to_reservation, to_reservations
from services.movies.schemas import booking as shapes
from services.movies.settings import MoviesSettings

api = Api("reservations", __name__)


@api.post(
    "/reservations",
    access=HOLDER,
    answers={201: shapes.Reservation},
    problems=(404, 409, 422, 429),
    summary="Start paying for a hold; a repeat answers the same",
)
@limited("20/minute", key=booker)
@limited("120/minute, 2000/hour, 10000/day", key=address)
def start_payment(body: shapes.PaymentStart) -> Answer:
    holder = current_holder()
    buyer = Buyer(body.email, body.name, body.method)

    def work(session: Session) -> shapes.Reservation:
        booking = reservations.start_payment(session, body.hold_id, buyer, holder, MoviesSettings.current())
        return to_reservation(session, booking, holder, MoviesSettings.current())

    return in_transaction(work), 201


@api.get(
    "/reservations/me",
    access=HOLDER,
    answers={200: shapes.Reservations},
    summary="The caller's bookings, newest first",
)
def my_reservations() -> Answer:
    holder = current_holder()

    def work(session: Session) -> shapes.Reservations:
        return to_reservations(
            session, reservations.reservations_of(session, holder), holder, MoviesSettings.current()
        )

    return in_transaction(work)


@api.get(
    "/reservations/<uuid:reservation_id>",
    access=PUBLIC,
    answers={200: shapes.Reservation},
    problems=(404,),
    summary="For its owner, or with the key of the mail's link",
)
def show_reservation(path: shapes.ReservationPath, query: LinkKey) -> Answer:
    holder = holder_if_any()

    def work(session: Session) -> shapes.Reservation:
        booking = reservations.find_reservation(session, path.reservation_id, holder, query.key)
        return to_reservation(session, booking, holder, MoviesSettings.current())

    return in_transaction(work)


@api.post(
    "/reservations/<uuid:reservation_id>/release",
    access=HOLDER,
    answers={202: shapes.Reservation},
    problems=(404, 409),
    summary="Stop paying: the seats are free once nothing can be charged any more",
)
def release_payment(path: shapes.ReservationPath) -> Answer:
    holder = current_holder()

    def work(session: Session) -> shapes.Reservation:
        booking = reservations.release_payment(session, path.reservation_id, holder)
        return to_reservation(session, booking, holder, MoviesSettings.current())

    return in_transaction(work), 202


@api.post(
    "/reservations/<uuid:reservation_id>/cancel",
    access=HOLDER,
    answers={200: shapes.Reservation},
    problems=(404, 409),
    summary="Cancel a paid booking, as its owner or with the key of the mail's link; the money goes back",
)
def cancel_reservation(path: shapes.ReservationPath, query: LinkKey) -> Answer:
    holder = current_holder()

    def work(session: Session) -> shapes.Reservation:
        booking = reservations.cancel_reservation(
            session, path.reservation_id, holder, MoviesSettings.current(), key=query.key
        )
        return to_reservation(session, booking, holder, MoviesSettings.current())

    return in_transaction(work)
