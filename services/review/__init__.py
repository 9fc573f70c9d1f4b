"""What people say about films. For now: the diary, which a used ticket begins."""

from flask import Flask

from marquee.app import build_app, seal
from services.review.routes import diary
from services.review.settings import ReviewSettings


def create_app(settings: ReviewSettings | None = None) -> Flask:
    settings = settings or ReviewSettings.from_environment()
    return seal(
        build_app(__name__, settings, apis=[diary.api], description="The community around the films.")
    )
