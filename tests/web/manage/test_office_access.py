"""Who may enter the office, and how its forms are guarded."""

import re
from html import unescape
from pathlib import Path

import pytest

from tests.web.conftest import PUBLIC_URL
from tests.web.manage.conftest import FILM, ROOM, SCREENING, film

PAGES = [
    "/manage",
    "/manage/schedule",
    "/manage/films",
    "/manage/films/new",
    f"/manage/films/{FILM}",
    f"/manage/films/{FILM}/delete",
    "/manage/rooms",
    f"/manage/rooms/{ROOM}",
    f"/manage/rooms/{ROOM}/plan",
    "/manage/screenings/new",
    f"/manage/screenings/{SCREENING}/orders",
    "/manage/prices",
    "/manage/refunds",
    "/manage/prices/new",
]
FORMS = [
    "/manage/films/new",
    f"/manage/films/{FILM}",
    f"/manage/films/{FILM}/delete",
    "/manage/rooms",
    f"/manage/rooms/{ROOM}",
    f"/manage/rooms/{ROOM}/delete",
    f"/manage/rooms/{ROOM}/plan",
    f"/manage/rooms/{ROOM}/plan/preview",
    "/manage/screenings/new",
    f"/manage/screenings/{SCREENING}",
    f"/manage/screenings/{SCREENING}/cancel",
    f"/manage/screenings/{SCREENING}/withdraw",
    "/manage/prices/new",
    f"/manage/refunds/{SCREENING}/again",
    "/movies/add",
    f"/movies/{FILM}/delete",
    f"/movies/{FILM}/screenings/add",
    f"/movies/{FILM}/screenings/{SCREENING}/delete",
    "/rooms/add",
]


@pytest.mark.parametrize("path", PAGES)
def test_strangers_are_led_to_sign_in_and_back(browser, path):
    answer = browser.get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/login?next={path}"


@pytest.mark.parametrize("path", PAGES)
def test_people_without_the_role_are_told_so(browser, world, path):
    browser.sign_in(world, "viewer", "staff")

    answer = browser.get(path)

    assert answer.status_code == 403
    assert "editor" in answer.text


@pytest.mark.parametrize("path", FORMS)
def test_viewers_cannot_send_the_forms(browser, world, path):
    browser.sign_in(world, "viewer")

    assert browser.submit(path, title="A film").status_code == 403


@pytest.mark.parametrize("path", FORMS)
def test_forms_without_their_token_change_nothing(office, movies, path):
    answer = office.client.post(path, data={"title": "A film"}, base_url="http://localhost:8081")

    assert answer.status_code == 403
    assert [call for call, _ in movies.asked if not call.startswith("GET")] == []


def test_admins_may_do_what_editors_may(office, world):
    office.sign_in(world, "admin")

    assert office.get("/manage/films").status_code == 200


def test_a_form_of_somebody_whose_session_ended_is_sent_again_once_they_signed_in(office, world, movies):
    movies.answers["POST /movies"] = film()
    typed = {"title": "Vertigo", "runtime_minutes": "128", "year": "1958", "synopsis": "A <fall>."}
    session = world.sessions.pop("s" * 43)

    answer = office.submit("/manage/films/new", **typed)

    assert (answer.status_code, movies.asked) == (401, [])
    assert "What you typed is kept here." in answer.text
    assert 'href="/login?next=/manage" target="_blank"' in answer.text

    world.sessions["t" * 43] = session
    office.client.set_cookie("marquee", "t" * 43, domain="localhost")
    kept = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
    again = {name: unescape(value) for name, value in kept}

    assert office.client.post("/manage/films/new", data=again, base_url=PUBLIC_URL).status_code == 303
    (sent,) = movies.bodies("POST /movies")
    assert (sent["title"], sent["synopsis"]) == ("Vertigo", "A <fall>.")


def test_the_short_forms_keep_what_was_typed_too(browser):
    answer = browser.submit("/movies/add", title="Vertigo", duration="128")

    assert answer.status_code == 401
    assert 'name="title" value="Vertigo"' in answer.text


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"csrf_token": "made up"}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Origin": "https://evil.example"}),
        ({"synopsis": "much " * 250_000}, {}),
    ],
    ids=["no token of ours", "another site", "another origin", "too large"],
)
def test_a_strangers_form_is_not_kept_when_it_came_from_elsewhere_or_is_too_large(browser, fields, headers):
    typed = {"csrf_token": browser.token(), "title": "Vertigo"} | fields

    answer = browser.client.post("/manage/films/new", data=typed, headers=headers, base_url=PUBLIC_URL)

    assert (answer.status_code, answer.location) == (302, "/login?next=/")


def test_no_form_of_the_office_asks_for_a_password():
    for template in Path("services/web/templates/views/manage").glob("*.html"):
        assert 'type="password"' not in template.read_text(), template
