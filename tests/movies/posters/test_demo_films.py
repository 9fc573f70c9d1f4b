import re

import pytest

from services.movies.demo.films import CERTIFICATES, GENRES, DemoFilm, demo_films

FILMS = demo_films()


def test_the_demo_world_has_enough_films_for_a_season():
    assert len(FILMS) >= 64


def test_title_and_year_name_one_film():
    assert len({(film.title, film.year) for film in FILMS}) == len(FILMS)


def test_many_decades_and_languages_are_on():
    assert len({film.year // 10 for film in FILMS}) >= 10
    assert len({film.language for film in FILMS}) >= 12


def test_every_genre_is_shown():
    assert {genre for film in FILMS for genre in film.genres} == set(GENRES)


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.title)
def test_a_film_is_complete(film: DemoFilm):
    assert 1 <= len(film.directors) <= 3
    assert len(film.actors) <= 4
    assert 1 <= len(film.genres) == len(set(film.genres)) <= 3
    assert set(film.genres) <= set(GENRES)
    assert film.certificate in CERTIFICATES
    assert 1895 <= film.year <= 2026
    assert 40 <= film.runtime_minutes <= 300
    assert all((film.original_title, film.certificate_reason, film.language))


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.title)
def test_our_words_fit_their_places(film: DemoFilm):
    assert len(re.findall(r"[a-z]{2}\.(?: |$)", film.synopsis)) in (2, 3, 4)
    assert 80 <= len(film.synopsis) <= 420
    assert len(film.house_line) <= 100
    assert film.synopsis.endswith(".")
    assert film.house_line.endswith(".")


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.title)
def test_apostrophes_are_typographic(film: DemoFilm):
    assert "'" not in film.title + film.original_title + film.synopsis + film.house_line
