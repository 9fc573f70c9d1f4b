"""What the operators of the event flow look at."""

from prometheus_client import Counter, Gauge, Histogram

HANDLED = Counter("marquee_events_handled_total", "Deliveries by verdict", ["service", "event", "verdict"])
AGE = Histogram(
    "marquee_event_age_seconds",
    "From an event to the end of its handling",
    ["service"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3600),
)
PUBLISHED = Counter("marquee_outbox_published_total", "Events the broker has confirmed", ["service"])
REPUBLISHED = Counter(
    "marquee_outbox_republished_total", "Events sent again after the broker lost them", ["service"]
)
OUTBOX_WAITING = Gauge("marquee_outbox_waiting", "Events not yet published", ["service"])
OUTBOX_SECONDS = Gauge(
    "marquee_outbox_waiting_seconds", "How long the first event not yet published has waited", ["service"]
)
OUTBOX_REFUSED = Gauge("marquee_outbox_refused", "Events that no queue takes", ["service"])
QUEUE_WAITING = Gauge("marquee_queue_waiting", "Events in the queue, not begun", ["service"])
QUEUE_PARKED = Gauge("marquee_queue_parked", "Events put aside for a person", ["service"])
