"""What broker and cache hold belongs to a time that the databases, once restored, will not know.

What matters of it is sent again from the outboxes, and read again from the databases.
"""

from collections.abc import Callable

import redis

from marquee.messaging.rabbit import RabbitBroker
from marquee.settings import Variables

__all__ = ["forget"]


class Servers(Variables):
    """None of them where nobody says where it is: then it was emptied otherwise."""

    redis_url: str = ""
    redis_password: str = ""
    rabbitmq_url: str = ""
    rabbitmq_password: str = ""


def forget(say: Callable[[str], object]) -> None:
    servers = Servers.from_environment()
    if servers.rabbitmq_url:
        RabbitBroker(servers.rabbitmq_url).forget()
        say("  RabbitMQ: queues removed; the workers make them again\n")
    if servers.redis_url:
        with redis.Redis.from_url(servers.redis_url) as client:
            client.flushdb()
        say("  Redis: emptied\n")
