"""An editor in the office, with movies played from a script."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from services.web.staff_clients import Office
from tests.web.fake_neighbours import World, an_id
from tests.web.manage.scripted import ScriptedClient

FILM, ROOM, SCREENING, CARD, PLAN = (
    an_id(name) for name in ("a film", "room 2", "a show", "a card", "a plan")
)


def film(**changes: Any) -> dict[str, Any]:
    return {
        "id": FILM,
        "title": "Vertigo",
        "original_title": "",
        "year": 1958,
        "runtime_minutes": 128,
        "certificate": "PG",
        "certificate_reason": "",
        "language": "English",
        "is_subtitled": False,
        "genres": ["Thriller"],
        "directors": ["Alfred Hitchcock"],
        "actors": [],
        "synopsis": "",
        "house_line": "",
        "poster_url": f"/movies/{FILM}/poster.svg?v=1",
    } | changes


def room(**changes: Any) -> dict[str, Any]:
    return {
        "id": ROOM,
        "cinema_id": an_id("cinema"),
        "cinema": "harbour-street",
        "number": "2",
        "about": "Downstairs",
        "step_free": True,
        "cleaning_minutes": 15,
        "rows": 2,
        "cols": 3,
        "capacity": 6,
        "kinds": {"standard": 6},
        "plan_id": PLAN,
        "plan_version": 3,
    } | changes


def plan(rows: tuple[str, ...] = ("sss", "sss")) -> dict[str, Any]:
    kinds = {"s": "standard", "w": "wheelchair", "c": "companion", "p": "premium"}
    seats = [
        {
            "label": f"{'AB'[rank]}{col + 1}",
            "row": "AB"[rank],
            "row_rank": rank,
            "number": col + 1,
            "kind": kinds[letter],
            "partner": None,
            "x": col + 1.6,
            "y": rank + 2.0,
            "angle": 0.0,
        }
        for rank, letters in enumerate(rows)
        for col, letter in enumerate(letters)
    ]
    layout = {
        "rows": [
            {"row": "AB"[rank], "seats": letters, "offset": 0.5 * rank, "gap": 0.0}
            for rank, letters in enumerate(rows)
        ],
        "curve": 4.0,
        "turn": 0.0,
        "numbering": "left",
        "notes": [{"text": "Way out", "place": "back"}],
    }
    return {
        "id": PLAN,
        "room_id": ROOM,
        "version": 3,
        "width": 5.2,
        "height": 5.0,
        "drawing": {"layout": layout},
        "seats": seats,
        "warnings": ["There is no wheelchair space in this room."],
    }


def showing(starts: datetime, **changes: Any) -> dict[str, Any]:
    """An entry of the office's schedule: two hours, 15 minutes of ads, 15 of cleaning."""
    ends = starts + timedelta(hours=2)
    return {
        "id": SCREENING,
        "movie_id": FILM,
        "title": "Vertigo",
        "room": {"id": ROOM, "number": "2", "capacity": 6},
        "starts_at": starts.isoformat(),
        "ends_at": ends.isoformat(),
        "free_at": (ends + timedelta(minutes=15)).isoformat(),
        "formats": [],
        "currency": "EUR",
        "price_from_cents": 950,
        "seats_free": 2,
        "capacity": 6,
        "availability": "filling",
        "state": "scheduled",
        "trailer_minutes": 15,
        "sold": 3,
        "held": 1,
        "takings_cents": 2850,
    } | changes


def schedule(world: World, *showings: dict[str, Any]) -> dict[str, Any]:
    """The week around the first showing, or around today."""
    first = datetime.fromisoformat(showings[0]["starts_at"]) if showings else datetime.now(UTC)
    monday = first.date() - timedelta(days=first.weekday())
    days = [monday + timedelta(days=ahead) for ahead in range(7)]
    found = {day: [s for s in showings if s["starts_at"][:10] == day.isoformat()] for day in days}
    rooms = {day: [{"room": s["room"], "screenings": [s]} for s in found[day]] for day in days}
    return {"cinema": world.cinema, "days": [{"day": day.isoformat(), "rooms": rooms[day]} for day in days]}


def screening(world: World, **changes: Any) -> dict[str, Any]:
    starts = datetime(2030, 3, 5, 19, 0, tzinfo=UTC)
    more = {"movie": film(), "cinema": world.cinema, "plan_id": PLAN, "prices": []}
    until = {"call_off_until": (starts + timedelta(days=1)).isoformat()}
    return showing(starts) | {"seats_free": 6} | more | until | changes


@pytest.fixture
def movies() -> ScriptedClient:
    return ScriptedClient(
        {
            "GET /movies": {"movies": [film()], "total": 1, "page": 1, "pages": 1},
            f"GET /movies/{FILM}": film(),
            f"GET /movies/{FILM}/screenings": {"screenings": []},
            "GET /rooms": {"rooms": [room()]},
            f"GET /rooms/{ROOM}": room(),
            f"GET /plans/{PLAN}": plan(),
            "GET /price-cards": {"price_cards": []},
        }
    )


@pytest.fixture
def office(app: Flask, world: World, movies: ScriptedClient, browser: Any) -> Any:
    """The browser of a signed-in editor."""
    client: Any = movies
    app.extensions["marquee.neighbours"] = replace(
        app.extensions["marquee.neighbours"], office=Office(client)
    )
    movies.answers.setdefault("GET /schedule", schedule(world))
    browser.sign_in(world, "viewer", "editor")
    return browser
