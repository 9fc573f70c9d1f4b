"""Who is looking, while auth is away for a moment."""

from typing import Any

import pytest

from marquee.http import NeighbourAway, NeighbourProblem
from services.web.visitor import KEPT_SECONDS, REMEMBERED_SECONDS, Sessions
from tests.web.fake_neighbours import World, an_id

RESOLVE, END = "/internal/sessions/resolve", "/internal/sessions/end"


class Auth:
    """Knows one session, until it is over or auth is away."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {RESOLVE: {"person": {"id": "ann"}, "access_token": "t"}, END: {}}

    def post(self, path: str, body: Any) -> Any:
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def go_away(self) -> None:
        self.answers = dict.fromkeys(self.answers, NeighbourAway("auth is away"))


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(auth: Any, clock: Clock) -> Sessions:
    return Sessions(auth, clock)


def test_while_auth_is_away_its_last_answer_counts_for_a_moment(
    sessions: Sessions, auth: Auth, clock: Clock
) -> None:
    sessions.find("s")
    auth.go_away()

    for clock.seconds in (REMEMBERED_SECONDS + 1, KEPT_SECONDS - 1):
        assert sessions.find("s").is_signed_in
    clock.seconds = KEPT_SECONDS + REMEMBERED_SECONDS
    assert sessions.find("s").is_unsure


def test_who_was_never_resolved_is_unsure_while_auth_is_away(sessions: Sessions, auth: Auth) -> None:
    auth.go_away()

    assert sessions.find("s").is_unsure


def test_a_session_that_is_over_does_not_come_back(sessions: Sessions, auth: Auth, clock: Clock) -> None:
    sessions.find("s")
    auth.answers[RESOLVE] = NeighbourProblem(404, {})
    clock.seconds = 5.0
    assert not sessions.find("s").is_signed_in

    auth.go_away()
    clock.seconds = 10.0

    assert not sessions.find("s").is_signed_in


def test_who_signs_out_while_auth_is_away_stays_out(sessions: Sessions, auth: Auth, clock: Clock) -> None:
    sessions.find("s")
    auth.go_away()
    with pytest.raises(NeighbourAway):
        sessions.end("s")

    for clock.seconds in (1.0, 10.0):
        assert not sessions.find("s").is_signed_in


def test_an_answer_from_before_the_signing_out_does_not_count(sessions: Sessions, auth: Any) -> None:
    answer = auth.post
    auth.post = lambda path, body: (sessions.end("s"), answer(path, body))[1] if path == RESOLVE else {}

    assert not sessions.find("s").is_signed_in


@pytest.mark.parametrize("path", ["/me", "/manage", "/door"])
def test_a_page_for_members_is_away_with_auth_and_leads_nobody_to_sign_in(
    browser: Any, world: World, path: str
) -> None:
    browser.sign_in(world, "viewer", "staff", "editor")
    world.away.add("auth")

    assert browser.get(path).status_code == 503
    assert browser.submit("/manage/films/new").status_code == 503


def test_a_booking_is_not_called_gone_while_nobody_can_tell_whose_it_is(browser: Any, world: World) -> None:
    browser.sign_in(world, "viewer")
    world.away.add("auth")

    for path in (f"/checkout/{an_id('a hold')}", f"/bookings/{an_id('a booking')}"):
        answer = browser.get(path)
        assert answer.status_code == 503
        assert "There is nothing to pay here" not in answer.text
