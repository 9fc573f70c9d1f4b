"""What must be true of the whole house at any quiet moment, whatever happened before.

All databases, Stripe's own ledger and the mailbox are copied into one SQLite; each invariant is a query that
must find nothing. I1 to I16 are the numbers of the reliability plan.
"""

import json
import sqlite3
from datetime import datetime
from typing import Any

import psycopg2

from marquee.messaging.topology import SUBSCRIPTIONS, matches
from services.movies.domain.transitions import EDGES as RESERVATION_EDGES
from services.payment.domain.transitions import EDGES as PAYMENT_EDGES
from tests.journeys.house import House, header

TABLES = {
    "movies": ("reservations", "reservation_seats", "seat_claims", "reservation_transitions"),
    "payment": ("payments", "payment_transitions", "stripe_events"),
    "ticket": ("bookings", "tickets", "admissions"),
    "notification": ("mails",),
    "review": (),
    "auth": (),
}
# Older than this, and something that should have moved on is stuck.
QUIET_SECONDS = 15

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
    "I6 who paid has a ticket per seat": f"""
        SELECT r.id, r.state FROM reservations r
        WHERE (r.state = 'ticketed' OR r.state = 'confirmed' AND r.updated_at < (SELECT now FROM clock) - {QUIET_SECONDS})
            AND (SELECT count(*) FROM reservation_seats s WHERE s.reservation_id = r.id)
                <> (SELECT count(*) FROM tickets t JOIN bookings b ON b.id = t.booking_id
                    WHERE b.id = r.id AND b.state = 'valid')
    """,
    "I6 who did not pay has none": """
        SELECT r.id, r.state FROM reservations r JOIN bookings b ON b.id = r.id
        WHERE b.state = 'valid' AND r.state NOT IN ('confirmed', 'ticketed')
    """,
    "I7 nothing is stuck": f"""
        SELECT id, state FROM reservations, clock
        WHERE state = 'held' AND expires_at < now - 5
            OR state = 'paying' AND expires_at < now - {QUIET_SECONDS}
            OR state IN ('confirmed', 'refund_due') AND updated_at < now - {QUIET_SECONDS}
    """,
    "I7 no payment is stuck": f"""
        SELECT p.id, p.state, p.wanted FROM payments p, clock
        WHERE p.state IN ('creating', 'refunding') AND p.updated_at < now - {QUIET_SECONDS}
            OR p.wanted <> 'paid' AND p.state IN ('open', 'processing') AND p.updated_at < now - {QUIET_SECONDS}
            OR p.state = 'refund_failed'
    """,
    "I7 no letter is stuck": f"""
        SELECT template, subject_id, last_error FROM mails, clock
        WHERE state = 'due' AND created_at < now - {QUIET_SECONDS}
    """,
    "I8 every event was sent": """
        SELECT service, routing_key FROM outbox, clock WHERE published_at IS NULL AND created_at < now - 5
    """,
    "I9 every event arrived at everybody who listens": """
        SELECT e.routing_key, e.consumer, e.event_id FROM expected e, clock
        WHERE e.created_at < now - 5
            AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.service = e.consumer AND inbox.event_id = e.event_id)
    """,
    "I12 a letter has one Message-ID and one telling": """
        SELECT message_id FROM letters GROUP BY message_id HAVING count(DISTINCT subject) > 1
    """,
    "I12 a letter that was sent has arrived": """
        SELECT template, subject_id FROM mails WHERE state = 'sent'
            AND NOT EXISTS (SELECT 1 FROM letters WHERE message_id LIKE '<' || template || '.' || subject_id || '@%')
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
    "I15 only Stripe's own events are kept": """
        SELECT id FROM stripe_events WHERE id NOT IN (SELECT id FROM stripe_told)
    """,
    "I16 a ticket is used once": """
        SELECT ticket_id FROM admissions WHERE undone_at IS NULL GROUP BY 1 HAVING count(*) > 1
    """,
}


def violations(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """What is wrong, by invariant; empty when nothing is."""
    books = sqlite3.connect(":memory:")
    try:
        _copy(house, books)
        found = {name: books.execute(query).fetchall() for name, query in QUERIES.items()}
    finally:
        books.close()
    return {name: rows for name, rows in found.items() if rows}


def _copy(house: House, books: sqlite3.Connection) -> None:
    # Stripe first: what it says of a charge can only be older than what our rows say of it.
    _copy_stripe(house, books)
    _copy_mailbox(house, books)
    for service, tables in TABLES.items():
        _copy_service(house, books, service, tables)
    _fill(
        books,
        "legal",
        [
            {"machine": machine, "source": source, "target": target}
            for machine, edges in (("reservation", RESERVATION_EDGES), ("payment", PAYMENT_EDGES))
            for source, targets in edges.items()
            for target in targets
        ],
    )
    sent = books.execute(
        "SELECT event_id, routing_key, created_at FROM outbox WHERE published_at IS NOT NULL"
    )
    _fill(
        books,
        "expected",
        [
            {"event_id": event, "routing_key": key, "created_at": at, "consumer": service}
            for event, key, at in sent.fetchall()
            for service in _handling(key)
        ],
        ["event_id", "routing_key", "created_at", "consumer"],
    )


def _copy_service(house: House, books: sqlite3.Connection, service: str, tables: tuple[str, ...]) -> None:
    address = house.suite.database_url(service).replace("postgresql+psycopg2", "postgresql")
    connection = psycopg2.connect(address)
    try:
        with connection, connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"SELECT * FROM {table}")
                _fill(books, table, _rows(cursor), [column.name for column in cursor.description])
            for table in ("outbox", "inbox"):
                cursor.execute(f"SELECT '{service}' AS service, * FROM {table}")
                _fill(books, table, _rows(cursor), [column.name for column in cursor.description])
            if service == "movies":
                cursor.execute("SELECT now() AS now")
                _fill(books, "clock", _rows(cursor))
    finally:
        connection.close()


def _copy_stripe(house: House, books: sqlite3.Connection) -> None:
    intents = house.stripe_control.get("/_control/ledger")["intents"]
    columns = ["id", "reservation_id", "currency", "received", "refunded", "net", "refunds"]
    _fill(
        books,
        "intents",
        [
            {
                **{name: intent[name] for name in ("id", "currency", "received", "refunded", "net")},
                "reservation_id": intent["metadata"].get("reservation_id"),
                "refunds": sum(refund["status"] == "succeeded" for refund in intent["refunds"]),
            }
            for intent in intents
        ],
        columns,
    )
    told = house.stripe_control.get("/_control/webhooks?limit=100000")["deliveries"]
    _fill(books, "stripe_told", [{"id": one["event_id"]} for one in told], ["id"])


def _copy_mailbox(house: House, books: sqlite3.Connection) -> None:
    listed = house.mailbox.get("/api/messages?limit=500")["messages"]
    letters = [house.mailbox.get(f"/api/messages/{one['id']}") for one in listed]
    _fill(
        books,
        "letters",
        [{"message_id": header(letter, "Message-ID"), "subject": letter["subject"]} for letter in letters],
        ["message_id", "subject"],
    )


def _handling(routing_key: str) -> list[str]:
    from tests.conventions.test_events import EVENTS, HANDLERS

    return [
        service
        for service, patterns in SUBSCRIPTIONS.items()
        if any(matches(pattern, routing_key) for pattern in patterns)
        and EVENTS[routing_key] in HANDLERS[service]
    ]


def _rows(cursor: Any) -> list[dict[str, Any]]:
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _fill(
    books: sqlite3.Connection, table: str, rows: list[dict[str, Any]], columns: list[str] | None = None
) -> None:
    names = columns or list(rows[0])
    books.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(names)})")
    marks = ", ".join("?" for _ in names)
    books.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
        [[_plain(row[name]) for name in names] for row in rows],
    )


def _plain(value: Any) -> Any:
    """As SQLite keeps it; moments as seconds, so that queries can reckon."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value if value is None or isinstance(value, int | float | str) else str(value)
