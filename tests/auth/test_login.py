"""Where people are sent, and what is believed when they come back."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask


@pytest.mark.parametrize("path", ["/auth/login", "/auth/signin"])
def test_sign_in_goes_to_the_public_address_with_state_nonce_and_pkce(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    target = urlsplit(answer.headers["Location"])
    query = parse_qs(target.query)

    assert answer.status_code == 302
    assert target.geturl().startswith("http://localhost:8180/realms/marquee/protocol/openid-connect/auth?")
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    assert query["redirect_uri"] == ["http://localhost:5001/auth/callback"]
    assert query["scope"] == ["openid profile email"]


def test_registering_opens_the_page_for_it(app: Flask) -> None:
    answer = app.test_client().get("/auth/register")

    assert parse_qs(urlsplit(answer.headers["Location"]).query)["prompt"] == ["create"]


def test_coming_back_without_a_code_is_a_400_in_words(app: Flask) -> None:
    answer = app.test_client().get("/auth/callback?error=access_denied")

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_is_shown_is_never_what_the_address_says(app: Flask, accept: str) -> None:
    address = "/auth/callback?error=access_denied&error_description=Call+0900+to+unlock+your+account"

    answer = app.test_client().get(address, headers={"Accept": accept})

    assert answer.status_code == 400
    assert "0900" not in answer.text
    assert "Please sign in again." in answer.text


def test_a_code_that_nobody_here_asked_for_is_refused(app: Flask) -> None:
    answer = app.test_client().get("/auth/callback?code=stolen&state=forged")

    assert answer.status_code == 401


def test_people_get_a_page_and_not_json(app: Flask) -> None:
    answer = app.test_client().get("/auth/callback", headers={"Accept": "text/html"})

    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "<h1>" in answer.text


def test_the_login_cookie_is_for_the_sign_in_only(app: Flask) -> None:
    cookie = app.test_client().get("/auth/login").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/auth" in cookie


def test_a_link_signs_nobody_out(app: Flask) -> None:
    answer = app.test_client().get("/auth/signout")

    assert answer.headers["Location"] == "http://localhost:8081/me"


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register"])
def test_while_the_provider_is_away_people_are_told_and_not_sent_there(app: Flask, path: str) -> None:
    del app.extensions["auth.provider"].is_up  # look for it: nobody is there

    answer = app.test_client().get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Sign-in is away for a moment" in answer.text
    assert 'class="button" href="http://localhost:8081/">What is on' in answer.text
    assert answer.headers["Retry-After"] == "2"
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [("/screenings/1/seats?people=2", "/screenings/1/seats?people=2"), ("//evil.example", "/"), ("", "/")],
)
def test_afterwards_people_only_go_to_pages_of_ours(app: Flask, wanted: str, kept: str) -> None:
    client = app.test_client()
    client.get("/auth/login", query_string={"next": wanted})

    with client.session_transaction(path="/auth/") as cookie:
        assert cookie["next"] == kept
