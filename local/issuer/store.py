"""What must survive a restart, in one SQLite file: people, keys, sessions, codes, failed logins."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
  id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, email TEXT NOT NULL UNIQUE,
  first_name TEXT NOT NULL, last_name TEXT NOT NULL, email_verified INTEGER NOT NULL,
  enabled INTEGER NOT NULL, password_hash TEXT NOT NULL, roles TEXT NOT NULL, created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS failures (
  user_id TEXT PRIMARY KEY, count INTEGER NOT NULL, last_at REAL NOT NULL, locked_until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS keys (
  kid TEXT PRIMARY KEY, component_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, use TEXT NOT NULL,
  pem TEXT NOT NULL, priority INTEGER NOT NULL, active INTEGER NOT NULL, enabled INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pending (
  id TEXT PRIMARY KEY, browser TEXT NOT NULL, code TEXT NOT NULL, request TEXT NOT NULL,
  created_at REAL NOT NULL, done INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
  sid TEXT PRIMARY KEY, cookie_hash TEXT NOT NULL, user_id TEXT NOT NULL, auth_time REAL NOT NULL,
  started_at REAL NOT NULL, seen_at REAL NOT NULL, remembered INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS client_sessions (
  id TEXT PRIMARY KEY, sid TEXT NOT NULL, client_id TEXT NOT NULL, UNIQUE (sid, client_id));
CREATE TABLE IF NOT EXISTS codes (
  hash TEXT PRIMARY KEY, client_session_id TEXT NOT NULL, sid TEXT NOT NULL, client_id TEXT NOT NULL,
  request TEXT NOT NULL, expires_at REAL NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refresh_tokens (
  hash TEXT PRIMARY KEY, client_session_id TEXT NOT NULL, sid TEXT NOT NULL, client_id TEXT NOT NULL,
  user_id TEXT NOT NULL, scope TEXT NOT NULL, expires_at REAL NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS access_tokens (
  jti TEXT PRIMARY KEY, client_session_id TEXT NOT NULL, expires_at REAL NOT NULL, revoked INTEGER NOT NULL);
"""
_FORGOTTEN_AFTER_SECONDS = 86_400
_LONGEST_SESSION_SECONDS = 2_592_000


class Store:
    """One connection that threads take in turns: SQLite has one writer anyway."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and alone: two refreshes with one token can never both win."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        rows = self.all(query, *values)
        return rows[0] if rows else None

    def run(self, statement: str, *values: Any) -> None:
        with self._lock:
            self._connection.execute(statement, values)

    def insert(self, table: str, **row: Any) -> None:
        """`table` and the column names are always literals of this package."""
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        self.run(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *row.values())  # noqa: S608

    def forget_old(self, now: float) -> None:
        self.run("DELETE FROM pending WHERE created_at < ?", now - _FORGOTTEN_AFTER_SECONDS)
        for table in ("codes", "refresh_tokens", "access_tokens"):
            past = now - _FORGOTTEN_AFTER_SECONDS
            self.run(f"DELETE FROM {table} WHERE expires_at < ?", past)  # noqa: S608
        self.run("DELETE FROM sessions WHERE started_at < ?", now - _LONGEST_SESSION_SECONDS)
        self.run("DELETE FROM client_sessions WHERE sid NOT IN (SELECT sid FROM sessions)")

    def close(self) -> None:
        self._connection.close()
