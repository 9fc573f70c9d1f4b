"""The event catalogue: a module per aggregate. Importing this package registers them all."""

from marquee.contracts import movie, payment, reservation, ticket, user
from marquee.contracts.base import EVENTS, Event

__all__ = ["EVENTS", "Event", "movie", "payment", "reservation", "ticket", "user"]
