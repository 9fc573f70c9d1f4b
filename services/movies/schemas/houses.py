"""Shapes of cinemas, rooms and seat plans."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from marquee.api import Body, Parameters, Shape
from services.movies.domain.layouts import (
    MAX_COLUMNS,
    MAX_CURVE,
    MAX_ROWS,
    MAX_TURN,
    Layout,
    LayoutRow,
    Note,
)
from services.movies.models import SeatPlan
from services.movies.schemas.fields import Cleaning, Flag, Kind, RoomNumber, Slug


class RoomPath(Parameters):
    room_id: UUID


class PlanPath(Parameters):
    plan_id: UUID


class CinemaShape(Shape):
    id: UUID
    slug: str
    name: str
    address: str
    city: str
    timezone: str
    currency: str
    about: str


class CinemaWithRooms(CinemaShape):
    rooms: int
    seats: int


class HouseRules(Shape):
    """What the service was told about every house, for sentences about it."""

    hold_ttl_seconds: int
    hold_extensions: int
    doors_minutes: int = Field(description="Before the start")
    cancel_until_minutes: int = Field(description="Before the start")


class Cinemas(Shape):
    cinemas: list[CinemaWithRooms]
    rules: HouseRules


class RoomShape(Shape):
    id: UUID
    cinema_id: UUID
    cinema: str
    number: str
    about: str
    step_free: bool
    cleaning_minutes: int
    rows: int
    cols: int
    capacity: int
    kinds: dict[str, int]
    plan_id: UUID
    plan_version: int


class Rooms(Shape):
    rooms: list[RoomShape]


class SeatShape(Shape):
    label: str
    row: str
    row_rank: int
    number: int
    kind: Kind
    partner: str | None
    x: float
    y: float
    angle: float


class PlanPreview(Shape):
    """Lengths in seat widths, angles in degrees clockwise; the screen is at the top."""

    width: float
    height: float
    drawing: dict[str, Any]
    seats: list[SeatShape]
    warnings: list[str] = Field(default=[])


class PlanShape(PlanPreview):
    id: UUID
    room_id: UUID
    version: int

    @classmethod
    def of(cls, plan: SeatPlan, warnings: list[str] | None = None) -> Self:
        return cls(
            id=plan.id,
            room_id=plan.room_id,
            version=plan.version,
            width=plan.drawing.get("width", max(seat.x for seat in plan.seats) + 1),
            height=plan.drawing.get("height", max(seat.y for seat in plan.seats) + 1),
            drawing=plan.drawing,
            seats=[SeatShape.model_validate(seat) for seat in plan.seats],
            warnings=warnings or [],
        )


class SavedPlanShape(Shape):
    plan: PlanShape
    moved: list[UUID] = Field(description="Screenings to come that took the new plan")
    kept: list[UUID] = Field(description="Screenings to come that stay with the plan they were sold with")


class LayoutRowBody(Body):
    row: str = Field(pattern=r"^[A-Z0-9]{1,3}$", examples=["A"])
    seats: str = Field(
        max_length=MAX_COLUMNS,
        pattern=r"^[spdwcr_]*$",
        examples=["__ss_ssww"],
        description="s standard, p premium, d half a sofa, w wheelchair, c companion, r restricted, _ nothing",
    )
    offset: float = Field(
        default=0.0, strict=True, ge=-10, le=10, description="Shift to the right, in seat widths"
    )
    gap: float = Field(
        default=0.0, strict=True, ge=0, le=5, description="Room in front of the row, in seat widths"
    )


class NoteBody(Body):
    text: str = Field(min_length=1, max_length=80)
    place: Literal["front-left", "front-right", "back"] = "back"


class LayoutBody(Body):
    rows: list[LayoutRowBody] = Field(min_length=1, max_length=MAX_ROWS)
    curve: float = Field(
        default=0.0, strict=True, ge=0, le=MAX_CURVE, description="Degrees at the ends of the widest row"
    )
    turn: float = Field(
        default=0.0, strict=True, ge=0, le=MAX_TURN, description="Degrees the side blocks turn further"
    )
    numbering: Literal["left", "right"] = "left"
    notes: list[NoteBody] = Field(default=[], max_length=12)

    def to_layout(self) -> Layout:
        return Layout(
            rows=tuple(LayoutRow(row.row, row.seats, row.offset, row.gap) for row in self.rows),
            curve=self.curve,
            turn=self.turn,
            numbering=self.numbering,
            notes=tuple(Note(note.text, note.place) for note in self.notes),
        )


class PlanRequest(Body):
    layout: LayoutBody


class RoomRequest(Body):
    """With `rows` and `cols`, a plain room; or with a `layout`."""

    number: RoomNumber
    cinema_id: UUID | None = None
    cinema: Slug | None = None
    rows: Annotated[int, Field(strict=True, ge=1, le=MAX_ROWS)] | None = None
    cols: Annotated[int, Field(strict=True, ge=1, le=MAX_COLUMNS)] | None = None
    layout: LayoutBody | None = None
    about: str = Field(default="", max_length=200)
    step_free: Flag = True
    cleaning_minutes: Cleaning = 15

    @model_validator(mode="after")
    def _has_one_shape(self) -> Self:
        plain = self.rows is not None and self.cols is not None
        if plain == (self.layout is not None) or (self.rows is None) != (self.cols is None):
            raise ValueError("give rows and cols, or a layout")
        return self


class RoomChange(Body):
    number: RoomNumber | None = None
    about: str | None = Field(default=None, max_length=200)
    step_free: Flag | None = None
    cleaning_minutes: Cleaning | None = None
