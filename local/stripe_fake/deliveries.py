"""The webhook queue: rows that outlive a crash, sent by threads until the receiver answers 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import random
import sqlite3
import threading
import time

import urllib3

from local.stripe_fake.domain.account import Account
from local.stripe_fake.errors import Json
from local.stripe_fake.settings import API_VERSION
from local.stripe_fake.store import Store

logger = logging.getLogger(__name__)

BACKOFF_SECONDS = (1, 2, 5, 10, 20, 30, 60)
TIMEOUT_SECONDS = 10.0
SHUFFLE_SECONDS = 0.5
STALE_SECONDS = 600
SENDERS = 4
LOOK_AGAIN_SECONDS = 0.5
STOP_SECONDS = 3.0
SWITCH = "webhooks"
SWITCH_DEFAULTS: Json = {"paused": False, "duplicates": 1, "shuffle": False}
MANNERS = ("genuine", "stale", "forged")


def queue(account: Account, event: Json) -> None:
    """Put an event in line as often as the duplicate switch says."""
    if not account.settings.webhook_url:
        return
    switches = read_switches(account.store)
    for _ in range(max(1, int(switches["duplicates"]))):
        _insert(account.store, event["id"], "genuine", account.clock() + _jitter(switches))


def send_again(account: Account, event_id: str, manner: str = "genuine") -> None:
    """Deliver an event once more: genuine, stale (signed ten minutes ago) or forged (wrong secret)."""
    account.store.get("event", event_id)
    _insert(account.store, event_id, manner, account.clock())


def read_switches(store: Store) -> Json:
    return store.switch(SWITCH, SWITCH_DEFAULTS)


def set_switches(account: Account, **changes: object) -> Json:
    """Change the webhook switches; resuming brings everything that waits forward to now."""
    switches = {**read_switches(account.store), **changes}
    account.store.set_switch(SWITCH, switches)
    if changes.get("paused") is False:
        _bring_forward(account, switches)
    return switches


def undelivered_events(store: Store) -> set[str]:
    """Ids of the events of which at least one genuine delivery was not yet answered with 2xx."""
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT DISTINCT event_id FROM deliveries WHERE state = 'pending' AND manner = 'genuine'"
        ).fetchall()
    return {row["event_id"] for row in rows}


def latest(store: Store, limit: int = 100) -> list[Json]:
    with store.reading() as connection:
        rows = connection.execute("SELECT * FROM deliveries ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
        found = [dict(row) for row in rows]
        for delivery in found:
            event = store.find("event", delivery["event_id"])
            delivery["type"] = event["type"] if event else None
    return found


def count_waiting(store: Store) -> int:
    with store.reading() as connection:
        row = connection.execute("SELECT count(*) FROM deliveries WHERE state = 'pending'").fetchone()
    return int(row[0])


def signature_header(payload: bytes, secret: str, timestamp: int) -> str:
    signed = f"{timestamp}.".encode() + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class Courier:
    """Threads that carry due deliveries to the webhook URL; several, so one slow answer holds up no other."""

    def __init__(self, account: Account, senders: int = SENDERS) -> None:
        self._account = account
        self._senders = senders
        self._wake = threading.Condition()
        self._news = 0
        self._in_flight: set[int] = set()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pool = urllib3.PoolManager(
            maxsize=senders, retries=False, timeout=urllib3.Timeout(total=TIMEOUT_SECONDS)
        )
        account.store.after_commit.append(self.wake)

    def start(self) -> None:
        for number in range(self._senders):
            thread = threading.Thread(target=self._run, name=f"courier-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopping.set()
        self.wake()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        self._pool.clear()

    def wake(self) -> None:
        with self._wake:
            self._news += 1
            self._wake.notify_all()

    def _run(self) -> None:
        while not self._stopping.is_set():
            seen = self._news
            claimed = self._claim()
            if claimed is None:
                self._wait_for_news(seen)
                continue
            delivery, event = claimed
            try:
                self._carry(delivery, event)
            finally:
                self._in_flight.discard(delivery["id"])

    def _wait_for_news(self, seen: int) -> None:
        """Sleep until something was committed since `seen`, or a retry may have come due."""
        with self._wake:
            self._wake.wait_for(lambda: self._news != seen, timeout=LOOK_AGAIN_SECONDS)

    def _claim(self) -> tuple[sqlite3.Row, Json] | None:
        store = self._account.store
        with store.reading() as connection:
            if read_switches(store)["paused"]:
                return None
            rows = connection.execute(
                "SELECT * FROM deliveries WHERE state = 'pending' AND due_at <= ?"
                " ORDER BY due_at, id LIMIT ?",
                (self._account.clock(), self._senders + 1),
            )
            for row in rows.fetchall():
                if row["id"] not in self._in_flight:
                    self._in_flight.add(row["id"])
                    return row, store.get("event", row["event_id"])
        return None

    def _carry(self, delivery: sqlite3.Row, event: Json) -> None:
        answer = self._post(event, delivery["manner"])
        arrived = answer.isdigit() and 200 <= int(answer) < 300
        attempts = delivery["attempts"] + 1
        state = "delivered" if arrived else "pending"
        if not arrived and delivery["manner"] != "genuine":
            state = "refused"
        pause = BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS)) - 1]
        with self._account.store.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET state = ?, attempts = ?, due_at = ?, last_answer = ? WHERE id = ?",
                (state, attempts, self._account.clock() + pause, answer, delivery["id"]),
            )

    def _post(self, event: Json, manner: str) -> str:
        payload = json.dumps(event).encode()
        try:
            response = self._pool.request(
                "POST",
                self._account.settings.webhook_url,
                body=payload,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                    "Stripe-Signature": self._sign(payload, manner),
                    "Stripe-Version": API_VERSION,
                },
            )
        except urllib3.exceptions.HTTPError as problem:
            logger.info("webhook %s not delivered: %s", event["type"], problem)
            return type(problem).__name__
        return str(response.status)

    def _sign(self, payload: bytes, manner: str) -> str:
        # The receiver compares with its own clock, so the signature uses the machine's, not the account's.
        timestamp = int(time.time()) - (STALE_SECONDS if manner == "stale" else 0)
        secret = "whsec_forged" if manner == "forged" else self._account.settings.webhook_secret
        return signature_header(payload, secret, timestamp)


def _insert(store: Store, event_id: str, manner: str, due_at: float) -> None:
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO deliveries (event_id, manner, state, due_at) VALUES (?, ?, 'pending', ?)",
            (event_id, manner, due_at),
        )


def _bring_forward(account: Account, switches: Json) -> None:
    with account.store.transaction() as connection:
        waiting = connection.execute("SELECT id FROM deliveries WHERE state = 'pending'").fetchall()
        for row in waiting:
            due_at = account.clock() + _jitter(switches)
            connection.execute("UPDATE deliveries SET due_at = ? WHERE id = ?", (due_at, row["id"]))


def _jitter(switches: Json) -> float:
    return random.uniform(0, SHUFFLE_SECONDS) if switches["shuffle"] else 0.0  # noqa: S311 - order, not secrecy
