"""For guests who lost their mail: one field, one answer, whoever asks."""

from typing import Any

import pytest

from marquee.limits import Counter
from tests.web.conftest import PUBLIC_URL
from tests.web.fake_neighbours import World, an_id

PAGE = "/bookings/lookup"


@pytest.fixture
def page(browser: Any) -> Any:
    """Submits the form, and answers the text of the page that follows."""

    def submit(email: str) -> str:
        answer = browser.submit(PAGE, email=email)
        assert (answer.status_code, answer.location) == (303, PAGE)
        return str(browser.get(PAGE).text)

    return submit


def test_the_address_is_passed_on_and_the_answer_says_if(page: Any, world: World) -> None:
    text = page(" ann@example.org ")

    assert world.looked_for == ["ann@example.org"]
    assert "If there are tickets for ann@example.org, they are there within a minute." in text


def test_only_the_first_page_after_it_repeats_the_address(page: Any, browser: Any) -> None:
    page("ann@example.org")

    assert "ann@example.org" not in browser.get(PAGE).text


def test_a_slip_comes_back_with_what_was_typed(page: Any, world: World) -> None:
    text = page("ann.example.org")

    assert "That is not a mail address" in text
    assert 'value="ann.example.org"' in text
    assert world.looked_for == []


def test_asked_too_often_it_says_where_to_look(page: Any) -> None:
    text = [page("ann@example.org") for _ in range(4)][-1]

    assert "asked for three times in an hour" in text
    assert "they are there within a minute" not in text


def test_while_the_post_is_away_nothing_typed_is_lost(page: Any, world: World) -> None:
    world.away.add("notification")

    text = page("ann@example.org")

    assert "Our post is away for a moment" in text
    assert 'value="ann@example.org"' in text


def test_whoever_is_signed_in_finds_their_address_typed(browser: Any, world: World) -> None:
    browser.sign_in(world, "viewer")

    assert 'value="ann@example.org"' in browser.get(PAGE).text


def test_guests_find_the_page_where_they_look_for_tickets(browser: Any) -> None:
    nowhere = browser.get(f"/bookings/{an_id('nothing')}?key=cut-sho")

    assert nowhere.status_code == 404
    assert "We cannot open this booking here" in nowhere.text
    for text in (nowhere.text, browser.get("/bookings").text, browser.get("/help").text):
        assert text.partition("<main")[2].partition("</main>")[0].count(PAGE) == 1
    assert f'href="{PAGE}"' in browser.get("/").text.partition("<footer")[2]


def test_one_browser_asks_ten_times_an_hour(app: Any, browser: Any, world: World) -> None:
    app.extensions["marquee.limits"] = Counter(app.extensions["marquee.settings"])

    answers = [browser.submit(PAGE, email=f"{n}@example.org") for n in range(11)]

    assert [answer.status_code for answer in answers] == [303] * 10 + [429]
    assert len(world.looked_for) == 10
    assert "Please wait a moment" in answers[-1].text


def test_a_form_of_another_site_is_not_taken(app: Any, world: World) -> None:
    answer = app.test_client().post(PAGE, data={"email": "ann@example.org"}, base_url=PUBLIC_URL)

    assert answer.status_code == 403
    assert world.looked_for == []
