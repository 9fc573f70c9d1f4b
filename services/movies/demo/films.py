"""The films of the demo world: real facts, our own words."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

GENRES = (
    "Science fiction",
    "Horror",
    "Romance",
    "Comedy",
    "Crime",
    "Thriller",
    "Drama",
    "Western",
    "Adventure",
    "Fantasy",
    "Musical",
    "War",
    "History",
    "Animation",
    "Documentary",
)
CERTIFICATES = ("U", "PG", "12A", "15", "18")


@dataclass(frozen=True)
class DemoFilm:
    """One film as a programmer would enter it; the first genre is the leading one."""

    title: str
    original_title: str
    year: int
    directors: tuple[str, ...]
    actors: tuple[str, ...]
    genres: tuple[str, ...]
    runtime_minutes: int
    certificate: str
    certificate_reason: str
    language: str
    subtitled: bool
    synopsis: str
    house_line: str


@cache
def _load_films() -> tuple[DemoFilm, ...]:
    text = resources.files(__package__).joinpath("films.json").read_text(encoding="utf-8")
    return tuple(_to_film(entry) for entry in json.loads(text))


def _to_film(entry: dict[str, Any]) -> DemoFilm:
    lists = {name: tuple(entry[name]) for name in ("directors", "actors", "genres")}
    return DemoFilm(**{**entry, **lists})


def demo_films() -> list[DemoFilm]:
    """The films in programme order."""
    return list(_load_films())
