from datetime import timedelta
from uuid import uuid4

import pytest

from services.movies.models import Movie, Screening
from tests.factories.movies import add_movie, add_screening

VERTIGO = {"title": "Vertigo", "year": 1958, "runtime_minutes": 128, "directors": ["Alfred Hitchcock"]}


def titles(answer):
    return [movie["title"] for movie in answer.json["movies"]]


def test_the_catalogue_is_alphabetical_whatever_the_accents_25_a_page(database, visitor):
    with database.transaction() as session:
        for title in ("Élan", "Zulu", "Eden", "amour", *(f"M{number:02}" for number in range(26))):
            add_movie(session, title=title)

    first, second = visitor.get("/movies"), visitor.get("/movies?page=2")

    assert titles(first)[:4] == ["amour", "Eden", "Élan", "M00"]
    assert len(titles(first)) == 25
    assert titles(second)[-1] == "Zulu"
    assert (first.json["total"], first.json["pages"], second.json["page"]) == (30, 2, 2)


def test_a_page_past_the_end_is_empty(visitor):
    assert titles(visitor.get("/movies?page=7")) == []


def test_the_feed_is_the_same_list(add, visitor):
    add(add_movie)

    assert visitor.get("/movies/feed").json == visitor.get("/movies").json


@pytest.mark.parametrize("words", ["cleo", "CLÉO 7", "varda", "5 à 7", "agnes cleo"])
def test_search_finds_parts_of_titles_and_names_without_accents(add, visitor, words):
    add(add_movie, title="Cléo from 5 to 7", original_title="Cléo de 5 à 7", director="Agnès Varda")
    add(add_movie, title="Vertigo", original_title="Vertigo", director="Alfred Hitchcock")

    assert titles(visitor.get("/movies", query_string={"q": words})) == ["Cléo from 5 to 7"]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("parasyte", "Parasite"),
        ("Gisengchung", "Parasite"),
        ("cloe from 5 too 7", "Cléo from 5 to 7"),
        ("dielmann", "Jeanne Dielman, 23, quai du Commerce, 1080 Bruxelles"),
        ("zzz", None),
    ],
)
def test_a_search_that_finds_nothing_suggests_the_title_most_like_it(add, visitor, words, title):
    add(add_movie, title="Parasite", original_title="Gisaengchung")
    add(add_movie, title="Cléo from 5 to 7")
    add(add_movie, title="Jeanne Dielman, 23, quai du Commerce, 1080 Bruxelles", original_title="")

    found = visitor.get("/movies", query_string={"q": words}).json

    assert (found["total"], found["suggestion"]) == (0, title)


def test_a_search_that_finds_something_suggests_nothing(add, visitor):
    add(add_movie, title="Parasite")

    assert visitor.get("/movies?q=para").json["suggestion"] is None


@pytest.mark.parametrize("words", ["%", "_", "\\", "nothing like it"])
def test_search_takes_signs_literally(add, visitor, words):
    add(add_movie)

    assert titles(visitor.get("/movies", query_string={"q": words})) == []


def test_an_editor_adds_a_movie_and_its_readers_are_told(editor, events):
    answer = editor.post("/movies", VERTIGO)

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/movies/{answer.json['id']}"
    key, told = events()[-1]
    assert key == "movie.added"
    assert (told["movie_id"], told["title"], told["directors"]) == (
        answer.json["id"],
        "Vertigo",
        ["Alfred Hitchcock"],
    )


def test_duration_and_description_are_taken_for_our_names(editor):
    answer = editor.post(
        "/movies", {"title": "Heat", "duration": 170, "description": "Two men in Los Angeles."}
    )

    assert answer.status_code == 201
    assert (answer.json["runtime_minutes"], answer.json["synopsis"]) == (170, "Two men in Los Angeles.")


def test_a_movie_is_in_the_catalogue_once(editor):
    first = editor.post("/movies", VERTIGO)

    again = editor.post("/movies", VERTIGO)

    assert again.status_code == 409
    assert again.json["type"] == "/problems/movie-exists"
    assert again.json["movie_id"] == first.json["id"]
    assert editor.post("/movies", VERTIGO | {"year": 1959}).status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"runtime_minutes": 0},
        {"runtime_minutes": -5},
        {"runtime_minutes": "long"},
        {"runtime_minutes": 90.5},
        {"year": 1700},
        {"genres": [""]},
        {"id": str(uuid4())},
        {"rating": 5},
    ],
)
def test_a_bad_field_is_named_and_nothing_is_added(editor, visitor, wrong):
    answer = editor.post("/movies", VERTIGO | wrong)

    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json["errors"][0]["field"]
    assert visitor.get("/movies").json["total"] == 0


def test_title_and_runtime_are_required(editor):
    answer = editor.post("/movies", {})

    assert {error["field"] for error in answer.json["errors"]} == {"title", "runtime_minutes"}


def test_put_changes_only_what_is_given(editor, events):
    movie = editor.post("/movies", VERTIGO | {"actors": ["James Stewart", "Kim Novak"]}).json

    answer = editor.put(f"/movies/{movie['id']}", {"actors": ["Kim Novak"], "certificate": "PG"})

    assert answer.status_code == 200
    same = {name: value for name, value in movie.items() if name not in {"actors", "certificate"}}
    assert same.items() <= answer.json.items()
    assert (answer.json["actors"], answer.json["certificate"]) == (["Kim Novak"], "PG")
    assert events()[-1][0] == "movie.changed"


def test_put_cannot_write_another_movies_id(editor):
    movie, other = editor.post("/movies", VERTIGO).json, editor.post("/movies", VERTIGO | {"year": 1959}).json

    answer = editor.put(f"/movies/{movie['id']}", {"id": other["id"], "title": "Stolen"})

    assert answer.status_code == 422
    assert editor.get(f"/movies/{other['id']}").json == other


def test_put_cannot_take_the_title_of_another(editor):
    editor.post("/movies", VERTIGO)
    movie = editor.post("/movies", VERTIGO | {"title": "Rope", "year": 1948}).json

    answer = editor.put(f"/movies/{movie['id']}", {"title": "Vertigo", "year": 1958})

    assert answer.status_code == 409
    assert editor.get(f"/movies/{movie['id']}").json == movie


def test_a_removed_movie_leaves_with_its_unsold_screenings_but_stays_in_the_database(
    database, editor, visitor, add, events
):
    screening = add(add_screening)

    answer = editor.delete(f"/movies/{screening.movie_id}")

    assert answer.status_code == 204
    assert visitor.get(f"/movies/{screening.movie_id}").status_code == 404
    assert visitor.get("/movies").json["total"] == 0
    assert visitor.get(f"/movies/{screening.movie_id}/screenings").status_code == 404
    assert events()[-1] == ("movie.removed", {"movie_id": str(screening.movie_id)})
    with database.transaction() as session:
        assert session.get(Screening, screening.id).state == "cancelled"
        assert session.get(Movie, screening.movie_id).deleted_at is not None


def test_a_movie_that_people_booked_cannot_be_removed(editor, visitor, add, book):
    movie = add(add_movie)
    sold = add(add_screening, movie=movie)
    unsold = add(add_screening, movie=movie, starts_in=timedelta(days=2))
    book(sold, "A1", "A2")

    answer = editor.delete(f"/movies/{sold.movie_id}")

    assert answer.status_code == 409
    assert [(s["id"], s["seats"]) for s in answer.json["screenings"]] == [(str(sold.id), 2)]
    assert visitor.get(f"/screenings/{unsold.id}").json["state"] == "scheduled"


def test_a_past_booking_does_not_keep_a_movie(editor, add, book, database):
    screening = add(add_screening)
    book(screening, "A1")
    with database.transaction() as session:
        past = session.get(Screening, screening.id)
        for name in ("starts_at", "ends_at", "free_at"):
            setattr(past, name, getattr(past, name) - timedelta(days=1))

    assert editor.delete(f"/movies/{screening.movie_id}").status_code == 204


def test_a_removed_movie_comes_back_as_itself(editor):
    movie = editor.post("/movies", VERTIGO).json
    editor.delete(f"/movies/{movie['id']}")

    again = editor.post("/movies", VERTIGO)

    assert again.status_code == 201
    assert again.json["id"] == movie["id"]


def test_only_editors_change_the_catalogue(visitor, viewer, add):
    movie = add(add_movie)
    for caller, status in ((visitor, 401), (viewer, 403)):
        assert caller.post("/movies", VERTIGO).status_code == status
        assert caller.put(f"/movies/{movie.id}", {"title": "Mine"}).status_code == status
        assert caller.delete(f"/movies/{movie.id}").status_code == status
    assert visitor.get(f"/movies/{movie.id}").json["title"] == movie.title


@pytest.mark.parametrize("id_", [str(uuid4()), "not-an-id", "0"])
def test_an_unknown_movie_is_not_there(visitor, editor, id_):
    assert visitor.get(f"/movies/{id_}").status_code == 404
    assert editor.delete(f"/movies/{id_}").status_code == 404
    assert editor.put(f"/movies/{id_}", {}).status_code == 404


# --- posters ----------------------------------------------------------------------------------------------


def test_a_poster_is_kept_for_ever_under_its_version(add, visitor):
    movie = visitor.get(f"/movies/{add(add_movie).id}").json

    poster = visitor.get(movie["poster_url"])

    assert poster.content_type.startswith("image/svg+xml")
    assert poster.text.startswith("<svg")
    assert "immutable" in poster.headers["Cache-Control"]
    assert "default-src 'none'" in poster.headers["Content-Security-Policy"]
    unchanged = visitor.client.get(movie["poster_url"], headers={"If-None-Match": poster.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_without_its_version_a_poster_is_asked_for_again(add, visitor):
    poster = visitor.get(f"/movies/{add(add_movie).id}/poster.svg")

    assert "immutable" not in poster.headers["Cache-Control"]


def test_a_new_title_has_a_new_poster(editor):
    movie = editor.post("/movies", VERTIGO).json

    renamed = editor.put(f"/movies/{movie['id']}", {"title": "The Bell Tower"}).json
    retold = editor.put(f"/movies/{movie['id']}", {"synopsis": "Stairs."}).json

    assert renamed["poster_url"] != movie["poster_url"]
    assert retold["poster_url"] == renamed["poster_url"]


def test_a_title_no_house_font_can_write_still_has_a_poster(editor, visitor):
    movie = editor.post("/movies", {"title": "羅生門", "year": 1950, "runtime_minutes": 88}).json

    assert visitor.get(movie["poster_url"]).status_code == 200
