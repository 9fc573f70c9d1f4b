"""Starts what Marquee is held against: a bare Flask service, and pgbench with the statements of a hold."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from bench.bookings import Place
from local.ports import free_port
from local.servers.binaries import find_postgres
from local.suite import Suite

ROOT = Path(__file__).resolve().parent.parent

# What holding one seat writes, at the least: the hold, its seat with the price, the claim.
HOLD_SCRIPT = """
\\set n random(1, 1000000000)
BEGIN;
SELECT pg_advisory_xact_lock(:n);
WITH place AS (SELECT screening_id, plan_id, seat FROM bench_places WHERE n = (SELECT nextval('bench_next'))),
hold AS (
    INSERT INTO reservations (id, screening_id, owner, state, version, expires_at, extensions, total_cents,
        currency, email, name, method, attempt, decline_message, link_key, cancel_reason)
    SELECT gen_random_uuid(), screening_id, 'guest:' || :n || '-' || seat, 'held', 0,
        now() + interval '10 minutes', 0, 950, 'EUR', '', '', '', 0, '', '', '' FROM place
    RETURNING id, screening_id
),
seat AS (
    INSERT INTO reservation_seats (reservation_id, seat, kind, ticket_type, price_cents)
    SELECT hold.id, place.seat, 'standard', 'adult', 950 FROM hold, place
)
INSERT INTO seat_claims (screening_id, seat, plan_id, reservation_id, expires_at)
SELECT hold.screening_id, place.seat, place.plan_id, hold.id, now() + interval '10 minutes' FROM hold, place
ON CONFLICT DO NOTHING;
COMMIT;
"""


@contextmanager
def bare_flask(suite: Suite) -> Iterator[str]:
    """The reference service beside the suite: same gunicorn settings, same PostgreSQL server."""
    url = suite.site.postgres.ensure_database("reference", "reference")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE IF NOT EXISTS reference (id uuid PRIMARY KEY, seat text NOT NULL)")
        )
    engine.dispose()
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "WORKER_CLASS": "gthread",
        "REFERENCE_DSN": url.replace("postgresql+psycopg2://", "postgresql://"),
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "-c", "shared/marquee/gunicorn.py", "--no-control-socket"),
        "bench.bare_flask:create_app()",
    ]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def pgbench_holds(suite: Suite, places: list[Place], *, clients: int, seconds: int) -> Mapping[str, float]:
    """Transactions a second and their mean time, straight at PostgreSQL with no Python in between."""
    url = suite.database_url("movies")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE bench_places (n bigserial PRIMARY KEY, screening_id uuid, seat text, plan_id uuid)"
            )
        )
        connection.execute(text("CREATE SEQUENCE bench_next"))
        connection.execute(
            text("INSERT INTO bench_places (screening_id, seat) VALUES (:screening_id, :seat)"),
            [vars(place) for place in places],
        )
        connection.execute(
            text(
                "UPDATE bench_places b SET plan_id = s.plan_id FROM screenings s WHERE s.id = b.screening_id"
            )
        )
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(HOLD_SCRIPT)
        script.flush()
        transactions = max(1, len(places) // clients)
        finished = subprocess.run(
            [
                str(find_postgres() / "pgbench"),
                *("-n", "-c", str(clients), "-j", "2", "-t", str(transactions), "-f", script.name),
                url.replace("postgresql+psycopg2://", "postgresql://"),
            ],
            capture_output=True,
            text=True,
            timeout=seconds * 10,
        )
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE bench_places; DROP SEQUENCE bench_next"))
    engine.dispose()
    if finished.returncode:
        raise RuntimeError(f"pgbench: {finished.stderr}")
    output = finished.stdout
    return {
        "per_second": float(_find(r"tps = ([\d.]+)", output)),
        "mean_ms": float(_find(r"latency average = ([\d.]+)", output)),
    }


def _find(pattern: str, output: str) -> str:
    found = re.search(pattern, output)
    if not found:
        raise RuntimeError(f"pgbench said: {output}")
    return found[1]
