"""Connections to Redis for the broker's own use."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["connect"]


def connect(url: str, *, block_seconds: float = 0) -> Redis:
    """No retries of its own: a repeated XADD would be stored twice, and the callers know when to wait."""
    return Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="surrogateescape",
        socket_timeout=block_seconds + 5,
        socket_connect_timeout=2,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
