"""Movies: what plays, which seats are free, and who has them."""

from flask import Flask

from services.movies.settings import MoviesSettings

DESCRIPTION = "Catalogue, rooms and screenings; holds and reservations of seats."


def create_app(settings: MoviesSettings | None = None) -> Flask:
    # Imported here so that the worker and the migrations come up without the routes.
    from marquee.app import build_app, seal
    from services.movies.routes import ALL

    settings = settings or MoviesSettings.from_environment()
    return seal(build_app(__name__, settings, apis=ALL, description=DESCRIPTION))
