"""How long backup, restore and check take at 100,000 bookings: `python -m bench.restoring`. Writes to the terminal only."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from local.ports import free_port
from local.servers import Postgres, find_postgres
from marquee.databases import SERVICES
from marquee.migrate import migrate
from ops.addresses import Address
from ops.backup import back_up
from ops.invariants import open_books
from ops.restore import restore

BOOKINGS = 100_000

# Two seats each, all ticketed; a screening sells a hundred bookings. The screenings themselves are left out, and so
# are the foreign keys that lead to them.
FILL = {
    "movies": """
        ALTER TABLE reservations DROP CONSTRAINT fk_reservations_screening_id_screenings;
        ALTER TABLE seat_claims DROP CONSTRAINT fk_seat_claims_screening_id_plan_id_screenings;
        ALTER TABLE seat_claims DROP CONSTRAINT fk_seat_claims_plan_id_seat_seats;
        INSERT INTO reservations (id, screening_id, owner, state, version, expires_at, extensions, total_cents,
            currency, email, name, method, attempt, decline_message, link_key, cancel_reason)
        SELECT KEY(n), KEY(1000000 + n / 100), 'guest:' || md5(n::text), 'ticketed', 3, now(), 0, 2400, 'EUR',
            'guest' || n || '@example.org', 'Guest number ' || n, 'element', 1, '', md5(n::text), ''
        FROM generate_series(1, %(bookings)s) n;
        INSERT INTO reservation_seats
        SELECT KEY(n), chr(65 + (n %% 100) / 10) || ((n %% 10) * 2 + s), 'standard', 'adult', 1200
        FROM generate_series(1, %(bookings)s) n, generate_series(1, 2) s;
        INSERT INTO seat_claims (screening_id, seat, plan_id, reservation_id)
        SELECT r.screening_id, s.seat, KEY(5), r.id FROM reservations r JOIN reservation_seats s ON s.reservation_id = r.id;
        INSERT INTO reservation_transitions (reservation_id, version, source, target, cause)
        SELECT KEY(n), v.version, v.source, v.target, v.cause FROM generate_series(1, %(bookings)s) n, (VALUES
            (1, 'held', 'paying', 'payment started'), (2, 'paying', 'confirmed', 'paid'),
            (3, 'confirmed', 'ticketed', 'tickets issued')) v (version, source, target, cause);
    """,
    "payment": """
        INSERT INTO payments (id, reservation_id, attempt, owner, link_key, email, method, description, amount_cents,
            currency, state, wanted, version, key_generation, provider_id, intent_id, decline_code,
            decline_message, failures)
        SELECT KEY(n), KEY(n), 1, 'guest:' || md5(n::text), md5(n::text), 'guest' || n || '@example.org', 'element',
            'Vertigo, two seats', 2400, 'EUR', 'succeeded', 'paid', 2, 0, 'pi_' || n, 'pi_' || n, '', '', 0
        FROM generate_series(1, %(bookings)s) n;
        INSERT INTO payment_transitions (payment_id, version, source, target, cause)
        SELECT KEY(n), v.version, v.source, v.target, v.cause FROM generate_series(1, %(bookings)s) n, (VALUES
            (1, 'creating', 'open', 'created at the provider'), (2, 'open', 'succeeded', 'read back'))
            v (version, source, target, cause);
        INSERT INTO stripe_events SELECT 'evt_' || n, 'payment_intent.succeeded', 'pi_' || n,
            jsonb_build_object('id', n, 'data', repeat(md5(n::text), 60)) FROM generate_series(1, %(bookings)s / 3) n;
    """,
    "ticket": """
        INSERT INTO bookings (id, reference, owner, link_key, screening_id, starts_at, ends_at, facts, state, void_reason)
        SELECT KEY(n), left(md5(n::text), 6), 'guest:' || md5(n::text), md5(n::text), KEY(1000000 + n / 100), now(), now(),
            jsonb_build_object('name', 'Guest number ' || n, 'about', repeat(md5(n::text), 30)), 'valid', ''
        FROM generate_series(1, %(bookings)s) n;
        INSERT INTO tickets (id, booking_id, seat, kind, ticket_type, price_cents, key_id)
        SELECT KEY(10000000 + n * 2 + s), KEY(n), chr(65 + (n %% 100) / 10) || ((n %% 10) * 2 + s), 'standard',
            'adult', 1200, 1
        FROM generate_series(1, %(bookings)s) n, generate_series(1, 2) s;
    """,
}
EVENTS = """
    INSERT INTO outbox (event_id, routing_key, envelope, created_at, published_at)
    SELECT gen_random_uuid(), 'movie.removed', jsonb_build_object('data', repeat(md5(n::text), 20)),
        now() - interval '3 days', now() - interval '3 days' FROM generate_series(1, %(bookings)s / 10) n
"""
KEY = """
    CREATE FUNCTION pg_temp.key(n bigint) RETURNS uuid LANGUAGE sql
    AS $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$
"""


def main() -> None:
    os.environ["PG_BIN"] = str(find_postgres())
    with _server() as server, tempfile.TemporaryDirectory() as folder:
        source = _databases(server, "source")
        for name, statements in FILL.items():
            _fill(server, f"source_{name}", statements + EVENTS)
            _say(f"filled {name}\n")
        backup = back_up(source, Path(folder), keep=0, say=_say)
        target = {name: Address(server.ensure_database(f"target_{name}", "bench")) for name in SERVICES}
        restore(backup, target, client=None, replace=False, say=_say)
        began = time.perf_counter()
        books = open_books(target, _intents())
        found = books.violations(quiet_seconds=1200, moment_seconds=60)
        # Nobody ran here who would have sent and heard the events.
        wrong = [name for name in found if not name.startswith(("I8", "I9"))]
        _say(f"check of the books: {time.perf_counter() - began:.1f} s, wrong: {wrong}\n")


def _databases(server: Postgres, prefix: str) -> dict[str, Address]:
    found = {name: Address(server.ensure_database(f"{prefix}_{name}", "bench")) for name in SERVICES}
    for name, address in found.items():
        migrate(name, address.url)
    return found


def _fill(server: Postgres, database: str, statements: str) -> None:
    url = server.superuser_url(database).replace("postgresql+psycopg2", "postgresql")
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(KEY)
        cursor.execute(statements.replace("KEY(", "pg_temp.key("), {"bookings": BOOKINGS})


def _intents() -> Iterator[dict[str, object]]:
    for number in range(1, BOOKINGS + 1):
        hexed = f"{number:032x}"
        reservation = "-".join((hexed[:8], hexed[8:12], hexed[12:16], hexed[16:20], hexed[20:]))
        money = {"received": 2400, "refunded": 0, "net": 2400, "refunds": 0}
        yield {"id": f"pi_{number}", "reservation_id": reservation, "currency": "eur", **money}


@contextmanager
def _server() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as folder:
        Path(folder).chmod(0o711)
        server = Postgres(Path(folder), free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
