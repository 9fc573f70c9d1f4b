"""The catalogue, for those who keep a copy of titles."""

from uuid import UUID

from marquee.contracts.base import Event


class MovieAdded(Event):
    movie_id: UUID
    title: str
    original_title: str
    year: int
    runtime_minutes: int
    genres: list[str]
    directors: list[str]


class MovieChanged(MovieAdded):
    """The same facts, new."""


class MovieRemoved(Event):
    """Out of the catalogue; history keeps it."""

    movie_id: UUID
