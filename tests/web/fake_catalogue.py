"""What movies answers about films, days and seats."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, jsonify, request

from tests.web.fake_world import REDUCED, ZONE, World, an_id


def owner() -> str | None:
    """The person where one is known. What a guest held is theirs only after it was taken along."""
    return _owner_by("Authorization") or guest()


def guest() -> str | None:
    return _owner_by("X-Guest-Token")


def _owner_by(header: str) -> str | None:
    token = request.headers.get(header)
    return hashlib.sha256(token.encode()).hexdigest() if token else None


def problem(status: int, kind: str, title: str, detail: str, **members: Any) -> Any:
    body = {"type": f"/problems/{kind}", "title": title, "status": status, "detail": detail, **members}
    return jsonify(body), status


def add_catalogue(app: Flask, world: World) -> None:
    _add_houses(app, world)
    _add_films(app, world)
    _add_times(app, world)
    _add_seats(app, world)


def _add_houses(app: Flask, world: World) -> None:
    @app.get("/cinemas")
    def cinemas() -> Any:
        return {"cinemas": [world.cinema, *world.others], "rules": world.rules}

    @app.get("/rooms")
    def rooms() -> Any:
        room = {
            "id": an_id("room 1"),
            "cinema": world.cinema["slug"],
            "number": "1",
            "rows": 11,
            "cols": 18,
            "capacity": 142,
            "about": "The large one",
            "step_free": True,
            "kinds": {"standard": 120, "premium": 22},
        }
        more = [room | {"id": an_id(other["slug"]), "cinema": other["slug"]} for other in world.others]
        return {"rooms": [room, *more]}

    @app.get("/plans/<plan_id>")
    def plan(plan_id: str) -> Any:
        return world.plan


def _add_films(app: Flask, world: World) -> None:
    @app.get("/movies")
    def movies() -> Any:
        q = request.args.get("q", "").casefold()
        found = [m for m in world.movies.values() if q in m["title"].casefold()]
        suggestion = None if found else "Paper Moon"
        return {"movies": found, "total": len(found), "page": 1, "pages": 1, "suggestion": suggestion}

    @app.get("/movies/<movie_id>")
    def movie(movie_id: str) -> Any:
        return world.movies.get(movie_id) or problem(404, "not-found", "There is nothing here", "")

    @app.get("/movies/<movie_id>/poster.svg")
    def poster(movie_id: str) -> Any:
        shapes = (
            '<path fill="#14213d" d="M0 0h400v600H0z"/><circle cx="200" cy="200" r="130" fill="#f2e6c4"/>'
        )
        version = world.movies[movie_id]["poster_url"].rpartition("?v=")[2]
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 600" id="v{version}">{shapes}</svg>'
        is_asked_for = request.args.get("v") == version
        keep = "public, max-age=31536000, immutable" if is_asked_for else "public, max-age=300"
        return Response(svg, content_type="image/svg+xml", headers={"Cache-Control": keep})


def _add_times(app: Flask, world: World) -> None:
    @app.get("/movies/<movie_id>/schedule")
    def schedule(movie_id: str) -> Any:
        days: dict[str, list[dict[str, Any]]] = {}
        other = next((o for o in world.others if o["slug"] == request.args.get("cinema")), None)
        for screening in world.screenings.values():
            if screening["movie_id"] == movie_id and not other:
                day = (
                    datetime.fromisoformat(screening["starts_at"])
                    .astimezone(ZoneInfo(ZONE))
                    .date()
                    .isoformat()
                )
                days.setdefault(day, []).append(
                    {"room": screening["room"], "formats": screening["formats"], "screenings": [screening]}
                )
        prices = [
            {"ticket_type": t, "from_cents": max(0, 950 - less), "to_cents": max(0, 1150 - less)}
            for t, less in REDUCED.items()
        ]
        return {
            "cinema": other or world.cinema,
            "days": [{"day": d, "rooms": r} for d, r in days.items()],
            "prices": prices,
        }

    @app.get("/screenings")
    def screenings() -> Any:
        start, end = (datetime.fromisoformat(request.args[name]) for name in ("from", "to"))
        found = [
            s for s in world.screenings.values() if start <= datetime.fromisoformat(s["starts_at"]) < end
        ]
        return {"cinema": world.cinema, "screenings": sorted(found, key=lambda s: s["starts_at"])}

    @app.get("/programme")
    def programme() -> Any:
        day = request.args.get("day") or world.opened.date().isoformat()
        local = {
            s["id"]: datetime.fromisoformat(s["starts_at"]).astimezone(ZoneInfo(ZONE))
            for s in world.screenings.values()
        }
        films = []
        for movie in world.movies.values():
            own = [s for s in world.screenings.values() if s["movie_id"] == movie["id"]]
            here = [s for s in own if local[s["id"]].date().isoformat() == day]
            later = [s for s in own if local[s["id"]].date().isoformat() > day]
            then = [
                {
                    "day": local[s["id"]].date().isoformat(),
                    "times": [{"starts_at": s["starts_at"], "screening_id": s["id"]}],
                }
                for s in later
            ]
            if here:
                films.append({"movie": movie, "screenings": here, "then": then})
        days = [
            {
                "day": (world.opened.date() + timedelta(days=n)).isoformat(),
                "films": max(0, 7 - n),
                "screens": 3,
            }
            for n in range(14)
        ]
        first = films[0]["screenings"][0] if films else None
        following = next(s for s in world.screenings.values() if local[s["id"]].date() > world.opened.date())
        next_day = {
            "day": local[following["id"]].date().isoformat(),
            "starts_at": following["starts_at"],
            "title": following["title"],
            "screening_id": following["id"],
        }
        return {
            "cinema": world.cinema,
            "day": day,
            "now": world.now().isoformat(),
            "days": days,
            "films": films,
            "next": first,
            "next_day": next_day,
        }


def _add_seats(app: Flask, world: World) -> None:
    @app.get("/screenings/<screening_id>")
    def screening(screening_id: str) -> Any:
        found = world.screenings.get(screening_id)
        return (
            world.screening_shape(found) if found else problem(404, "not-found", "There is nothing here", "")
        )

    @app.get("/screenings/<screening_id>/seats")
    def seats(screening_id: str) -> Any:
        states = world.states(screening_id, owner())
        version = hashlib.sha256(repr(sorted(world.claims[screening_id].items())).encode()).hexdigest()[:12]
        return {
            "screening_id": screening_id,
            "plan_id": world.plan["id"],
            "version": version,
            "seats": states,
            "free": sum(s == "free" for s in states.values()),
        }

    @app.get("/screenings/<screening_id>/best-seats")
    def best(screening_id: str) -> Any:
        people = int(request.args["people"])
        states = world.states(screening_id, owner())
        for row in "GFHJEDCKBA":
            labels = [s["label"] for s in world.plan["seats"] if s["row"] == row]
            for start in range(4, len(labels) - people):
                if all(states[label] == "free" for label in labels[start : start + people]):
                    return {
                        "seats": labels[start : start + people],
                        "words": f"Row {row}, centre, two thirds back",
                        "relaxed": world.relaxed,
                    }
        return problem(409, "not-enough-seats", "There are not enough seats left", "Not for all of you.")
