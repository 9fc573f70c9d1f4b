"""Words and bounds that several shapes share."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints

from marquee.api import Parameters

Kind = Literal["standard", "premium", "sofa", "wheelchair", "companion", "restricted"]
TicketType = Literal["adult", "child", "student", "senior", "carer"]
Availability = Literal["plenty", "filling", "last", "sold_out"]
SeatState = Literal["free", "held", "taken", "yours"]


def _without_a_fraction(value: Any) -> Any:
    """JSON knows one kind of number: 41.0 is 41."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_AsWhole = BeforeValidator(_without_a_fraction)
Flag = Annotated[bool, Field(strict=True)]
Cents = Annotated[int, Field(strict=True, ge=0, le=1_000_000), _AsWhole]
Slug = Annotated[
    str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9-]+$", examples=["harbour-street"])
]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Genre = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Format = Annotated[str, StringConstraints(min_length=1, max_length=30)]
RoomNumber = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Year = Annotated[int, Field(strict=True, ge=1878, le=2100), _AsWhole]
Runtime = Annotated[int, Field(strict=True, ge=1, le=1000), _AsWhole]
Trailers = Annotated[int, Field(strict=True, ge=0, le=60), _AsWhole]
Cleaning = Annotated[int, Field(strict=True, ge=0, le=120), _AsWhole]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["20:45"])]


def _written_out(value: object) -> object:
    """Pydantic would take a bare number for seconds since 1970."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write it out, as in 2026-11-21")
    if isinstance(value, int | float):
        raise ValueError("write it out, as in 2026-11-21")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class InCinema(Parameters):
    cinema: Slug | None = Field(default=None, description="Its slug; without it, the first or all cinemas")
