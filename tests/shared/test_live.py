"""Messages to open pages leave from a thread of their own; nothing waits for them."""

import os
import time

import pytest
from redis import Redis

from local.ports import free_port
from marquee.live import MOST_WAITING, PREFIX, Publisher
from marquee.redis import fast_client


@pytest.fixture
def heard(valkey_url):
    """What arrives on the channel "screening:1", until so many messages are there."""
    with Redis.from_url(valkey_url) as client, client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(PREFIX + "screening:1")
        subscription.get_message(timeout=60)

        def heard(number):
            messages, deadline = [], time.monotonic() + 60
            while len(messages) < number and time.monotonic() < deadline:
                if message := subscription.get_message(timeout=0.1):
                    messages.append(message["data"])
            return messages

        yield heard


def test_messages_arrive_in_the_order_they_were_published(valkey_url, heard):
    publisher = Publisher(valkey_url)

    for number in range(500):
        publisher.publish("screening:1", {"number": number})

    assert heard(500) == [b'{"number":%d}' % number for number in range(500)]
    publisher.flush()


def test_what_was_published_last_is_sent_before_the_process_ends(valkey_url, heard):
    publisher = Publisher(valkey_url)
    publisher.publish("screening:1", {"number": 1})

    publisher.flush()

    assert heard(1) == [b'{"number":1}']


def test_a_forked_worker_publishes_too(valkey_url, heard):
    """gunicorn makes the app once and forks."""
    publisher = Publisher(valkey_url)
    publisher.publish("screening:1", {"by": "arbiter"})
    assert heard(1) == [b'{"by":"arbiter"}']

    child = os.fork()
    if child == 0:
        publisher.publish("screening:1", {"by": "worker"})
        publisher.flush()
        os._exit(0)

    assert heard(1) == [b'{"by":"worker"}']
    os.waitpid(child, 0)
    publisher.flush()


def test_without_redis_nothing_waits_and_nothing_piles_up(monkeypatch):
    publisher = Publisher(f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(publisher, "_start", lambda: None)  # as if each attempt to send took for ever

    for number in range(MOST_WAITING + 5):
        publisher.publish("screening:1", {"number": number})

    assert publisher._waiting.qsize() == MOST_WAITING


def test_publishing_goes_on_after_redis_was_away(valkey_url, heard):
    publisher = Publisher(f"redis://127.0.0.1:{free_port()}/0")
    publisher.publish("screening:1", {"number": 1})
    publisher.flush()
    publisher._redis = fast_client(valkey_url)

    publisher.publish("screening:1", {"number": 2})

    assert heard(1) == [b'{"number":2}']
    publisher.flush()
