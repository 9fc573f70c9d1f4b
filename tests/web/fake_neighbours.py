"""The neighbours of the web service as one small Flask app with a memory: for tests, and to look at pages.

`python -m tests.web.fake_neighbours 5902` serves it, so that the website can be looked at alone.
"""

import sys
from typing import Any

from flask import Flask, request

from tests.web.fake_booking import add_booking
from tests.web.fake_catalogue import add_catalogue, problem
from tests.web.fake_world import PRICES, World, an_id

__all__ = ["PRICES", "World", "an_id", "fake_neighbours"]


def fake_neighbours(world: World) -> Flask:
    """Every path of movies, payment, ticket, notification and auth that the pages ask for."""
    app = Flask("fake_neighbours")

    @app.before_request
    def remember_the_question() -> Any:
        world.asked.append((request.method, request.path, dict(request.headers)))
        service = request.headers.get("X-Fake-Service", "movies")
        return ("away", 503) if world.away & {service, request.path} else None

    add_catalogue(app, world)
    add_booking(app, world)

    @app.post("/internal/sessions/resolve")
    def resolve() -> Any:
        found = world.sessions.get(request.get_json()["session"])
        return found or problem(404, "not-found", "There is nothing here", "")

    @app.post("/internal/sessions/end")
    def end() -> Any:
        world.sessions.pop(request.get_json()["session"], None)
        return {"end_session_url": "http://issuer.test/logout"}

    @app.post("/lookups")
    def look_up() -> Any:
        email = request.get_json()["email"]
        if "@" not in email:
            return problem(422, "invalid", "Some of that is not acceptable", "email: this is no address")
        if world.looked_for.count(email) == 3:
            return problem(429, "too-many-requests", "Too many requests", "The limit is 3/hour.")
        world.looked_for.append(email)
        return "", 202

    @app.post("/test/pay/<reservation_id>")
    def pay_as_the_bank(reservation_id: str) -> Any:
        world.holds[reservation_id]["state"] = "ticketed"
        return {}

    return app


if __name__ == "__main__":
    fake_neighbours(World()).run(port=int(sys.argv[1]), threaded=True)
