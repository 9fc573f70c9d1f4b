"""Shapes of the review service."""

from datetime import date
from uuid import UUID

from pydantic import Field

from marquee.api import Parameters, Shape


class DiaryQuery(Parameters):
    before: UUID | None = Field(None, description="The last entry of the page in hand")
    limit: int = Field(10, ge=1, le=100)


class DiaryEntryShape(Shape):
    id: UUID
    movie_id: UUID
    title: str
    year: int
    watched_on: date
    is_rewatch: bool
    cinema: str
    room: str
    seat: str


class Diary(Shape):
    entries: list[DiaryEntryShape]
    next: UUID | None = Field(description="`before` of the next page; null when this is the last")
