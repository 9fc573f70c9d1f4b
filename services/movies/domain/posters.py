"""The poster of a film in the catalogue."""

import hashlib

from services.movies.models import Movie
from services.movies.posters import PosterFacts, UndrawableText, poster_svg

# Raised when the generator draws the same facts differently, so that browsers fetch anew.
GENERATOR = 1


def poster_facts(movie: Movie) -> PosterFacts:
    genre = movie.genres[0] if movie.genres else "Drama"
    return PosterFacts(movie.title, movie.year, genre, tuple(movie.directors), movie.original_title)


def poster_version(movie: Movie) -> str:
    """Changes exactly when the picture may."""
    seen = repr((GENERATOR, poster_facts(movie), movie.poster_variant))
    return hashlib.sha256(seen.encode()).hexdigest()[:12]


def draw_poster(movie: Movie) -> str:
    """As SVG. A title that no house font can write leaves the year on the sheet."""
    facts = poster_facts(movie)
    try:
        return poster_svg(facts, movie.poster_variant)
    except UndrawableText:
        nameless = PosterFacts(str(movie.year), movie.year, facts.genre, facts.directors)
        return poster_svg(nameless, movie.poster_variant)
