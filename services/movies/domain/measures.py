"""What operators watch of the bookings: how checkouts end, and who waits for us."""

from prometheus_client import Counter, Gauge
from sqlalchemy import text
from sqlalchemy.orm import Session

from marquee.db import after_commit

CHANGES = Counter(
    "marquee_reservations_total", "Reservations by the state they left and the one they came to", ["source", "target"]
)  # fmt: skip
CHECKOUTS = Counter(
    "marquee_checkouts_total",
    "Checkouts: started; confirmed; given up by the buyer, or at the buyer's cost of time; failed by us",
    ["outcome"],
)
WAITING = Gauge("marquee_bookings_waiting", "Bookings that wait for us", ["state"])
WAITING_SECONDS = Gauge(
    "marquee_bookings_waiting_seconds", "How long the first of them has waited", ["state"]
)
# So that a rate is there from the first failure on, and not only from the second.
for _outcome in ("started", "confirmed", "given_up", "failed"):
    CHECKOUTS.labels(_outcome)

# paying: past its time; confirmed: without tickets; refund_due: the money is not back. Since when is in the log of
# changes, because reminders touch the row. Each half has an index that holds nothing else.
_WAITING = text(
    """
    SELECT state, count(*), extract(epoch FROM now() - min(since)) FROM (
        SELECT state, expires_at AS since FROM reservations WHERE state = 'paying' AND expires_at < now()
        UNION ALL
        SELECT state, (SELECT max(at) FROM reservation_transitions WHERE reservation_id = reservations.id)
        FROM reservations WHERE state IN ('confirmed', 'refund_due')
    ) AS waiting GROUP BY state
    """
)


def count_change(session: Session, source: str, target: str) -> None:
    """Once it is durable."""
    after_commit(session, lambda: count_change_now(source, target))
    if target == "paying":
        count_checkout(session, "started")
    elif target == "confirmed":
        count_checkout(session, "confirmed")


def count_change_now(source: str, target: str) -> None:
    CHANGES.labels(source, target).inc()


def count_checkout(session: Session, outcome: str) -> None:
    after_commit(session, CHECKOUTS.labels(outcome).inc)


def measure_waiting(session: Session) -> None:
    found = {state: (count, seconds) for state, count, seconds in session.execute(_WAITING)}
    for state in ("paying", "confirmed", "refund_due"):
        count, seconds = found.get(state, (0, 0))
        WAITING.labels(state).set(count)
        WAITING_SECONDS.labels(state).set(seconds)
