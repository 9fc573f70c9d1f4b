"""Who is signed in: the person's session (SSO), and below it one session per client."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from local.issuer.realm import Client, Realm
from local.issuer.store import Store


@dataclass(frozen=True)
class Session:
    sid: str
    user_id: str
    auth_time: float
    started_at: float
    seen_at: float
    remembered: bool


@dataclass(frozen=True)
class Grant:
    """What a code or a refresh token stands for."""

    session: Session
    client_session_id: str
    request: dict[str, Any]


class Sessions:
    def __init__(self, store: Store, realm: Realm, clock: Callable[[], float]) -> None:
        self._store, self._realm, self._clock = store, realm, clock

    def start(self, user_id: str, *, remembered: bool) -> tuple[Session, str]:
        """A new session and the secret its cookie carries."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        session = Session(secrets.token_urlsafe(18), user_id, now, now, now, remembered)
        self._store.insert("sessions", **vars(session), cookie_hash=fingerprint(cookie))
        return session, cookie

    def by_cookie(self, cookie: str) -> Session | None:
        row = self._store.one("SELECT * FROM sessions WHERE cookie_hash = ?", fingerprint(cookie))
        return self._if_alive(row)

    def find(self, sid: str) -> Session | None:
        return self._if_alive(self._store.one("SELECT * FROM sessions WHERE sid = ?", sid))

    def of_user(self, user_id: str) -> list[Session]:
        rows = self._store.all("SELECT * FROM sessions WHERE user_id = ?", user_id)
        return [session for row in rows if (session := self._if_alive(row))]

    def touch(self, session: Session) -> None:
        self._store.run("UPDATE sessions SET seen_at = ? WHERE sid = ?", self._clock(), session.sid)

    def authenticate_again(self, session: Session) -> None:
        self._store.run("UPDATE sessions SET auth_time = ? WHERE sid = ?", self._clock(), session.sid)

    def end(self, sid: str) -> list[str]:
        """Ends the session; answers the clients that took part in it."""
        with self._store.transaction():
            rows = self._store.all("SELECT client_id FROM client_sessions WHERE sid = ?", sid)
            self._store.run("DELETE FROM client_sessions WHERE sid = ?", sid)
            self._store.run("DELETE FROM sessions WHERE sid = ?", sid)
        return [row["client_id"] for row in rows]

    def idle_seconds(self, session: Session) -> int:
        """How long the session lasts from now without being used."""
        idle, _ = self._limits(session)
        return max(0, min(idle, self.remaining_seconds(session)))

    def remaining_seconds(self, session: Session) -> int:
        _, longest = self._limits(session)
        return int(session.started_at + longest - self._clock())

    # --- one client's part in a session ----------------------------------------------------------

    def join(self, session: Session, client: Client) -> str:
        """The client's session below `session`, made when missing."""
        with self._store.transaction():
            row = self._store.one(
                "SELECT id FROM client_sessions WHERE sid = ? AND client_id = ?",
                session.sid,
                client.client_id,
            )
            if row:
                return str(row["id"])
            client_session_id = str(uuid4())
            self._store.insert(
                "client_sessions", id=client_session_id, sid=session.sid, client_id=client.client_id
            )
        return client_session_id

    def is_joined(self, client_session_id: str) -> bool:
        return self._store.one("SELECT 1 FROM client_sessions WHERE id = ?", client_session_id) is not None

    def leave(self, client_session_id: str) -> None:
        """All tokens of this client are dead from here on; the person stays signed in (SSO)."""
        self._store.run("DELETE FROM client_sessions WHERE id = ?", client_session_id)

    def issue_code(self, session: Session, client: Client, request: dict[str, Any]) -> str:
        code = f"{uuid4()}.{session.sid}.{client.uuid}"
        self._store.insert(
            "codes",
            hash=fingerprint(code),
            client_session_id=self.join(session, client),
            sid=session.sid,
            client_id=client.client_id,
            request=json.dumps(request),
            expires_at=self._clock() + self._realm.number("accessCodeLifespan"),
            used=False,
        )
        return code

    def _if_alive(self, row: sqlite3.Row | None) -> Session | None:
        if row is None:
            return None
        names = ("sid", "user_id", "auth_time", "started_at", "seen_at")
        session = Session(**{name: row[name] for name in names}, remembered=bool(row["remembered"]))
        idle, longest = self._limits(session)
        now = self._clock()
        is_alive = now < session.seen_at + idle and now < session.started_at + longest
        return session if is_alive else None

    def _limits(self, session: Session) -> tuple[int, int]:
        suffix = "RememberMe" if session.remembered else ""
        return (
            self._realm.number(f"ssoSessionIdleTimeout{suffix}"),
            self._realm.number(f"ssoSessionMaxLifespan{suffix}"),
        )


def fingerprint(secret: str) -> str:
    """What is stored of cookies, codes and refresh tokens: a stolen file signs nobody in."""
    return hashlib.sha256(secret.encode()).hexdigest()
