"""Where a failure leads."""

import pytest
from flask import Flask

from services.web.errors import Failure, failure_of


def failure_at(app: Flask, path: str, method: str, status: int) -> Failure:
    with app.test_request_context(path, method=method):
        return failure_of(status, {"title": "Too many requests"})


@pytest.mark.parametrize("path", ["/screenings/1/hold", "/manage/films/1/delete", "/door/1/scans"])
@pytest.mark.parametrize("status", [404, 409, 422, 429, 500, 503])
def test_no_failure_leads_to_an_address_that_only_takes_forms(app: Flask, path: str, status: int) -> None:
    assert failure_at(app, path, "POST", status).next_url in ("/", "/manage", "/door")


@pytest.mark.parametrize("status", [404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_staff_read_nothing_about_charges_or_held_seats(app: Flask, status: int, method: str) -> None:
    for path in ("/manage/films/new", "/door/1/scans"):
        failure = failure_at(app, path, method, status)
        assert "charged" not in failure.sentence
        assert "Seats you hold" not in failure.sentence
        assert failure.next_url != "/"
        assert failure.next_words
