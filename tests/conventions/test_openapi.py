"""Schemathesis reads each service's OpenAPI and tries to catch the service not keeping to it.

Over real HTTP and on a real database, as a signed-in admin; every default check counts.
"""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from sqlalchemy import text
from werkzeug.serving import WSGIRequestHandler, make_server

from marquee.clock import utc_now
from marquee.migrate import SERVICES as WITH_DATABASE
from marquee.testing.database import empty
from services.movies.demo.world import build_world

GUEST = "g" * 40
# Rules that a schema cannot state, so that data which fits it may still be refused.
BEYOND_THE_SCHEMA = {
    "/webhooks/stripe": "signed by Stripe",
    "/auth/backchannel-logout": "signed by the issuer",
    "/auth/callback": "belongs to a sign-in that was begun in the same browser",
    "/price-cards": "each kind of seat and ticket once; the cinema by id or by slug",
    "/price-cards/{card_id}": "each kind of seat and ticket once",
    "/rooms": "rows and columns, or a layout; the cinema by id or by slug",
    "/rooms/{room_id}/plans": "a layout that can be built",
    "/plans/preview": "a layout that can be built",
    "/screenings": "its start as a moment, or as date and time; 31 days at most",
    "/screenings/{screening_id}": "its start as a moment, or as date and time",
    "/movies/{movie_id}/screenings": "its start as a moment, or as date and time",
    "/screenings/{screening_id}/holds": "seats of this room",
    "/screenings/{screening_id}/seat-advice": "seats of this room",
    "/schedule": "31 days at most, the first before the last",
    "/reservations": "an address that mail can be sent to, a name that can be printed",
    "/lookups": "an address that mail can be sent to",
}

# Where a check takes something for a fault that is meant: path, check, reason.
MEANT = [
    *(
        (f"/auth/{way}", "not_a_server_error", "503: there is no issuer here")
        for way in ("login", "register", "signin")
    ),
    ("/movies/{movie_id}/poster.svg", "use_after_free", "old bookings and diaries go on showing the poster"),
    ("/movies/{movie_id}/screenings", "ensure_resource_availability", "its 404 may be about the room"),
]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*Schemathesis.*")


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_a_service_does_what_its_description_says(apps, databases, mint, service):
    found = failures(apps[service], mint, examples=5)

    assert not found, "\n\n".join(found)
    assert_nothing_hangs(databases[service])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("service", [name for name in WITH_DATABASE if name != "movies"])
def test_a_service_does_so_however_hard_one_tries(apps, databases, mint, service):
    empty(databases[service])

    found = failures(apps[service], mint, examples=60, stateful=True)

    assert not found, "\n\n".join(found)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_movies_does_so_with_films_rooms_and_bookings_that_exist(apps, databases, mint):
    with empty(databases["movies"]).transaction() as session:
        build_world(session, now=utc_now())
    known = things_of_movies(apps["movies"], mint)
    best: dict[str, int] = {}

    found = failures(apps["movies"], mint, examples=30, stateful=True, known=known, best=best)

    assert not found, "\n\n".join(found)
    unreached = sorted(operation for operation, status in best.items() if status >= 300)
    assert len(unreached) <= len(best) / 10, unreached


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_every_route_is_described(apps, service):
    app = apps[service]
    described = {(path, method) for path, item in described_paths(app).items() for method in item}
    served = {
        (as_described(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }

    assert served - described == set()


def failures(
    app: Flask,
    mint: Any,
    *,
    examples: int,
    stateful: bool = False,
    known: dict[str, list[str]] | None = None,
    best: dict[str, int] | None = None,
) -> list[str]:
    """What the checks complained about, each kind once, with a way to see it again.

    `known` are values that exist, by where they go; `best` is filled with the lowest status of each operation.
    """
    found: dict[tuple[str, str], str] = {}
    tried: Counter[str] = Counter()
    with served(app) as address:
        schema = schemathesis.openapi.from_url(
            f"{address}/openapi.json",
            config=config(mint, examples=examples, stateful=stateful, known=known or {}),
        )
        happened = list(from_schema(schema).execute())
    for event in happened:
        if isinstance(event, events.NonFatalError | events.FatalError):
            error = getattr(event, "value", None) or event.exception
            found[type(error).__name__, getattr(event, "label", "")] = f"{type(error).__name__}: {error}"
        if isinstance(event, events.ScenarioFinished | events.FuzzScenarioFinished):
            tried[event.recorder.label] += len(event.recorder.cases)
            if best is not None:
                note_best(event.recorder, best)
            for failure, code_sample, answer in failed_checks(event.recorder):
                key = (type(failure).__name__, failure.operation)
                told = f"{failure.operation}: {failure.title}: {failure.message}\n{answer}\n{code_sample}"
                found.setdefault(key, told)
    assert tried, "nothing was tried"
    return list(found.values())


def failed_checks(recorder: Any) -> list[tuple[Any, str, str]]:
    return [
        (check.failure_info.failure, check.failure_info.code_sample, answer_to(recorder, case))
        for case, checks in recorder.checks.items()
        for check in checks
        if check.status is Status.FAILURE
    ]


def note_best(recorder: Any, best: dict[str, int]) -> None:
    for case, interaction in recorder.interactions.items():
        if interaction.response is not None and case in recorder.cases:
            operation = recorder.cases[case].value.operation.label
            best[operation] = min(best.get(operation, 999), interaction.response.status_code)


def things_of_movies(app: Flask, mint: Any) -> dict[str, list[str]]:
    """Ids of the demo world, of holds and of a booking, for the parameters that want them."""
    client, guest = app.test_client(), {"X-Guest-Token": GUEST}
    films = [film["id"] for film in client.get("/movies").json["movies"]]
    rooms = client.get("/rooms").json["rooms"]
    programme = client.get("/programme").json
    day = client.get(f"/programme?day={programme['days'][3]['day']}").json
    screenings = [showing["id"] for film in day["films"] for showing in film["screenings"]]
    cards = client.get("/price-cards", headers=mint.headers(roles=["editor"])).json["price_cards"]
    holds = []
    for screening in screenings[-3:]:
        seats = client.get(f"/screenings/{screening}/best-seats?people=1").json["seats"]
        wish = {"seats": [{"seat": seats[0]}]}
        holds.append(client.post(f"/screenings/{screening}/holds", json=wish, headers=guest).json["id"])
    payment = {"hold_id": holds[0], "email": "ann@example.org"}
    booking = client.post("/reservations", json=payment, headers=guest).json["id"]
    return {
        "path.movie_id": films,
        "path.room_id": [room["id"] for room in rooms],
        "path.plan_id": [room["plan_id"] for room in rooms],
        "path.screening_id": screenings,
        "path.card_id": [card["id"] for card in cards],
        "path.hold_id": holds,
        "path.reservation_id": [booking],
        "query.cinema": [programme["cinema"]["slug"]],
        "body.cinema": [programme["cinema"]["slug"]],
        "body.movie_id": films,
        "body.room_id": [room["id"] for room in rooms],
        "body.price_card_id": [card["id"] for card in cards],
        "body.hold_id": holds,
    }


def answer_to(recorder: Any, case: str) -> str:
    answer = recorder.interactions[case].response
    return f"{answer.status_code} {answer.content[:400]!r}" if answer else "no answer"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        pass


def config(mint: Any, *, examples: int, stateful: bool, known: dict[str, list[str]]) -> SchemathesisConfig:
    admin = mint.access_token(
        roles=["admin", "editor", "staff", "viewer"],
        lifetime_seconds=3600,
        resource_access={
            "marquee-ticket": {"roles": ["tickets.read"]},
            "marquee-auth": {"roles": ["sessions.read"]},
        },
    )
    return SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {admin}", "X-Guest-Token": GUEST},
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "database": "none",
                # PostgreSQL's text holds all characters but this one; tests of its refusal stand elsewhere.
                "allow-x00": False,
            },
            "phases": {"stateful": {"enabled": stateful}},
            "reports": {},
            "dictionaries": {place.replace(".", "_"): {"values": values} for place, values in known.items()},
            "parameters": {
                place: {"dictionary": place.replace(".", "_"), "probability": 0.8} for place in known
            },
            "operations": [
                {"include-path": path, "checks": {"positive_data_acceptance": {"enabled": False}}}
                for path in BEYOND_THE_SCHEMA
            ]
            + [{"include-path": path, "checks": {check: {"enabled": False}}} for path, check, _ in MEANT],
        }
    )


def described_paths(app: Flask) -> dict[str, Any]:
    return app.api_doc["paths"]


def as_described(rule: str) -> str:
    """Flask's `<uuid:id>` as OpenAPI's `{id}`."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def assert_nothing_hangs(database: Any) -> None:
    """Whatever was sent, the database still answers, and nothing hangs in a transaction."""
    with database.transaction() as session:
        idle = session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
            )
        )
    assert idle == 0
