"""Idempotency keys as Stripe keeps them: a key's first answer, whatever it was, is its answer for good."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from local.stripe_fake.errors import IdempotencyConflict, IdempotencyKeyInUse, Json
from local.stripe_fake.store import Store

LONGEST_KEY = 255


@dataclass(frozen=True)
class Answer:
    status: int
    body: Json
    request_id: str


class IdempotentAnswers:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """Own `key` while its call runs; a twin that comes meanwhile gets IdempotencyKeyInUse."""
        _refuse_long(key)
        with self._lock:
            if key in self._running:
                raise IdempotencyKeyInUse(
                    "There is currently another in-progress request using this Idempotent Key (that probably "
                    "means you submitted twice, and the other request is still going through): "
                    f"{key}. Please try again later.",
                    code="idempotency_key_in_use",
                )
            self._running.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(key)

    def find(self, key: str, fingerprint: str) -> Answer | None:
        with self._store.reading() as connection:
            row = connection.execute("SELECT * FROM idempotent_answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row["fingerprint"] != fingerprint:
            raise IdempotencyConflict(
                "Keys for idempotent requests can only be used with the same parameters they were first used "
                f"with. Try using a key other than '{key}' if you meant to execute a different request."
            )
        return Answer(row["status"], json.loads(row["body"]), row["request_id"])

    def keep(self, key: str, fingerprint: str, answer: Answer) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO idempotent_answers (key, fingerprint, status, body, request_id)"
                " VALUES (?, ?, ?, ?, ?)",
                (key, fingerprint, answer.status, json.dumps(answer.body), answer.request_id),
            )


def fingerprint_of(method: str, path: str, params: Json) -> str:
    told = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _refuse_long(key: str) -> None:
    if len(key) > LONGEST_KEY:
        raise IdempotencyConflict(f"Idempotency keys can be at most {LONGEST_KEY} characters long.")
