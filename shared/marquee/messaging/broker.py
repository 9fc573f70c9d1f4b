"""Which broker: RabbitMQ where its URL is given, else Streams on the Redis that is there anyway."""

from __future__ import annotations

from typing import Protocol

from marquee.messaging.topology import SUBSCRIPTIONS
from marquee.messaging.transport import Broker, Subscriptions

__all__ = ["Broker", "broker_from", "connect"]


class BrokerSettings(Protocol):
    @property
    def rabbitmq_url(self) -> str | None: ...

    @property
    def redis_url(self) -> str: ...


def broker_from(settings: BrokerSettings) -> Broker:
    return connect(settings.rabbitmq_url, settings.redis_url)


def connect(
    rabbitmq_url: str | None,
    redis_url: str,
    *,
    subscriptions: Subscriptions = SUBSCRIPTIONS,
    namespace: str = "marquee",
) -> Broker:
    """Nothing is reached yet: a broker that is away shows when it is used."""
    if rabbitmq_url:
        # Here, not above: a run without RabbitMQ needs no pika.
        from marquee.messaging.rabbit import RabbitBroker

        return RabbitBroker(rabbitmq_url, subscriptions=subscriptions, namespace=namespace)
    from marquee.messaging.streams import StreamsBroker

    return StreamsBroker(redis_url, subscriptions=subscriptions, namespace=namespace)
