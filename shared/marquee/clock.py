"""The one place that asks what time it is, so that tests can answer.

Expiry of seats is never decided here: only the database's own clock does that (docs/rules/holds.md).
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def zone(name: str) -> tzinfo:
    """The IANA zone called `name`; raises ZoneInfoNotFoundError for an unknown one."""
    return ZoneInfo(name)
