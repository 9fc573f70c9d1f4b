"""So many requests a minute, whatever becomes of Redis."""

from typing import Any

import pytest
from flask import Flask
from redis import Redis

from local.ports import free_port
from marquee.api import Api
from marquee.app import build_app, seal
from marquee.auth import HOLDER, PUBLIC
from marquee.limits import address, booker, limited
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

    @api.get("/five", access=HOLDER, answers={204: None})
    @limited("2/minute, 5/day", key=address)
    def five() -> Any:
        return None

    settings = ExampleSettings(
        **settings_for_tests(
            redis_url=redis_url, rate_limits=True, trusted_proxies=1, rate_limit="7/minute, 9/day"
        )
    )
    return seal(build_app(__name__, settings, apis=[api]))


@pytest.fixture
def redis_url(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    # On a loaded machine it does not always answer at once, and is not away for that.
    monkeypatch.setattr("marquee.limits.fast_client", Redis.from_url)
    Redis.from_url(valkey_url).flushall()
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
    redis = Redis.from_url(redis_url)
    assert [0 < redis.ttl(key) <= 60 for key in redis.keys("limit:*")] == [True]


def test_guests_from_one_address_do_not_count_for_one_another(redis_url: str) -> None:
    client = app_counting_in(redis_url).test_client()

    found = {
        name: [client.get("/two", headers={"X-Guest-Token": name * 32}).status_code for _ in range(3)]
        for name in "ab"
    }

    assert found == {"a": [204, 204, 429], "b": [204, 204, 429]}


def as_from(address: str, guest: str) -> dict[str, str]:
    return {"X-Forwarded-For": address, "X-Guest-Token": guest * 32}


def test_who_makes_up_tokens_is_known_by_the_address(redis_url: str) -> None:
    client = app_counting_in(redis_url).test_client()

    found = [client.get("/five", headers=as_from("198.51.100.7", guest)).status_code for guest in "abc"]

    assert found == [204, 204, 429]
    assert client.get("/five", headers=as_from("198.51.100.8", "a")).status_code == 204


def test_our_own_services_which_no_proxy_names_are_not_counted_by_address(redis_url: str) -> None:
    client = app_counting_in(redis_url).test_client()

    found = [client.get("/five", headers={"X-Guest-Token": guest * 32}).status_code for guest in "abcdefghij"]

    assert found == [204] * 10


def test_each_window_counts_and_the_longest_wait_is_told(redis_url: str) -> None:
    client = app_counting_in(redis_url).test_client()
    redis = Redis.from_url(redis_url)

    def ask() -> tuple[int, int]:
        answer = client.get("/five", headers=as_from("198.51.100.7", "a"))
        redis.delete(*redis.keys("limit:*:60") or ["none"])  # the minute is over
        return answer.status_code, int(answer.headers.get("Retry-After", 0))

    found = [ask() for _ in range(6)]

    assert [status for status, _ in found] == [204] * 5 + [429]
    assert found[5][1] > 86_000


def test_over_all_routes_together_nobody_from_outside_asks_without_end(redis_url: str) -> None:
    client = app_counting_in(redis_url).test_client()

    found = [client.get("/openapi.json", headers=as_from("198.51.100.7", "a")).status_code for _ in range(8)]

    assert found == [200] * 7 + [429]


def test_while_redis_is_away_each_process_counts_for_itself() -> None:
    client = app_counting_in(f"redis://127.0.0.1:{free_port()}/0").test_client()

    found = [client.get("/three").status_code for _ in range(4)]

    assert found == [204, 204, 204, 429]
