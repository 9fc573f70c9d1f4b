"""The short forms of the public pages, by their old names and fields."""

from tests.web.manage.conftest import FILM, SCREENING, film, room, screening
from tests.web.manage.scripted import refusal


def test_a_movie_is_added_by_title_duration_and_description(office, movies):
    movies.answers["POST /movies"] = film()

    answer = office.submit("/movies/add", title="Vertigo", duration="128", description="A fall.")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/movies")
    assert movies.bodies("POST /movies") == [
        {"title": "Vertigo", "runtime_minutes": 128, "synopsis": "A fall."}
    ]
    assert "Movie added!" in office.get("/movies").text


def test_a_movie_without_a_duration_is_refused_on_the_next_page(office, movies):
    answer = office.submit("/movies/add", title="Vertigo", duration="")

    assert answer.headers["Location"] == "/movies"
    assert "Give a whole number from 1 to 1000." in office.get("/movies").text
    assert movies.bodies("POST /movies") == []


def test_a_movie_is_deleted(office, movies):
    movies.answers[f"DELETE /movies/{FILM}"] = None

    assert office.submit(f"/movies/{FILM}/delete").headers["Location"] == "/movies"
    assert "Movie deleted." in office.get("/movies").text


def test_a_booked_movie_stays_and_says_why(office, movies):
    movies.answers[f"DELETE /movies/{FILM}"] = refusal(409, "movie-in-use", "People have booked this film")

    office.submit(f"/movies/{FILM}/delete")

    assert "People have booked this film" in office.get("/movies").text


def test_a_screening_is_added_by_room_number_date_and_time(office, movies, world):
    movies.answers[f"POST /movies/{FILM}/screenings"] = screening(world)

    answer = office.submit(f"/movies/{FILM}/screenings/add", room_number="2", date="2030-03-05", time="20:00")

    assert answer.headers["Location"] == f"/movies/{FILM}"
    assert movies.bodies(f"POST /movies/{FILM}/screenings") == [
        {"room_number": "2", "date": "2030-03-05", "time": "20:00", "cinema": "harbour-street"}
    ]


def test_a_refused_screening_is_said_on_the_next_page(office, movies):
    movies.answers[f"POST /movies/{FILM}/screenings"] = refusal(
        409, "room-clash", "The room is not free then"
    )

    office.submit(f"/movies/{FILM}/screenings/add", room_number="2", date="2030-03-05", time="20:00")

    assert "The room is not free then" in office.get("/movies").text


def test_a_screening_is_taken_off(office, movies):
    movies.answers[f"DELETE /movies/{FILM}/screenings/{SCREENING}"] = None

    answer = office.submit(f"/movies/{FILM}/screenings/{SCREENING}/delete")

    assert answer.headers["Location"] == f"/movies/{FILM}"
    assert "Screening cancelled." in office.get("/movies").text


def test_a_room_is_added_by_number_rows_and_cols(office, movies):
    movies.answers["POST /rooms"] = room()

    answer = office.submit("/rooms/add", number="4", rows="8", cols="10")

    assert answer.headers["Location"] == "/rooms"
    assert movies.bodies("POST /rooms") == [
        {"number": "4", "rows": 8, "cols": 10, "cinema": "harbour-street"}
    ]
    assert "Room added!" in office.get("/rooms").text


def test_editors_find_the_short_forms_on_the_public_pages(office):
    assert 'action="/movies/add"' in office.get("/movies").text
    assert 'action="/rooms/add"' in office.get("/rooms").text


def test_everybody_else_does_not(browser):
    assert "/manage/" not in browser.get("/movies").text
    assert "/rooms/add" not in browser.get("/rooms").text
