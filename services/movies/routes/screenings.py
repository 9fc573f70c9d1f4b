"""Single screenings: their seats for everybody, their making for editors."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from marquee.api import Answer, Api
from marquee.auth import PUBLIC, holder_if_any, role
from marquee.clock import utc_now
from marquee.db import transaction
from marquee.errors import NotFound
from services.movies.domain import cancelling, office, rooms, screenings, seat_states
from services.movies.domain.places import load_plan
from services.movies.domain.screenings import ScreeningWish
from services.movies.domain.showings import find_cinema, find_movie, showing_of
from services.movies.models import (
    SEAT_KINDS,
    TICKET_TYPES,
    Cinema,
    Room,
    Screening,
    ScreeningPrice,
)
from services.movies.schemas.catalogue import MoviePath, MovieShape
from services.movies.schemas.houses import CinemaShape
from services.movies.schemas.prices import PriceShape
from services.movies.schemas.programme import ShowingShape
from services.movies.schemas.screenings import (
    CancelRequest,
    HouseShowings,
    MovieScreeningPath,
    MovieScreeningRequest,
    OfficeDay,
    OfficeSchedule,
    Orders,
    OrderShape,
    ScreeningPath,
    ScreeningRequest,
    ScreeningShape,
    SeatMatrix,
    SeatStates,
    Span,
    Stretch,
)
from services.movies.settings import MoviesSettings

api = Api("screenings", __name__)


@api.get("/screenings", access=role("staff", "editor"), answers={200: HouseShowings}, problems=(404,))
def list_screenings(query: Stretch) -> Answer:
    """What a house shows in that time, begun or not: the door lets people in who are late."""
    with transaction() as session:
        cinema = find_cinema(session, query.cinema)
        found = office.showings_of(session, cinema, query.from_, query.to)
        return HouseShowings(
            cinema=CinemaShape.model_validate(cinema),
            screenings=[ShowingShape.model_validate(showing) for showing in found],
        )


@api.get(
    "/screenings/<uuid:screening_id>",
    access=PUBLIC,
    answers={200: ScreeningShape},
    summary="A screening with its prices and how many seats are free",
)
def get_screening(path: ScreeningPath) -> Answer:
    with transaction() as session:
        return _shape(session, screenings.find_screening(session, path.screening_id))


@api.get("/screenings/<uuid:screening_id>/seats", access=PUBLIC, answers={200: SeatStates})
def get_seats(path: ScreeningPath) -> Answer:
    """Every seat's state; seats that the caller holds are "yours"."""
    holder = holder_if_any()
    with transaction() as session:
        found = seat_states.seat_states(session, path.screening_id, holder.ids if holder else ())
    return SeatStates.model_validate(found)


@api.get(
    "/movies/<uuid:movie_id>/screenings/<uuid:screening_id>/seats", access=PUBLIC, answers={200: SeatMatrix}
)
def get_seat_matrix(path: MovieScreeningPath) -> Answer:
    """The seats as a matrix."""
    with transaction() as session:
        screening = _of_movie(session, path)
        showing = showing_of(session, screening.id)
        layout = seat_states.seat_matrix(session, screening.id)
    return SeatMatrix(
        room=showing.room.number,
        rows=len(layout),
        cols=len(layout[0]),
        layout=layout,
        screening=ShowingShape.model_validate(showing),
    )


@api.post("/screenings", access=role("editor"), answers={201: ScreeningShape}, problems=(404, 409))
def add_screening(body: ScreeningRequest) -> Answer:
    """Refused with the first free start when the room is taken then."""
    with transaction() as session:
        screening = screenings.put_on(session, _wish(session, body), now=utc_now())
        return _shape(session, screening), 201, {"Location": f"/screenings/{screening.id}"}


@api.post(
    "/movies/<uuid:movie_id>/screenings",
    access=role("editor"),
    answers={201: ScreeningShape},
    problems=(409,),
)
def add_screening_of_movie(path: MoviePath, body: MovieScreeningRequest) -> Answer:
    """The same, with the room by its number."""
    with transaction() as session:
        find_movie(session, path.movie_id)
        room = rooms.find_room_by_number(session, body.room_number, body.cinema)
        wish = ScreeningWish(
            movie_id=path.movie_id,
            room_id=room.id,
            starts_at=_start(room.cinema, body),
            formats=body.formats,
            trailer_minutes=body.trailer_minutes,
            price_card_id=body.price_card_id,
        )
        screening = screenings.put_on(session, wish, now=utc_now())
        return _shape(session, screening), 201, {"Location": f"/screenings/{screening.id}"}


@api.put(
    "/screenings/<uuid:screening_id>", access=role("editor"), answers={200: ScreeningShape}, problems=(409,)
)
def change_screening(path: ScreeningPath, body: ScreeningRequest) -> Answer:
    """Everything about it, as long as nobody has seats."""
    with transaction() as session:
        wish = _wish(session, body)
        return _shape(session, screenings.change(session, path.screening_id, wish, now=utc_now()))


@api.delete(
    "/movies/<uuid:movie_id>/screenings/<uuid:screening_id>",
    access=role("editor"),
    answers={204: None},
    problems=(409,),
)
def withdraw_screening(path: MovieScreeningPath) -> Answer:
    """Takes an unsold screening off; one with seats sold must be cancelled instead."""
    with transaction() as session:
        screening = _of_movie(session, path)
        screenings.withdraw(session, screening.id)


@api.post("/screenings/<uuid:screening_id>/cancel", access=role("editor"), answers={200: ShowingShape})
def cancel_screening(path: ScreeningPath, body: CancelRequest) -> Answer:
    """Everybody who booked is told why and gets the money back."""
    with transaction() as session:
        screening = screenings.find_screening(session, path.screening_id)
        cancelling.cancel_screening(session, screening, body.reason)
        session.flush()
        return ShowingShape.model_validate(showing_of(session, path.screening_id))


@api.get(
    "/screenings/<uuid:screening_id>/orders",
    access=role("editor"),
    answers={200: Orders},
    summary="Who booked what in a screening",
)
def list_orders(path: ScreeningPath) -> Answer:
    with transaction() as session:
        showing = showing_of(session, path.screening_id)
        orders = office.orders_of(session, path.screening_id)
        return Orders(
            screening=ShowingShape.model_validate(showing),
            orders=[OrderShape.model_validate(order) for order in orders],
        )


@api.get("/schedule", access=role("editor"), answers={200: OfficeSchedule}, problems=(404,))
def get_schedule(query: Span) -> Answer:
    """The week by day and room, with seats sold and takings."""
    with transaction() as session:
        cinema = find_cinema(session, query.cinema)
        days = office.week_grid(session, cinema, query.from_, query.to, now=utc_now())
    return OfficeSchedule(
        cinema=CinemaShape.model_validate(cinema), days=[OfficeDay.model_validate(day) for day in days]
    )


# --- asked for --------------------------------------------------------------------------------------------


def _wish(session: Session, body: ScreeningRequest) -> ScreeningWish:
    room = session.get(Room, body.room_id)
    if room is None:
        raise NotFound("There is no such room.")
    return ScreeningWish(
        movie_id=body.movie_id,
        room_id=room.id,
        starts_at=_start(room.cinema, body),
        formats=body.formats,
        trailer_minutes=body.trailer_minutes,
        price_card_id=body.price_card_id,
    )


def _start(cinema: Cinema, body: ScreeningRequest | MovieScreeningRequest) -> datetime:
    if body.local is not None:
        return screenings.local_start(cinema, *body.local)
    assert body.starts_at is not None  # one of the two is always given
    return body.starts_at


def _of_movie(session: Session, path: MovieScreeningPath) -> Screening:
    screening = screenings.find_screening(session, path.screening_id)
    if screening.movie_id != path.movie_id:
        raise NotFound("There is no such screening of that film.")
    return screening


# --- answered ---------------------------------------------------------------------------------------------


def _shape(session: Session, screening: Screening) -> ScreeningShape:
    showing = ShowingShape.model_validate(showing_of(session, screening.id))
    settings = MoviesSettings.current()
    starts_at = screening.starts_at
    return ScreeningShape(
        **showing.model_dump(),
        movie=MovieShape.of(screening.movie),
        cinema=CinemaShape.model_validate(screening.room.cinema),
        plan_id=screening.plan_id,
        prices=[PriceShape.model_validate(price) for price in _sorted_prices(session, screening)],
        trailer_minutes=screening.trailer_minutes,
        doors_at=starts_at - timedelta(minutes=settings.doors_minutes),
        cancel_until=starts_at - timedelta(minutes=settings.cancel_until_minutes),
        call_off_until=cancelling.call_off_until(screening),
        sales_close_at=starts_at + timedelta(minutes=settings.sales_close_minutes_after_start),
    )


def _sorted_prices(session: Session, screening: Screening) -> list[ScreeningPrice]:
    """Of the kinds of seat that the room has."""
    kinds = {place.kind for place in load_plan(session, screening.plan_id).values()}
    here = [price for price in screening.prices if price.kind in kinds]
    return sorted(
        here, key=lambda price: (SEAT_KINDS.index(price.kind), TICKET_TYPES.index(price.ticket_type))
    )
