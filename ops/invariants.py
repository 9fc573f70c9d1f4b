"""What must be true of the whole house at any quiet moment, whatever happened before.

All databases and Stripe's own ledger are copied into one SQLite; each invariant is a query that must find nothing.
The numbers are those of the list in docs/operations/backup.md.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from marquee.messaging.topology import SUBSCRIPTIONS, groups_for
from ops.addresses import Address
from services.movies.domain.transitions import EDGES as RESERVATION_EDGES
from services.payment.domain.transitions import EDGES as PAYMENT_EDGES

__all__ = ["QUERIES", "Books", "open_books"]

Row = Mapping[str, Any]
Violations = dict[str, list[tuple[Any, ...]]]

# What is read of each table; nothing else is needed, and least of all what people are called.
TABLES = {
    "movies": {
        "reservations": "id, screening_id, owner, state, version, expires_at, total_cents, currency, updated_at",
        "reservation_seats": "reservation_id, seat, price_cents",
        "seat_claims": "screening_id, seat, reservation_id",
        "reservation_transitions": "reservation_id, version, source, target",
    },
    "payment": {
        "payments": "id, reservation_id, state, wanted, version, amount_cents, currency, updated_at",
        "payment_transitions": "payment_id, version, source, target",
        "stripe_events": "id",
    },
    "ticket": {
        "bookings": "id, screening_id, state",
        "tickets": "id, booking_id, seat",
        "admissions": "ticket_id, undone_at",
    },
    "notification": {"mails": "template, subject_id, state, created_at, last_error"},
    "review": {},
    "auth": {},
}
MESSAGING = {"outbox": "event_id, routing_key, created_at, published_at", "inbox": "event_id"}

# :quiet is how many seconds something may take to move on, :moment how many an event may be under way.
QUERIES = {
    "I1 no seat is sold twice": """
        SELECT screening_id, seat FROM tickets JOIN bookings ON bookings.id = booking_id
        WHERE bookings.state = 'valid' GROUP BY 1, 2 HAVING count(*) > 1
    """,
    "I2 a live reservation without its claim": """
        SELECT r.id, r.state, s.seat FROM reservations r JOIN reservation_seats s ON s.reservation_id = r.id
        WHERE (r.state IN ('paying', 'confirmed', 'ticketed') OR r.state = 'held' AND r.expires_at > (SELECT now FROM clock))
            AND NOT EXISTS (SELECT 1 FROM seat_claims c WHERE c.screening_id = r.screening_id
                AND c.seat = s.seat AND c.reservation_id = r.id)
    """,
    "I2 a claim without its live reservation": """
        SELECT c.screening_id, c.seat, r.state FROM seat_claims c LEFT JOIN reservations r ON r.id = c.reservation_id
        WHERE r.id IS NULL OR r.state NOT IN ('held', 'paying', 'confirmed', 'ticketed')
            OR NOT EXISTS (SELECT 1 FROM reservation_seats s WHERE s.reservation_id = r.id AND s.seat = c.seat)
    """,
    "I3 every charge has one home": """
        SELECT i.id, i.net, r.state FROM intents i LEFT JOIN reservations r ON r.id = i.reservation_id
        WHERE i.net <> 0 AND (r.id IS NULL OR r.state NOT IN ('confirmed', 'ticketed')
            OR r.total_cents <> i.net OR lower(r.currency) <> i.currency)
    """,
    "I4 nobody pays twice": """
        SELECT reservation_id FROM intents WHERE net > 0 GROUP BY 1 HAVING count(*) > 1
    """,
    "I4 nothing is given back twice": """
        SELECT id, refunds FROM intents WHERE refunds > 1 OR refunded > received
    """,
    "I5 Stripe's net is the sum of the confirmed reservations": """
        SELECT currency, sum(net) AS differs FROM (
            SELECT currency, net FROM intents
            UNION ALL SELECT lower(currency), -total_cents FROM reservations WHERE state IN ('confirmed', 'ticketed')
        ) GROUP BY 1 HAVING sum(net) <> 0
    """,
    "I5 Stripe's net is the sum of the payments": """
        SELECT currency, sum(net) AS differs FROM (
            SELECT currency, net FROM intents
            UNION ALL SELECT lower(currency), -amount_cents FROM payments WHERE state = 'succeeded'
        ) GROUP BY 1 HAVING sum(net) <> 0
    """,
    "I5 a reservation costs what its seats cost": """
        SELECT r.id FROM reservations r
        WHERE r.total_cents <> (SELECT coalesce(sum(s.price_cents), 0)
            FROM reservation_seats s WHERE s.reservation_id = r.id)
    """,
    "I6 who paid has a ticket per seat": """
        SELECT r.id, r.state FROM reservations r
        WHERE (r.state = 'ticketed' OR r.state = 'confirmed' AND r.updated_at < (SELECT now FROM clock) - :quiet)
            AND (SELECT count(*) FROM reservation_seats s WHERE s.reservation_id = r.id)
                <> (SELECT count(*) FROM tickets t JOIN bookings b ON b.id = t.booking_id
                    WHERE b.id = r.id AND b.state = 'valid')
    """,
    "I6 who did not pay has none": """
        SELECT r.id, r.state FROM reservations r JOIN bookings b ON b.id = r.id
        WHERE b.state = 'valid' AND r.state NOT IN ('confirmed', 'ticketed')
    """,
    "I7 nothing is stuck": """
        SELECT id, state FROM reservations, clock
        WHERE state = 'held' AND expires_at < now - :moment
            OR state = 'paying' AND expires_at < now - :quiet
            OR state IN ('confirmed', 'refund_due') AND updated_at < now - :quiet
    """,
    "I7 no payment is stuck": """
        SELECT p.id, p.state, p.wanted FROM payments p, clock
        WHERE p.state IN ('creating', 'refunding') AND p.updated_at < now - :quiet
            OR p.wanted <> 'paid' AND p.state IN ('open', 'processing') AND p.updated_at < now - :quiet
            OR p.state = 'refund_failed'
    """,
    "I7 no letter is stuck": """
        SELECT template, subject_id, last_error FROM mails, clock
        WHERE state = 'due' AND created_at < now - :quiet
    """,
    "I8 every event was sent": """
        SELECT service, routing_key FROM outbox, clock WHERE published_at IS NULL AND created_at < now - :moment
    """,
    "I9 every event arrived at everybody who listens": """
        SELECT e.routing_key, e.consumer, e.event_id FROM expected e, clock
        WHERE e.created_at < now - :moment
            AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.service = e.consumer AND inbox.event_id = e.event_id)
    """,
    "I12 no letter was given up": """
        SELECT template, subject_id, last_error FROM mails WHERE state = 'given_up'
    """,
    "I13 reservations go legal ways only": """
        SELECT reservation_id, source, target FROM reservation_transitions
        WHERE (source, target) NOT IN (SELECT source, target FROM legal WHERE machine = 'reservation')
    """,
    "I13 versions of reservations have no gap": """
        SELECT r.id, r.version, count(t.version) AS steps FROM reservations r
        LEFT JOIN reservation_transitions t ON t.reservation_id = r.id
        GROUP BY 1, 2 HAVING count(t.version) <> r.version OR coalesce(max(t.version), 0) <> r.version
    """,
    "I13 a step begins where the last one ended": """
        SELECT b.reservation_id, a.target, b.source FROM reservation_transitions a
        JOIN reservation_transitions b ON b.reservation_id = a.reservation_id AND b.version = a.version + 1
        WHERE a.target <> b.source
    """,
    "I13 payments go legal ways only": """
        SELECT payment_id, source, target FROM payment_transitions
        WHERE (source, target) NOT IN (SELECT source, target FROM legal WHERE machine = 'payment')
    """,
    "I13 versions of payments have no gap": """
        SELECT p.id, p.version FROM payments p LEFT JOIN payment_transitions t ON t.payment_id = p.id
        GROUP BY 1, 2 HAVING count(t.version) <> p.version
    """,
    "I14 nobody has more than eight seats of a screening": """
        SELECT r.owner, r.screening_id FROM reservations r JOIN seat_claims c ON c.reservation_id = r.id
        GROUP BY 1, 2 HAVING count(*) > 8
    """,
    "I16 a ticket is used once": """
        SELECT ticket_id FROM admissions WHERE undone_at IS NULL GROUP BY 1 HAVING count(*) > 1
    """,
}


class Books:
    """The copy that is checked."""

    def __init__(self) -> None:
        self._books = sqlite3.connect(":memory:")

    def close(self) -> None:
        self._books.close()

    def fill(self, table: str, columns: Iterable[str], rows: Iterable[Row]) -> None:
        names = list(columns)
        self._books.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(names)})")
        marks = ", ".join("?" for _ in names)
        self._books.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608 - our own names
            ([_plain(row[name]) for name in names] for row in rows),
        )

    def fill_from_stripe(self, intents: Iterable[Row]) -> None:
        """Before the databases: what Stripe says of a charge can only be older than what our rows say of it."""
        columns = ("id", "reservation_id", "currency", "received", "refunded", "net", "refunds")
        self.fill("intents", columns, intents)

    def fill_from_databases(self, addresses: Mapping[str, Address]) -> None:
        for service, tables in TABLES.items():
            self._copy(service, addresses[service], tables)
        self._index()
        edges = (("reservation", RESERVATION_EDGES), ("payment", PAYMENT_EDGES))
        self.fill(
            "legal",
            ("machine", "source", "target"),
            (
                {"machine": machine, "source": source, "target": target}
                for machine, legal in edges
                for source, targets in legal.items()
                for target in targets
            ),
        )
        sent = self._books.execute(
            "SELECT event_id, routing_key, created_at FROM outbox WHERE published_at IS NOT NULL"
        ).fetchall()
        self.fill(
            "expected",
            ("event_id", "routing_key", "created_at", "consumer"),
            (
                {"event_id": event, "routing_key": key, "created_at": at, "consumer": consumer}
                for event, key, at in sent
                for consumer in groups_for(key, SUBSCRIPTIONS)
            ),
        )

    def violations(
        self, queries: Mapping[str, str] = QUERIES, *, quiet_seconds: float, moment_seconds: float
    ) -> Violations:
        """What is wrong, by invariant; empty when nothing is."""
        limits = {"quiet": quiet_seconds, "moment": moment_seconds}
        found = {name: self._books.execute(query, limits).fetchall() for name, query in queries.items()}
        return {name: rows for name, rows in found.items() if rows}

    def _copy(self, service: str, address: Address, tables: Mapping[str, str]) -> None:
        with closing(address.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for table, columns in {**tables, **MESSAGING}.items():
                cursor.execute(f"SELECT '{service}' AS service, {columns} FROM {table}")  # noqa: S608 - our own names
                names = [column.name for column in cursor.description or ()]
                self.fill(table, names, (dict(zip(names, row, strict=True)) for row in cursor))
            if service == "movies":
                cursor.execute("SELECT now() AS now")
                self.fill("clock", ["now"], [{"now": row[0]} for row in cursor])

    def _index(self) -> None:
        """Without these a hundred thousand bookings take hours."""
        for table, columns in (
            ("reservations", "id"),
            ("reservation_seats", "reservation_id"),
            ("seat_claims", "reservation_id, seat"),
            ("reservation_transitions", "reservation_id, version"),
            ("payment_transitions", "payment_id"),
            ("bookings", "id"),
            ("tickets", "booking_id"),
            ("inbox", "event_id, service"),
        ):
            name = f"{table}_by_{columns.split(',')[0]}"
            self._books.execute(f"CREATE INDEX {name} ON {table} ({columns})")


def open_books(addresses: Mapping[str, Address], intents: Iterable[Row]) -> Books:
    """Copy everything as it is now."""
    books = Books()
    books.fill_from_stripe(intents)
    books.fill_from_databases(addresses)
    return books


def _plain(value: Any) -> Any:
    """As SQLite keeps it; moments as seconds, so that queries can reckon."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value if value is None or isinstance(value, int | float | str) else str(value)
