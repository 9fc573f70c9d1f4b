"""Questions put to a person that wait for the answer: a login begun, a logout to confirm."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.issuer.sessions import fingerprint
from local.issuer.store import Store


@dataclass(frozen=True)
class Pending:
    id: str
    code: str
    request: dict[str, Any]
    created_at: float
    done: bool

    def accepts(self, code: str) -> bool:
        return hmac.compare_digest(self.code.encode(), code.encode())


class PendingRequests:
    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock

    def open(self, browser: str, request: dict[str, Any]) -> Pending:
        """`browser` is the cookie of the browser that alone may answer."""
        pending = Pending(secrets.token_urlsafe(9), secrets.token_urlsafe(24), request, self._clock(), False)
        self._store.insert(
            "pending",
            **vars(pending) | {"request": json.dumps(request)},
            browser=fingerprint(browser),
        )
        return pending

    def find(self, pending_id: str, browser: str) -> Pending | None:
        row = self._store.one(
            "SELECT * FROM pending WHERE id = ? AND browser = ?", pending_id, fingerprint(browser)
        )
        if row is None:
            return None
        request = json.loads(row["request"])
        return Pending(row["id"], row["code"], request, row["created_at"], bool(row["done"]))

    def renew(self, pending: Pending) -> Pending:
        """A form that was answered is worth nothing; the next one has a new code."""
        code, now = secrets.token_urlsafe(24), self._clock()
        self._store.run("UPDATE pending SET code = ?, created_at = ? WHERE id = ?", code, now, pending.id)
        return Pending(pending.id, code, pending.request, now, pending.done)

    def close(self, pending: Pending) -> None:
        self._store.run("UPDATE pending SET done = 1 WHERE id = ?", pending.id)

    def age_seconds(self, pending: Pending) -> float:
        return self._clock() - pending.created_at
