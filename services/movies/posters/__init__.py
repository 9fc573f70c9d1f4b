"""House posters: every film has one, drawn from its facts."""

from services.movies.posters.facts import PosterFacts
from services.movies.posters.lettering import UndrawableText, is_drawable
from services.movies.posters.poster import poster_svg
from services.movies.posters.variants import assign_variants

__all__ = ["PosterFacts", "UndrawableText", "assign_variants", "is_drawable", "poster_svg"]
