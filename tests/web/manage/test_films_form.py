"""Adding, changing and removing films."""

import pytest

from tests.web.manage.conftest import FILM, ROOM, film, room
from tests.web.manage.scripted import away, refusal

GOOD = {
    "title": "Vertigo",
    "runtime_minutes": "128",
    "year": "1958",
    "directors": "Alfred Hitchcock",
    "genres": "Thriller, Romance",
}


def test_a_film_is_added_as_movies_takes_it(office, movies):
    movies.answers["POST /movies"] = film()

    answer = office.submit("/manage/films/new", **GOOD, is_subtitled="on")

    assert answer.status_code == 303
    (sent,) = movies.bodies("POST /movies")
    assert sent["runtime_minutes"] == 128
    assert sent["genres"] == ["Thriller", "Romance"]
    assert sent["is_subtitled"] is True
    page = office.get("/manage/films").text
    assert "“Vertigo” is in the catalogue." in page
    assert f'<a href="/manage/screenings/new?film={film()["id"]}">Put it on the schedule</a>' in page


def test_a_faulty_film_keeps_what_was_typed_and_focuses_the_first_fault(office, movies):
    answer = office.submit("/manage/films/new", **GOOD | {"title": "  ", "runtime_minutes": "long"})

    assert answer.status_code == 422
    assert 'value="Alfred Hitchcock"' in answer.text
    assert "A film needs a title." in answer.text
    assert answer.text.count("autofocus") == 1
    assert 'aria-describedby="e-title" autofocus' in answer.text
    assert movies.bodies("POST /movies") == []


def test_a_refusal_of_movies_stands_at_its_field(office, movies):
    errors = [{"field": "certificate", "detail": "Unknown certificate"}]
    movies.answers["POST /movies"] = refusal(422, "invalid", "Some of that is not acceptable", errors=errors)

    answer = office.submit("/manage/films/new", **GOOD)

    assert answer.status_code == 422
    assert 'id="e-certificate"' in answer.text
    assert "Unknown certificate" in answer.text


def test_a_film_that_is_there_already_is_said_on_top(office, movies):
    movies.answers["POST /movies"] = refusal(409, "movie-exists", "That film is in the catalogue already")

    answer = office.submit("/manage/films/new", **GOOD)

    assert answer.status_code == 422
    assert "That film is in the catalogue already." in answer.text


def test_changing_starts_from_what_is_there(office):
    page = office.get(f"/manage/films/{FILM}").text

    assert 'value="Alfred Hitchcock"' in page
    assert 'value="128"' in page


def test_removing_asks_first_and_names_what_goes_with_it(office, movies, world):
    booked = {
        "id": FILM,
        "starts_at": "2030-03-05T19:00:00+00:00",
        "capacity": 6,
        "seats_free": 4,
        "room": {"id": ROOM, "number": "2"},
    }
    movies.answers[f"GET /movies/{FILM}/screenings"] = {"screenings": [booked]}

    page = office.get(f"/manage/films/{FILM}/delete").text

    assert "2 seats of this film are booked or held." in page
    assert "Delete the film" not in page


def test_an_unbooked_film_is_removed(office, movies):
    movies.answers[f"DELETE /movies/{FILM}"] = None

    answer = office.submit(f"/manage/films/{FILM}/delete")

    assert answer.headers["Location"] == "/manage/films"
    assert "out of the catalogue" in office.get("/manage/films").text


def test_a_refused_removal_comes_back_with_the_reason(office, movies):
    movies.answers[f"DELETE /movies/{FILM}"] = refusal(409, "movie-in-use", "People have booked this film")

    answer = office.submit(f"/manage/films/{FILM}/delete")

    assert answer.headers["Location"] == f"/manage/films/{FILM}/delete"
    assert "People have booked this film" in office.get(answer.headers["Location"]).text


def test_each_screening_that_goes_is_told_on_the_clock_of_its_own_house(office, movies, world, monkeypatch):
    other = world.cinema | {"slug": "hill", "name": "Hill Pictures", "timezone": "America/New_York"}
    monkeypatch.setattr("services.web.routes.manage_films.all_cinemas", lambda: [world.cinema, other])
    movies.answers["GET /rooms"] = {"rooms": [room(cinema="hill")]}
    there = {"id": FILM, "starts_at": "2030-03-05T19:00:00+00:00", "capacity": 6, "seats_free": 6}
    movies.answers[f"GET /movies/{FILM}/screenings"] = {
        "screenings": [there | {"room": {"id": ROOM, "number": "2"}}]
    }

    page = office.get(f"/manage/films/{FILM}/delete").text

    assert "<td>14:00</td><td>Hill Pictures</td>" in page


@pytest.mark.parametrize("address", ["/manage/films/new", f"/manage/films/{FILM}"])
def test_a_film_that_nobody_took_stays_in_its_form(office, movies, address):
    movies.answers |= {"POST /movies": away(), f"PUT /movies/{FILM}": away(), f"GET /movies/{FILM}": away()}

    answer = office.submit(address, **GOOD)

    assert answer.status_code == 503
    assert "Everything you typed is still here." in answer.text
    assert f'value="{GOOD["title"]}"' in answer.text


def test_what_nobody_did_is_said_on_the_next_page(office, movies):
    movies.answers[f"DELETE /movies/{FILM}"] = away()

    office.submit(f"/manage/films/{FILM}/delete")

    assert "No answer: a part of Marquee is away" in office.get(f"/manage/films/{FILM}/delete").text


def test_a_failure_in_the_office_speaks_to_staff(office, movies):
    movies.answers[f"GET /movies/{FILM}"] = away()

    answer = office.get(f"/manage/films/{FILM}")

    assert answer.status_code == 503
    assert "Try again in a few seconds." in answer.text
    for path in (f"/manage/films/{FILM}", "/manage/nothing", "/door/nothing"):
        page = office.get(path).text
        assert "nothing was charged" not in page
        assert "What plays next" not in page
