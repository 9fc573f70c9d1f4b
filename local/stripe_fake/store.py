"""The stand-in's memory: Stripe objects as JSON rows in one SQLite file that outlives kill -9."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.stripe_fake.errors import Json, ResourceMissing

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, parent TEXT,
    due_at REAL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_due ON objects (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_by_parent ON objects (parent, kind, seq);
CREATE TABLE IF NOT EXISTS idempotent_answers (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, manner TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due_at REAL NOT NULL, last_answer TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (state, due_at);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event_id);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ("objects", "idempotent_answers", "deliveries", "switches")


class Store:
    """All reads and writes happen inside `transaction()`, one at a time: SQLite has one writer anyway."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # WAL with NORMAL loses nothing when the process is killed, and spares an fsync per request.
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)
        self.after_commit: list[Callable[[], None]] = []

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._depth:  # already inside one: join it
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth = 0
        for announce in self.after_commit:
            announce()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For looks that change nothing: no write lock on the file, and nobody is woken afterwards."""
        with self._lock:
            yield self._connection

    def insert(self, body: Json, parent: str | None = None) -> Json:
        self._connection.execute(
            "INSERT INTO objects (id, kind, parent, due_at, body) VALUES (?, ?, ?, ?, ?)",
            (body["id"], body["object"], parent, body.get("_settle_at"), json.dumps(body)),
        )
        return body

    def save(self, body: Json) -> Json:
        self._connection.execute(
            "UPDATE objects SET body = ?, due_at = ? WHERE id = ?",
            (json.dumps(body), body.get("_settle_at"), body["id"]),
        )
        return body

    def due(self, now: float) -> list[Json]:
        """Objects whose `_settle_at` has come: something happens to them without a call."""
        rows = self._connection.execute("SELECT body FROM objects WHERE due_at <= ? ORDER BY due_at", (now,))
        return [json.loads(row["body"]) for row in rows]

    def find(self, kind: str, object_id: str) -> Json | None:
        row = self._connection.execute(
            "SELECT body FROM objects WHERE id = ? AND kind = ?", (object_id, kind)
        ).fetchone()
        return json.loads(row["body"]) if row else None

    def get(self, kind: str, object_id: str, param: str = "id") -> Json:
        body = self.find(kind, object_id)
        if body is None:
            raise ResourceMissing(kind.replace(".", " "), object_id, param)
        return body

    def newest_first(
        self, kind: str, parent: str | None = None, before_id: str | None = None
    ) -> Iterator[Json]:
        """Objects of one kind, newest first; `before_id` starts behind that object."""
        query = "SELECT body FROM objects WHERE kind = ?"
        values: list[str] = [kind]
        if parent is not None:
            query += " AND parent = ?"
            values.append(parent)
        if before_id is not None:
            query += " AND seq < (SELECT seq FROM objects WHERE id = ?)"
            values.append(before_id)
        for row in self._connection.execute(query + " ORDER BY seq DESC", values):
            yield json.loads(row["body"])

    def switch(self, name: str, default: Json) -> Json:
        row = self._connection.execute("SELECT value FROM switches WHERE name = ?", (name,)).fetchone()
        return {**default, **json.loads(row["value"])} if row else dict(default)

    def set_switch(self, name: str, value: Json) -> None:
        self._connection.execute(
            "INSERT INTO switches (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def forget_everything(self) -> None:
        for table in TABLES:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names come from the constant above
