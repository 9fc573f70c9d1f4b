"""Who may do what: cookies, form tokens, other sites, access, policy."""

import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask

from marquee.app import declared_access
from services.web import create_app
from services.web.security import SAFE_METHODS
from services.web.settings import WebSettings
from tests.web.conftest import Browser
from tests.web.fake_neighbours import World, an_id

URL = "http://localhost:8081"


def unsafe_routes(app: Flask) -> list[tuple[str, str]]:
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - SAFE_METHODS
    ]


def filled(rule: str) -> str:
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: an_id("any") if found[1] == "uuid" else "1", rule)


def test_every_route_declares_its_access(app: Flask) -> None:
    assert all(declared_access(app).values())


def test_no_unsafe_request_is_taken_without_the_form_token(browser: Any, app: Flask, world: World) -> None:
    browser.sign_in(world, "admin")
    for method, rule in unsafe_routes(app):
        answer = browser.client.open(filled(rule), method=method, base_url=URL)
        assert answer.status_code == 403, rule


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_no_unsafe_request_is_taken_from_another_site(
    browser: Any, app: Flask, world: World, headers: dict[str, str]
) -> None:
    browser.sign_in(world, "admin")
    token = browser.token()
    for method, rule in unsafe_routes(app):
        answer = browser.client.open(
            filled(rule), method=method, base_url=URL, headers={"X-CSRFToken": token} | headers
        )
        assert answer.status_code == 403, rule


def test_our_own_pages_may_send(browser: Any, screening_id: str) -> None:
    headers = {"X-CSRFToken": browser.token(), "Origin": URL, "Sec-Fetch-Site": "same-origin"}

    answer = browser.client.post(
        f"/screenings/{screening_id}/hold", data={"seat": "C7"}, headers=headers, base_url=URL
    )

    assert answer.status_code == 303


def test_the_guests_cookie_is_closed_to_scripts_and_other_sites(browser: Any) -> None:
    browser.hold("C7")
    cookie = browser.client.get_cookie("marquee-web", domain="localhost")

    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert cookie.path == "/"


def test_a_guest_is_known_to_movies_by_a_long_random_token(browser: Any, world: World) -> None:
    browser.hold("C7")
    tokens = {headers["X-Guest-Token"] for _, _, headers in world.asked if "X-Guest-Token" in headers}

    assert len(tokens) == 1
    assert len(tokens.pop()) >= 32


def test_looking_around_makes_no_guest(browser: Any, world: World, screening_id: str) -> None:
    for path in ("/", "/movies", f"/screenings/{screening_id}/seats", "/bookings"):
        browser.get(path)

    assert not any("X-Guest-Token" in headers for _, _, headers in world.asked)


def test_home_sets_no_cookie(browser: Any) -> None:
    assert "Set-Cookie" not in browser.get("/").headers


def test_a_signed_in_person_goes_with_their_own_token(browser: Any, world: World) -> None:
    browser.sign_in(world, "viewer")

    browser.get("/me")

    assert ("GET", "/reservations/me", "Bearer token-of-ann") in [
        (method, path, headers.get("Authorization")) for method, path, headers in world.asked
    ]


def test_pages_for_members_lead_to_sign_in_and_back(browser: Any) -> None:
    answer = browser.get("/me")

    assert answer.status_code == 302
    assert answer.location == "/login?next=/me"


def test_login_and_register_are_auths(browser: Any) -> None:
    assert browser.get("/login?next=/me").location == "http://localhost:5001/auth/login?next=/me"
    assert browser.get("/register").location == "http://localhost:5001/auth/register?next=/"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/%2Fevil.example", "/%5Cevil.example", "/%09/evil.example"]
)
def test_next_never_leads_to_another_site(browser: Any, wanted: str) -> None:
    home = "http://localhost:5001/auth/login?next="

    assert browser.get(f"/login?next={wanted}").location == f"{home}/"
    browser.hold("C7")
    assert browser.get(f"/login?next={wanted}").location == f"{home}/signed-in"
    assert browser.get("/signed-in").location == "/"


def test_a_guest_who_signs_in_comes_back_and_owns_what_they_held(
    browser: Any, world: World, screening_id: str
) -> None:
    seats = f"/screenings/{screening_id}/seats?people=3"
    hold_id = browser.hold("C7")
    as_guest = world.holds[hold_id]["owner"]
    assert f'href="/login?next=/screenings/{screening_id}/seats?people%3D3"' in browser.get(seats).text

    onward = browser.get(f"/login?next={quote(seats)}").location
    browser.sign_in(world, "viewer")

    assert onward == "http://localhost:5001/auth/login?next=/signed-in"
    assert browser.get("/signed-in").location == seats
    assert world.holds[hold_id]["owner"] != as_guest
    assert "Row C, seat 7, standard, 9.50 euros, yours" in browser.get(seats).text


def test_coming_back_works_while_nobody_can_take_the_hold_along(browser: Any, world: World) -> None:
    browser.hold("C7")
    browser.get("/login?next=/help")
    browser.sign_in(world, "viewer")
    world.away.add("movies")

    assert browser.get("/signed-in").location == "/help"


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_whoever_buys_may_sign_in_once(
    browser: Any, world: World, screening_id: str, is_signed_in: bool
) -> None:
    if is_signed_in:
        browser.sign_in(world, "viewer")
    hold_id = browser.hold("C7")

    for path in (f"/screenings/{screening_id}/seats", f"/checkout/{hold_id}"):
        page = browser.get(path).text
        assert (f'href="/login?next={path}"' in page) is not is_signed_in
        assert ("Have an account?" in page) is not is_signed_in


def test_signing_out_ends_the_session_and_leads_to_the_issuer(browser: Any, world: World) -> None:
    browser.sign_in(world, "viewer")

    answer = browser.submit("/logout")

    assert answer.location == "http://issuer.test/logout"
    assert world.sessions == {}
    assert browser.client.get_cookie("marquee", domain="localhost") is None


def test_a_link_signs_nobody_out_but_leads_to_the_button(browser: Any, world: World) -> None:
    assert browser.get("/logout").location == "/"
    browser.sign_in(world)

    assert browser.get("/logout").location == "/me"
    assert browser.get("/me").status_code == 200


def test_my_page_shows_roles_and_the_dashboard_the_strongest(browser: Any, world: World) -> None:
    browser.sign_in(world, "viewer", "editor")

    assert "ann@example.org" in browser.get("/me").text
    dashboard = browser.get("/dashboard").text
    assert "You make the programme" in dashboard
    assert dashboard.index("is-editor") < dashboard.index("is-viewer")


def test_pages_allow_nothing_inline_and_nothing_foreign(browser: Any) -> None:
    policy = browser.get("/").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "12111" not in policy
    assert "frame-ancestors 'none'" in policy


def test_only_checkout_lets_the_card_form_in(browser: Any) -> None:
    policy = browser.get(f"/checkout/{browser.hold('C7')}").headers["Content-Security-Policy"]

    assert "script-src 'self' http://localhost:12111;" in policy
    assert "frame-src http://localhost:12111;" in policy


def test_static_files_carry_their_version_and_stay_for_a_year(app: Flask, browser: Any) -> None:
    text = browser.get("/").text
    sheet = text.partition('rel="stylesheet" href="')[2].partition('"')[0]

    answer = browser.get(sheet, headers={"Accept-Encoding": "br"})

    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "br"
    assert urlsplit(sheet).path.count("/") == 3


def test_no_file_outside_the_static_folder_is_served(browser: Any) -> None:
    assert browser.get("/static/x/../settings.py").status_code == 404
    assert browser.get("/static/x/%2e%2e/settings.py").status_code == 404


@pytest.mark.parametrize(("page_from", "sent_to"), [("old", "new,old"), ("new,old", "old,new")])
def test_a_page_from_before_a_key_changed_can_still_be_sent(
    app: Flask, settings: WebSettings, screening_id: str, page_from: str, sent_to: str
) -> None:
    neighbours = app.extensions["marquee.neighbours"]
    before, after = (
        create_app(settings.model_copy(update={"secret_key": key}), neighbours=neighbours)
        for key in (page_from, sent_to)
    )
    page = Browser(before.test_client(), screening_id)
    token = page.token()
    cookie = page.client.get_cookie("marquee-web", domain="localhost")
    assert cookie is not None

    answer = after.test_client(use_cookies=False).post(
        f"/screenings/{screening_id}/hold",
        base_url=URL,
        data={"csrf_token": token, "seat": "C7"},
        headers={"Cookie": f"marquee-web={cookie.value}"},
    )

    assert answer.status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        f"/screenings/{an_id('any')}/hold",
        f"/checkout/{an_id('any')}/pay",
        f"/door/{an_id('any')}/scans",
        f"/door/{an_id('any')}/admissions/{an_id('any')}/undo",
    ],
)
@pytest.mark.parametrize("body", [[], {}, "seats", 7])
def test_json_of_another_shape_is_refused_in_words(browser: Any, world: World, path: str, body: Any) -> None:
    browser.sign_in(world, "admin")

    answer = browser.client.post(path, json=body, base_url=URL, headers={"X-CSRFToken": browser.token()})

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/invalid")


def test_forms_that_no_page_of_ours_sends_are_refused_and_break_nothing(browser: Any) -> None:
    hold_id = browser.hold("C7")

    assert browser.submit(f"/checkout/{an_id('nobody')}/back", screening="nonsense").status_code == 404
    assert browser.get(f"{browser.seats}/seats?people={'9' * 5000}").status_code == 200
    assert browser.submit(f"/holds/{hold_id}/release", movie="nonsense").status_code == 204
