"""Shapes of the films."""

from typing import Self
from uuid import UUID

from pydantic import Field
from pydantic.aliases import AliasChoices

from marquee.api import Body, Parameters, Shape
from services.movies.domain import posters
from services.movies.models import Movie
from services.movies.schemas.fields import Flag, Genre, Name, Runtime, Title, Year


class MoviePath(Parameters):
    movie_id: UUID


class MovieSearch(Parameters):
    page: int = Field(default=1, ge=1, le=100_000)
    q: str = Field(
        default="", max_length=100, description="Parts of a title or a name; accents do not matter"
    )


class PosterVersion(Parameters):
    v: str = Field(
        default="", max_length=40, description="From poster_url: lets the picture be kept for ever"
    )


class MovieShape(Shape):
    id: UUID
    title: str
    original_title: str
    year: int
    runtime_minutes: int
    certificate: str
    certificate_reason: str
    language: str
    is_subtitled: bool
    genres: list[str]
    directors: list[str]
    actors: list[str]
    synopsis: str
    house_line: str
    poster_url: str = Field(description="At this service; changes when the picture does")

    @classmethod
    def of(cls, movie: Movie) -> Self:
        names = [name for name in cls.model_fields if name != "poster_url"]
        url = f"/movies/{movie.id}/poster.svg?v={posters.poster_version(movie)}"
        return cls(**{name: getattr(movie, name) for name in names}, poster_url=url)


class Movies(Shape):
    movies: list[MovieShape]
    total: int
    page: int
    pages: int
    suggestion: str | None = Field(description="Where nothing was found: the title that looks most like `q`")


class MovieRequest(Body):
    """`duration` is taken for `runtime_minutes` and `description` for `synopsis`."""

    title: Title
    runtime_minutes: Runtime = Field(validation_alias=AliasChoices("runtime_minutes", "duration"))
    year: Year | None = Field(default=None, description="Of the first release; without it, this year")
    original_title: str = Field(default="", max_length=200)
    certificate: str = Field(default="", max_length=10)
    certificate_reason: str = Field(default="", max_length=200)
    language: str = Field(default="", max_length=60)
    is_subtitled: Flag = False
    genres: list[Genre] = Field(default=[], max_length=8)
    directors: list[Name] = Field(default=[], max_length=8)
    actors: list[Name] = Field(default=[], max_length=20)
    synopsis: str = Field(
        default="", max_length=4000, validation_alias=AliasChoices("synopsis", "description")
    )
    house_line: str = Field(default="", max_length=200)


class MovieChange(Body):
    """Only what is given changes."""

    title: Title | None = None
    runtime_minutes: Runtime | None = Field(
        default=None, validation_alias=AliasChoices("runtime_minutes", "duration")
    )
    year: Year | None = None
    original_title: str | None = Field(default=None, max_length=200)
    certificate: str | None = Field(default=None, max_length=10)
    certificate_reason: str | None = Field(default=None, max_length=200)
    language: str | None = Field(default=None, max_length=60)
    is_subtitled: Flag | None = None
    genres: list[Genre] | None = Field(default=None, max_length=8)
    directors: list[Name] | None = Field(default=None, max_length=8)
    actors: list[Name] | None = Field(default=None, max_length=20)
    synopsis: str | None = Field(
        default=None, max_length=4000, validation_alias=AliasChoices("synopsis", "description")
    )
    house_line: str | None = Field(default=None, max_length=200)
