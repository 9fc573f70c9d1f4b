"""What operators watch of the payments: whether Stripe answers, and whose money waits."""

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import text
from sqlalchemy.orm import Session

CALLS = Counter(
    "marquee_stripe_calls_total", "Calls by how they ended: ok, refused, away", ["call", "outcome"]
)
SECONDS = Histogram(
    "marquee_stripe_call_seconds", "Time Stripe took", ["call"], buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8)
)
DUE_SECONDS = Gauge(
    "marquee_payments_due_seconds", "How long the first due payment has waited for its next step"
)
REFUNDS_FAILED = Gauge(
    "marquee_payments_refund_failed", "Refunds that the card issuer refused: a person must look"
)

_WAITING = text(
    """
    SELECT coalesce(extract(epoch FROM now() - min(due_at) FILTER (WHERE due_at < now())), 0),
           count(*) FILTER (WHERE state = 'refund_failed')
    FROM payments WHERE due_at IS NOT NULL OR state = 'refund_failed'
    """
)


def measure_payments(session: Session) -> None:
    due_seconds, refunds_failed = session.execute(_WAITING).one()
    DUE_SECONDS.set(due_seconds)
    REFUNDS_FAILED.set(refunds_failed)
