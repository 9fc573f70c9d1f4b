"""Redis clients that fail fast: Redis gone costs speed, never correctness, and never a hanging request."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def fast_client(url: str) -> "Redis":
    """For caches, limits and live publishing: a quarter of a second, no retries."""
    return Redis.from_url(
        url,
        socket_timeout=0.25,
        socket_connect_timeout=0.25,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        max_connections=20,
    )


def blocking_client(url: str, *, block_seconds: float) -> "Redis":
    """For reads that wait: the socket must outlast the wait."""
    return Redis.from_url(
        url,
        socket_timeout=block_seconds + 5,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
