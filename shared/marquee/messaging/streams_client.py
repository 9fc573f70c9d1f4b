"""Connections to Redis for the broker's own use."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from marquee.messaging.transport import CONFIRM_SECONDS

__all__ = ["connect"]


def connect(url: str, *, block_seconds: float = 0) -> Redis:
    """No retries of its own: a repeated XADD would be stored twice, and the callers know when to wait."""
    return Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="surrogateescape",
        socket_timeout=block_seconds + CONFIRM_SECONDS,
        socket_connect_timeout=2,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
