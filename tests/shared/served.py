"""An app for tests of how gunicorn serves: one quick answer, and one that takes its time."""

import os
import time
from pathlib import Path
from typing import Any

from flask import Flask

from marquee.api import Api, Shape
from marquee.app import build_app, seal
from marquee.auth import PUBLIC
from marquee.settings import Settings
from marquee.testing.apps import settings_for_tests


class ServedSettings(Settings):
    service: str = "served"
    keycloak_client_id: str = "marquee-movies"


class Answer(Shape):
    number: int


def create_app() -> Flask:
    api = Api("served", __name__)

    @api.get("/quick", access=PUBLIC, answers={200: Answer})
    def quick() -> Any:
        return Answer(number=1)

    @api.get("/slow", access=PUBLIC, answers={200: Answer})
    def slow() -> Any:
        Path(os.environ["INSIDE"]).touch()
        time.sleep(2.5)
        return Answer(number=2)

    return seal(build_app(__name__, ServedSettings(**settings_for_tests(log_level="WARNING")), apis=[api]))
