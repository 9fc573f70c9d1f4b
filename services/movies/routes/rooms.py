"""Rooms and their seat plans."""

from uuid import UUID

from marquee.api import Answer, Api
from marquee.auth import PUBLIC, role
from marquee.clock import utc_now
from marquee.db import transaction
from services.movies.domain import plans, rooms
from services.movies.domain.layouts import Layout, draw, grid
from services.movies.schemas.fields import InCinema
from services.movies.schemas.houses import (
    PlanPath,
    PlanPreview,
    PlanRequest,
    PlanShape,
    RoomChange,
    RoomPath,
    RoomRequest,
    Rooms,
    RoomShape,
    SavedPlanShape,
)

api = Api("rooms", __name__)


@api.get("/rooms", access=PUBLIC, answers={200: Rooms})
def list_rooms(query: InCinema) -> Answer:
    """Of one cinema, or of all."""
    with transaction() as session:
        found = rooms.list_rooms(session, query.cinema)
    return Rooms(rooms=[RoomShape.model_validate(room) for room in found])


@api.get(
    "/rooms/<uuid:room_id>",
    access=PUBLIC,
    answers={200: RoomShape},
    summary="A room with its newest seat plan",
)
def get_room(path: RoomPath) -> Answer:
    with transaction() as session:
        return RoomShape.model_validate(rooms.find_room(session, path.room_id))


@api.get("/plans/<uuid:plan_id>", access=PUBLIC, answers={200: PlanShape})
def get_plan(path: PlanPath) -> Answer:
    """Where the seats stand. A plan never changes, so it may be kept for ever."""
    with transaction() as session:
        plan = PlanShape.of(plans.find_plan(session, path.plan_id))
    return plan, 200, {"Cache-Control": "public, max-age=31536000, immutable"}


@api.post("/plans/preview", access=role("editor"), answers={200: PlanPreview})
def preview_plan(body: PlanRequest) -> Answer:
    """What a layout would become; nothing is saved."""
    return PlanPreview.model_validate(draw(body.layout.to_layout()))


@api.post("/rooms", access=role("editor"), answers={201: RoomShape}, problems=(404, 409))
def add_room(body: RoomRequest) -> Answer:
    """With `rows` and `cols`, or with a `layout`. The cinema need not be named where there is only one."""
    facts = body.model_dump(include={"about", "step_free", "cleaning_minutes"})
    with transaction() as session:
        cinema = rooms.choose_cinema(session, cinema_id=body.cinema_id, slug=body.cinema)
        room = rooms.add_room(session, cinema.id, body.number, _layout_of(body), facts)
        return RoomShape.model_validate(room), 201, {"Location": f"/rooms/{room.id}"}


@api.put("/rooms/<uuid:room_id>", access=role("editor"), answers={200: RoomShape}, problems=(409,))
def change_room(path: RoomPath, body: RoomChange) -> Answer:
    """Changes only what is given; the seats are changed by a new plan."""
    with transaction() as session:
        changes = body.model_dump(exclude_none=True)
        return RoomShape.model_validate(rooms.change_room(session, path.room_id, changes))


@api.delete("/rooms/<uuid:room_id>", access=role("editor"), answers={204: None}, problems=(409,))
def remove_room(path: RoomPath) -> Answer:
    """With its unsold screenings to come; refused while people have booked seats in it."""
    with transaction() as session:
        rooms.remove_room(session, path.room_id, now=utc_now())


@api.post("/rooms/<uuid:room_id>/plans", access=role("editor"), answers={201: SavedPlanShape})
def save_plan(path: RoomPath, body: PlanRequest) -> Answer:
    """A new version. Screenings to come that nobody has seats in take it; the others keep theirs."""
    with transaction() as session:
        saved = plans.save_layout(session, path.room_id, body.layout.to_layout(), now=utc_now())
        plan = PlanShape.of(saved.plan, saved.warnings)
    return SavedPlanShape(plan=plan, moved=saved.moved, kept=saved.kept), 201, _located(saved.plan.id)


def _layout_of(body: RoomRequest) -> Layout:
    if body.layout is not None:
        return body.layout.to_layout()
    return grid(body.rows or 0, body.cols or 0)


def _located(plan_id: UUID) -> dict[str, str]:
    return {"Location": f"/plans/{plan_id}"}
