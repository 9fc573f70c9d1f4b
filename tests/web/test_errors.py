"""Where a failure leads."""

import math
import time
from typing import Any

import pytest
from flask import Flask

from services.web.clients import PAGE_SECONDS, page_time_left
from services.web.errors import Failure, failure_of


def failure_at(app: Flask, path: str, method: str, status: int) -> Failure:
    with app.test_request_context(path, method=method):
        return failure_of(status, {"title": "Too many requests"})


@pytest.mark.parametrize("path", ["/screenings/1/hold", "/manage/films/1/delete", "/door/1/scans"])
@pytest.mark.parametrize("status", [404, 409, 422, 429, 500, 503])
def test_no_failure_leads_to_an_address_that_only_takes_forms(app: Flask, path: str, status: int) -> None:
    assert failure_at(app, path, "POST", status).next_url in ("/", "/manage", "/door")


@pytest.mark.parametrize("status", [429, 503])
def test_again_is_offered_only_where_the_link_leads_there_again(app: Flask, status: int) -> None:
    asked, sent = (failure_at(app, "/checkout/1", method, status) for method in ("GET", "POST"))

    assert (asked.next_url, asked.next_words) == ("/checkout/1", "Try again")
    assert (sent.next_url, sent.next_words) == ("/", "To the programme")


@pytest.mark.parametrize("status", [404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_staff_read_nothing_about_charges_or_held_seats(app: Flask, status: int, method: str) -> None:
    for path in ("/manage/films/new", "/door/1/scans"):
        failure = failure_at(app, path, method, status)
        assert "charged" not in failure.sentence
        assert "Seats you hold" not in failure.sentence
        assert failure.next_url != "/"
        assert failure.next_words


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/help/", "/help"),
        ("/movies/?q=moon&page=2", "/movies?q=moon&page=2"),
        ("/manage/", "/manage"),
        ("/no-such-page/", None),
    ],
)
def test_a_page_is_found_with_a_slash_behind_it(browser: Any, path: str, page: str | None) -> None:
    answer = browser.get(path)

    assert (answer.status_code, answer.location) == ((301, page) if page else (404, None))


@pytest.mark.parametrize(
    ("path", "page"), [("//help/", "/help"), ("//other.example/", None), ("/\\other.example/", None)]
)
def test_a_slash_behind_it_leads_to_no_other_site(browser: Any, path: str, page: str | None) -> None:
    answer = browser.get("/", environ_overrides={"PATH_INFO": path})

    assert (answer.status_code, answer.location) == ((301, page) if page else (404, None))


def test_all_reads_of_a_page_have_three_seconds_and_what_is_sent_has_no_end(app: Flask) -> None:
    with app.test_request_context("/"):
        first = page_time_left()
        time.sleep(0.01)
        assert 0 < page_time_left() < first <= PAGE_SECONDS
    with app.test_request_context("/", method="POST"):
        assert page_time_left() == math.inf


def test_a_form_is_not_sent_on_to_a_page_without_its_slash(browser: Any) -> None:
    assert browser.submit("/logout/").status_code == 404
