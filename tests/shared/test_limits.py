"""So many requests a minute, whatever becomes of Redis."""

from typing import Any

import pytest
from flask import Flask

from local.ports import free_port
from marquee.api import Api
from marquee.app import build_app, seal
from marquee.auth import HOLDER, PUBLIC
from marquee.limits import booker, limited
from marquee.redis import fast_client
from marquee.testing.apps import settings_for_tests
from tests.shared.test_app import ExampleSettings


def app_counting_in(redis_url: str) -> Flask:
    api = Api("things", __name__)

    @api.get("/three", access=PUBLIC, answers={204: None})
    @limited("3/minute")
    def three() -> Any:
        return None

    @api.get("/two", access=HOLDER, answers={204: None})
    @limited("2/hour", key=booker)
    def two() -> Any:
        return None

    settings = ExampleSettings(**settings_for_tests(redis_url=redis_url, rate_limits=True))
    return seal(build_app(__name__, settings, apis=[api]))


@pytest.fixture
def redis_url(valkey_url: str) -> str:
    fast_client(valkey_url).flushall()
    return valkey_url


def test_what_is_too_many_is_told_how_long_to_wait(redis_url: str) -> None:
    client = app_counting_in(redis_url).test_client()

    answers = [client.get("/three") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].json["type"] == "/problems/too-many-requests"


def test_processes_count_together_and_a_window_ends_by_itself(redis_url: str) -> None:
    clients = [app_counting_in(redis_url).test_client() for _ in range(2)]

    found = [client.get("/three").status_code for client in clients * 2]

    assert found == [204, 204, 204, 429]
    redis = fast_client(redis_url)
    assert [0 < redis.ttl(key) <= 60 for key in redis.keys("limit:*")] == [True]


def test_guests_from_one_address_do_not_count_for_one_another(redis_url: str) -> None:
    client = app_counting_in(redis_url).test_client()

    found = {
        name: [client.get("/two", headers={"X-Guest-Token": name * 32}).status_code for _ in range(3)]
        for name in "ab"
    }

    assert found == {"a": [204, 204, 429], "b": [204, 204, 429]}


def test_while_redis_is_away_each_process_counts_for_itself() -> None:
    client = app_counting_in(f"redis://127.0.0.1:{free_port()}/0").test_client()

    found = [client.get("/three").status_code for _ in range(4)]

    assert found == [204, 204, 204, 429]
