"""Who may enter the office, and how its forms are guarded."""

import pytest

from tests.web.manage.conftest import FILM, ROOM, SCREENING

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
