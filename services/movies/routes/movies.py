"""The catalogue, and the films' posters."""

from flask import Response, request

from marquee.api import Answer, Api
from marquee.auth import PUBLIC, role
from marquee.clock import utc_now
from marquee.db import transaction
from services.movies.domain import catalogue, posters
from services.movies.domain.catalogue import MovieFacts
from services.movies.domain.showings import find_movie
from services.movies.schemas.catalogue import (
    MovieChange,
    MoviePath,
    MovieRequest,
    Movies,
    MovieSearch,
    MovieShape,
    PosterVersion,
)

api = Api("movies", __name__)

_SVG = {"description": "The poster", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}
_FOR_EVER, _FOR_MINUTES = "public, max-age=31536000, immutable", "public, max-age=300"
# The drawing styles itself and loads nothing; opened by itself it must not run anything either.
_POSTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@api.get("/movies", access=PUBLIC, answers={200: Movies})
def list_movies(query: MovieSearch) -> Answer:
    """By title, 25 a page."""
    with transaction() as session:
        found = catalogue.list_movies(session, page=query.page, query=query.q)
    movies = [MovieShape.of(movie) for movie in found.movies]
    return Movies(
        movies=movies, total=found.total, page=found.page, pages=found.pages, suggestion=found.suggestion
    )


@api.get("/movies/feed", access=PUBLIC, answers={200: Movies})
def feed_movies(query: MovieSearch) -> Answer:
    """The same as /movies."""
    return list_movies(query)


@api.get("/movies/<uuid:movie_id>", access=PUBLIC, answers={200: MovieShape}, summary="A film")
def get_movie(path: MoviePath) -> Answer:
    with transaction() as session:
        return MovieShape.of(find_movie(session, path.movie_id))


@api.get("/movies/<uuid:movie_id>/poster.svg", access=PUBLIC, answers={200: _SVG, 304: None})
def get_poster(path: MoviePath, query: PosterVersion) -> Answer:
    """Asked for by the version in `poster_url`, it may be kept for ever. Removed films keep theirs."""
    with transaction() as session:
        movie = find_movie(session, path.movie_id, even_removed=True)
    version = posters.poster_version(movie)
    answer = Response(content_type="image/svg+xml; charset=utf-8")
    answer.set_etag(version)
    answer.headers["Cache-Control"] = _FOR_EVER if query.v == version else _FOR_MINUTES
    answer.headers["Content-Security-Policy"] = _POSTER_POLICY
    if version in request.if_none_match:
        answer.status_code = 304
        return answer
    answer.set_data(posters.draw_poster(movie))
    return answer


@api.post(
    "/movies",
    access=role("editor"),
    answers={201: MovieShape},
    problems=(409,),
    summary="Add a film to the catalogue",
)
def add_movie(body: MovieRequest) -> Answer:
    given = body.model_dump(exclude_unset=True) | {"year": body.year or utc_now().year}
    with transaction() as session:
        movie = catalogue.add_movie(session, MovieFacts(**given))
        return MovieShape.of(movie), 201, {"Location": f"/movies/{movie.id}"}


@api.put("/movies/<uuid:movie_id>", access=role("editor"), answers={200: MovieShape}, problems=(409,))
def change_movie(path: MoviePath, body: MovieChange) -> Answer:
    """Changes only what is given."""
    changes = body.model_dump(exclude_none=True)
    with transaction() as session:
        return MovieShape.of(catalogue.change_movie(session, path.movie_id, changes))


@api.delete("/movies/<uuid:movie_id>", access=role("editor"), answers={204: None}, problems=(409,))
def remove_movie(path: MoviePath) -> Answer:
    """With its unsold screenings to come; refused while people have booked it."""
    with transaction() as session:
        catalogue.remove_movie(session, path.movie_id, now=utc_now())
