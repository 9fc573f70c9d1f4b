"""Accounts: finding, making and checking them, and the lock against guessing."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from uuid import uuid4

from werkzeug.security import check_password_hash, generate_password_hash

from local.issuer.realm import ListedUser, Realm
from local.issuer.store import Store

DEFAULT_ROLES = "default-roles-{realm}"
# scrypt takes 16 MB and a tenth of a second: a burst of logins must not take the machine with it.
_HASHING = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class User:
    id: str
    username: str
    email: str
    first_name: str
    last_name: str
    email_verified: bool
    enabled: bool
    password_hash: str
    roles: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class UserExists(Exception):
    """Carries which of `username`, `email` is taken."""


class People:
    def __init__(self, store: Store, realm: Realm, clock: Callable[[], float]) -> None:
        self._store, self._realm, self._clock = store, realm, clock
        with store.transaction():
            for listed in realm.users:
                self._import_once(listed)

    def find(self, user_id: str) -> User | None:
        row = self._store.one("SELECT * FROM users WHERE id = ?", user_id)
        return _user(row) if row else None

    def named(self, name: str) -> User | None:
        """By username or e-mail, in any case of letters."""
        name = name.strip().lower()
        row = self._store.one("SELECT * FROM users WHERE username = ? OR email = ?", name, name)
        return _user(row) if row else None

    def list(self, search: str = "", first: int = 0, limit: int = 100) -> list[User]:
        pattern = f"%{search.lower()}%"
        query = (
            "SELECT * FROM users WHERE username LIKE ?1 OR email LIKE ?1 OR lower(first_name) LIKE ?1 "
            "OR lower(last_name) LIKE ?1 ORDER BY username LIMIT ?2 OFFSET ?3"
        )
        return [_user(row) for row in self._store.all(query, pattern, limit, first)]

    def create(
        self,
        *,
        username: str,
        email: str,
        first_name: str,
        last_name: str,
        password: str,
        email_verified: bool = False,
        enabled: bool = True,
    ) -> User:
        """A new person with the realm's default role. Raises UserExists("username") or UserExists("email")."""
        user = User(
            id=str(uuid4()),
            username=username.strip().lower(),
            email=email.strip().lower(),
            first_name=first_name.strip(),
            last_name=last_name.strip(),
            email_verified=email_verified,
            enabled=enabled,
            password_hash=hash_password(password),
            roles=frozenset({DEFAULT_ROLES.format(realm=self._realm.name)}),
        )
        with self._store.transaction():
            self.refuse_taken(user.username, user.email)
            self._insert(user)
        return user

    def refuse_taken(self, username: str, email: str) -> None:
        if self._store.one("SELECT 1 FROM users WHERE username = ?", username.strip().lower()):
            raise UserExists("username")
        if self._store.one("SELECT 1 FROM users WHERE email = ?", email.strip().lower()):
            raise UserExists("email")

    def set_enabled(self, user_id: str, enabled: bool) -> None:
        self._store.run("UPDATE users SET enabled = ? WHERE id = ?", enabled, user_id)

    def set_password(self, user_id: str, password: str) -> None:
        self._store.run("UPDATE users SET password_hash = ? WHERE id = ?", hash_password(password), user_id)

    def set_roles(self, user_id: str, roles: frozenset[str]) -> None:
        self._store.run("UPDATE users SET roles = ? WHERE id = ?", json.dumps(sorted(roles)), user_id)

    def delete(self, user_id: str) -> None:
        self._store.run("DELETE FROM users WHERE id = ?", user_id)

    def _import_once(self, listed: ListedUser) -> None:
        """As in Keycloak: a person who is there already keeps what was changed since."""
        if self.named(listed.username):
            return
        self._insert(
            User(
                id=listed.id,
                username=listed.username,
                email=listed.email,
                first_name=listed.first_name,
                last_name=listed.last_name,
                email_verified=listed.email_verified,
                enabled=listed.enabled,
                password_hash=_demo_hash(listed.password),
                roles=listed.roles,
            )
        )

    def _insert(self, user: User) -> None:
        row = vars(user) | {"roles": json.dumps(sorted(user.roles)), "created_at": self._clock()}
        self._store.insert("users", **row)


class LoginGuard:
    """Counts failed logins per person and locks as the realm says."""

    def __init__(self, store: Store, realm: Realm, clock: Callable[[], float]) -> None:
        self._store, self._realm, self._clock = store, realm, clock

    def is_locked(self, user_id: str) -> bool:
        row = self._row(user_id)
        return row is not None and self._clock() < row["locked_until"]

    def record_failure(self, user_id: str) -> None:
        with self._store.transaction():
            now, row = self._clock(), self._row(user_id)
            count = (row["count"] if row else 0) + 1
            hasty = row is not None and now - row["last_at"] < self._quick_seconds
            wait = self._wait_seconds(count, hasty)
            self._store.run(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", user_id, count, now, now + wait
            )

    def forgive(self, user_id: str) -> None:
        self._store.run("DELETE FROM failures WHERE user_id = ?", user_id)

    def forgive_all(self) -> None:
        self._store.run("DELETE FROM failures")

    def status(self, user_id: str) -> dict[str, object]:
        row = self._row(user_id)
        return {
            "numFailures": row["count"] if row else 0,
            "disabled": self.is_locked(user_id),
            "lastFailure": int(row["last_at"] * 1000) if row else 0,
            "failedLoginNotBefore": int(row["locked_until"]) if row else 0,
        }

    @property
    def _quick_seconds(self) -> float:
        return self._realm.number("quickLoginCheckMilliSeconds") / 1000

    def _wait_seconds(self, count: int, hasty: bool) -> int:
        """Failures 5-9 wait 60 s each, 10-14 120 s, ...; two within a second wait at once."""
        steps = count // self._realm.number("failureFactor")
        earned = steps * self._realm.number("waitIncrementSeconds")
        quick = self._realm.number("minimumQuickLoginWaitSeconds") if hasty else 0
        return min(max(earned, quick), self._realm.number("maxFailureWaitSeconds"))

    def _row(self, user_id: str) -> sqlite3.Row | None:
        return self._store.one("SELECT * FROM failures WHERE user_id = ?", user_id)


def hash_password(password: str) -> str:
    with _HASHING:
        return generate_password_hash(password, "scrypt")


def password_matches(user: User | None, password: str) -> bool:
    """Takes as long for an unknown name, so that the time does not tell who has an account."""
    stored = user.password_hash if user else _decoy_hash()
    with _HASHING:
        return check_password_hash(stored, password) and user is not None


@cache
def _decoy_hash() -> str:
    return generate_password_hash(str(uuid4()), "scrypt")


@cache
def _demo_hash(password: str) -> str:
    """The demo people share one password, so one hash does: four would slow the first start down."""
    return generate_password_hash(password, "scrypt")


def _user(row: sqlite3.Row) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        email_verified=bool(row["email_verified"]),
        enabled=bool(row["enabled"]),
        password_hash=row["password_hash"],
        roles=frozenset(json.loads(row["roles"])),
    )
