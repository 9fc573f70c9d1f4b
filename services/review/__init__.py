"""What people say about films. For now: the diary, which a used ticket begins."""

from flask import Flask

from services.review.settings import ReviewSettings


def create_app(settings: ReviewSettings | None = None) -> Flask:
    # Imported here so that the worker comes up without the routes.
    from marquee.app import build_app, seal
    from services.review.routes import diary

    settings = settings or ReviewSettings.from_environment()
    return seal(
        build_app(__name__, settings, apis=[diary.api], description="The community around the films.")
    )
