"""Who is counted where a route is limited: people and browsers by themselves, whoever makes up new ones by the address."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from marquee.limits import Counter
from tests.web.conftest import PUBLIC_URL, Browser
from tests.web.fake_neighbours import World, an_id

MOST = 20  # times a minute that somebody may ask to keep seats longer
MOST_LOOKUPS = 10


class Visitor:
    """One more browser behind the same address."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self._token = browser, browser.token()

    def sign_in(self, world: World, name: str) -> None:
        person = {"id": an_id(name), "username": name, "email": f"{name}@example.org", "roles": ["viewer"]}
        world.sessions[name * 10] = {"person": person, "access_token": f"token-of-{name}", "expires_at": ""}
        self.browser.client.set_cookie("marquee", name * 10, domain="localhost")

    def hold_a_seat(self) -> None:
        """Which is what makes a guest's token."""
        assert self._post(f"{self.browser.seats}/pick", people="1") == 303

    def keep_longer(self) -> int:
        return self._post(f"/holds/{an_id('no such hold')}/extend")

    def look_up(self, email: str) -> int:
        return self._post("/bookings/lookup", email=email)

    def _post(self, path: str, **form: str) -> int:
        data = {"csrf_token": self._token} | form
        return int(self.browser.client.post(path, data=data, base_url=PUBLIC_URL).status_code)


@pytest.fixture
def visitor(app: Flask, screening_id: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    # However slowly they ask, no minute is over meanwhile.
    monkeypatch.setattr("marquee.limits.time", SimpleNamespace(monotonic=lambda: 1000.0))
    app.extensions["marquee.limits"] = Counter(app.extensions["marquee.settings"])
    return lambda: Visitor(Browser(app.test_client(), screening_id))


@pytest.fixture
def guest(visitor: Any) -> Any:
    def with_a_token_of_ours() -> Visitor:
        made: Visitor = visitor()
        made.hold_a_seat()
        return made

    return with_a_token_of_ours


def test_two_people_behind_one_address_do_not_share_a_limit(visitor: Any, world: World) -> None:
    ann, bob = visitor(), visitor()
    ann.sign_in(world, "ann")
    bob.sign_in(world, "bob")

    assert [ann.keep_longer() for _ in range(MOST + 1)] == [404] * MOST + [429]
    assert bob.keep_longer() == 404


def test_a_person_with_two_browsers_has_one_limit(visitor: Any, world: World) -> None:
    phone, laptop = visitor(), visitor()
    phone.sign_in(world, "ann")
    laptop.sign_in(world, "ann")

    assert [one.keep_longer() for one in [phone, laptop] * (MOST // 2)] == [404] * MOST
    assert [phone.keep_longer(), laptop.keep_longer()] == [429, 429]


def test_two_guests_behind_one_address_do_not_share_a_limit(guest: Any) -> None:
    one, two = guest(), guest()

    assert [one.keep_longer() for _ in range(MOST + 1)] == [404] * MOST + [429]
    assert two.keep_longer() == 404


def test_who_brings_no_token_of_ours_is_counted_by_the_address(visitor: Any) -> None:
    found = [visitor().keep_longer() for _ in range(MOST + 1)]

    assert found == [404] * MOST + [429]


def test_a_program_with_a_new_token_for_each_request_is_stopped_by_its_address(guest: Any) -> None:
    tokens = [guest() for _ in range(10)]

    assert {one.keep_longer() for one in tokens for _ in range(MOST)} == {404}
    assert guest().keep_longer() == 429


def test_who_is_above_their_own_limit_uses_up_nothing_of_the_neighbours(guest: Any) -> None:
    greedy, modest = guest(), guest()

    for _ in range(11 * MOST):
        greedy.keep_longer()

    assert modest.keep_longer() == 404


def test_people_who_sign_in_are_free_of_what_guests_behind_their_address_do(
    guest: Any, visitor: Any, world: World
) -> None:
    for one in [guest() for _ in range(11)]:
        for _ in range(MOST):
            one.keep_longer()
    ann = visitor()
    ann.sign_in(world, "ann")

    assert ann.keep_longer() == 404


def test_for_lookups_guests_behind_one_address_count_together_whatever_their_cookies(
    guest: Any, visitor: Any
) -> None:
    asking = [*(guest() for _ in range(5)), *(visitor() for _ in range(6))]

    found = [one.look_up(f"{number}@example.org") for number, one in enumerate(asking)]

    assert found == [303] * MOST_LOOKUPS + [429]


def test_for_lookups_people_count_by_themselves(visitor: Any, world: World) -> None:
    ann, bob = visitor(), visitor()
    ann.sign_in(world, "ann")
    bob.sign_in(world, "bob")

    found = [ann.look_up(f"{number}@example.org") for number in range(11)]

    assert found == [303] * MOST_LOOKUPS + [429]
    assert bob.look_up("bob@example.org") == 303
