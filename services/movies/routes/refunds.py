"""Refunds that need a hand, for the office."""

from sqlalchemy.orm import Session

from marquee.api import Answer, Api
from marquee.auth import role
from marquee.db import in_transaction, transaction
from services.movies.domain import office, reservations
from services.movies.schemas.booking import ReservationPath
from services.movies.schemas.refunds import Refunds, RefundShape

api = Api("refunds", __name__)


@api.get(
    "/refunds/in-trouble",
    access=role("editor"),
    answers={200: Refunds},
    summary="Money that should have gone back and has not, oldest first",
)
def list_refunds_in_trouble() -> Answer:
    with transaction() as session:
        return Refunds(refunds=[RefundShape.of(one) for one in office.refunds_in_trouble(session)])


@api.post(
    "/reservations/<uuid:reservation_id>/refund-again",
    access=role("editor"),
    answers={200: RefundShape},
    problems=(404, 409),
    summary="Try a refund in trouble once more",
)
def refund_again(path: ReservationPath) -> Answer:
    def work(session: Session) -> RefundShape:
        return RefundShape.of(reservations.refund_again(session, path.reservation_id))

    return in_transaction(work)
