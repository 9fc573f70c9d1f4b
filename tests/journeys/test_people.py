"""Signing in through auth and the issuer, and what a guest keeps by doing so."""

import pytest

from tests.journeys.house import Buyer, Door

pytestmark = pytest.mark.journey


def test_signing_in_comes_back_to_where_somebody_was(house):
    back_to = f"/screenings/{house.screening()['id']}/seats?with=2"

    browser = house.sign_in("viola", back_to=back_to)

    assert browser.headers["X-Came-Back-To"] == house.suite.url("web") + back_to


def test_the_browser_holds_no_token(house):
    browser = house.sign_in("viola")

    assert "eyJ" not in "".join(browser.cookies.values())
    assert len(browser.cookies["marquee"]) >= 22


def test_a_wrong_password_signs_nobody_in(house):
    with pytest.raises(AssertionError, match="Invalid username or password"):
        house.sign_in("viola", "not-the-password")


def test_the_token_says_who_somebody_is_and_what_they_may(house):
    me = Door(house.suite.url("auth"), house.bearer("edda")).get("/auth/me")

    assert (me["username"], me["name"]) == ("edda", "Edda Editor")
    assert "editor" in me["roles"]


def test_a_session_that_was_ended_is_gone(house):
    cookie = house.sign_in("viola").cookies["marquee"]
    auth = Door(house.suite.url("auth"), {"Authorization": f"Bearer {house.service_token('web')}"})
    auth.post("/internal/sessions/end", {"session": cookie})

    assert auth.ask("POST", "/internal/sessions/resolve", {"session": cookie}).status_code == 404


def test_a_person_books_and_finds_the_booking_again(house):
    viola = house.person("viola")

    reservation = viola.book(house.screening(10)["id"], people=1)

    mine = viola.at["movies"].get("/reservations/me")["reservations"]
    assert reservation["id"] in [one["id"] for one in mine]


def test_a_guest_who_signs_in_keeps_the_hold(house):
    guest, screening = house.guest(), house.screening(11)
    hold = guest.hold(screening["id"], house.seats_for(screening["id"], 2))
    both = Buyer(house, guest.credentials | house.bearer("ada"), "ada@marquee.example")

    both.at["movies"].post("/holds/adopt")

    ada = house.person("ada")
    assert ada.at["movies"].get(f"/holds/{hold['id']}")["state"] == "held"
    reservation = ada.reserve(hold)
    house.pay(ada.payment(reservation["id"])["client_secret"])
    ada.becomes(reservation["id"], "ticketed")


def test_a_service_alone_reads_no_booking(house):
    """Its own token is good for what it was given, and for nothing of a person's."""
    viola = house.person("viola")
    reservation = viola.book(house.screening(10)["id"], people=1)
    web = {"Authorization": f"Bearer {house.service_token('web')}"}

    for service, path in (
        ("movies", f"/reservations/{reservation['id']}"),
        ("payment", f"/payments/{reservation['id']}"),
        ("ticket", f"/reservations/{reservation['id']}/tickets"),
    ):
        assert Door(house.suite.url(service), web).ask("GET", path).status_code in (401, 403, 404)
