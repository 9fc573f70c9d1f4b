"""Films, rooms and posters."""

from datetime import date
from functools import partial
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from services.web.clients import Json, movies, or_without
from services.web.page_cache import shared_page
from services.web.pages import PUBLIC_PAGE, Pages
from services.web.routes.programme import wanted_day
from services.web.settings import WebSettings
from services.web.site import all_cinemas, chosen_cinema
from services.web.views.film import Elsewhere, elsewhere, schedule_of, structured_data
from services.web.views.showings import film_from

pages = Pages("movies", __name__)


@pages.get("/movies", access=PUBLIC_PAGE)
@shared_page
def films() -> str:
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    q = request.args.get("q", "").strip()[:100]
    answer = or_without(lambda: movies().movies(page, q))
    found = [film_from(movie) for movie in answer["movies"]] if answer else []
    return render_template("views/films.html", answer=answer, films=found, q=q)


@pages.get("/movies/<uuid:movie_id>", access=PUBLIC_PAGE)
@shared_page
def film(movie_id: UUID) -> str:
    found = film_from(movies().movie(str(movie_id)))
    answer = or_without(lambda: movies().schedule(str(movie_id), chosen_cinema()))
    text = wanted_day()
    day = date.fromisoformat(text) if text else None
    schedule = schedule_of(answer, day) if answer else None
    public_url = WebSettings.current().public_url
    return render_template(
        "views/film.html",
        film=found,
        schedule=schedule,
        elsewhere=_elsewhere(str(movie_id), day, answer) if answer and schedule and not schedule.day else [],
        data=structured_data(found, schedule, answer["cinema"] if answer else None, public_url),
    )


def _elsewhere(movie_id: str, day: date | None, here: Json) -> list[Elsewhere]:
    """Where a film plays that is not on at the house of the schedule `here`."""
    slugs = [cinema["slug"] for cinema in all_cinemas() if cinema["slug"] != here["cinema"]["slug"]]
    answers = (or_without(partial(movies().schedule, movie_id, slug)) for slug in slugs)
    found = (elsewhere(answer, day) for answer in answers if answer)
    return [house for house in found if house]


@pages.get("/movies/<uuid:movie_id>/screenings/<uuid:screening_id>/seats", access=PUBLIC_PAGE)
def seats_alias(movie_id: UUID, screening_id: UUID) -> AnyResponse:
    return redirect(url_for("seats.seat_map_page", screening_id=screening_id), 301)


@pages.get("/rooms", access=PUBLIC_PAGE)
@shared_page
def rooms() -> str:
    found = or_without(lambda: movies().rooms(chosen_cinema()))
    return render_template("views/rooms.html", rooms=found)


@pages.get("/posters/<uuid:movie_id>.svg", access=PUBLIC_PAGE)
def poster(movie_id: UUID) -> Response:
    found = movies().poster(str(movie_id), request.args.get("v", "")[:40])
    response = Response(found.body, content_type=found.content_type)
    response.headers["Cache-Control"] = found.cache_control
    # Drawn by us, but a picture needs no rights of its own even when opened directly.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
