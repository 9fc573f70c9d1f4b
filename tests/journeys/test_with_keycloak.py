"""The whole suite with the real Keycloak: `make run IDENTITY=keycloak`, from the sign-in to the ticket."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from local.suite import Suite, scratch_ports
from tests.journeys.house import QUICK, Door, House, until

pytestmark = [
    pytest.mark.journey,
    pytest.mark.keycloak,
    pytest.mark.skipif(not (shutil.which("java") and shutil.which("mvn")), reason="needs Java and Maven"),
    pytest.mark.timeout(900),  # the first test waits for Keycloak's tables
]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="marquee-keycloak-"))
    folder.chmod(0o711)
    try:
        with Suite(folder / "state", scratch_ports(), QUICK | {"IDENTITY": "keycloak"}) as suite:
            yield House(suite)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Admin:
    """Keycloak's admin, with the password the run made."""

    def __init__(self, house: House) -> None:
        self.url = house.suite.url("issuer")
        self.password = house.suite.site.keycloak.admin[1]

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        form = {
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": "admin",
            "password": self.password,
        }
        token = requests.post(
            f"{self.url}/realms/master/protocol/openid-connect/token", data=form, timeout=30
        )
        return requests.request(
            method,
            f"{self.url}/admin/realms/marquee{path}",
            json=body,
            headers={"Authorization": f"Bearer {token.json()['access_token']}"},
            timeout=30,
        )

    def person(self, name: str) -> str:
        return str(self.ask("GET", f"/users?username={name}&exact=true").json()[0]["id"])


@pytest.fixture(scope="module")
def admin(house: House) -> Admin:
    return Admin(house)


def is_signed_in(house: House, cookie: str) -> bool:
    auth = Door(house.suite.url("auth"), {"Authorization": f"Bearer {house.service_token('web')}"})
    return auth.ask("POST", "/internal/sessions/resolve", {"session": cookie}).ok


def test_somebody_signs_in_books_and_is_admitted(house: House) -> None:
    viola, screening = house.person("viola"), house.screening(10)

    reservation = viola.book(screening["id"], people=2)

    tickets = viola.tickets(reservation["id"])
    assert len(tickets) == 2
    assert house.mail("tickets", reservation["id"])
    assert house.person("stan").scan(tickets[0]["code"], screening["id"])["result"] == "admit"


def test_the_website_shows_the_person_and_signs_them_out(house: House) -> None:
    browser = house.sign_in("edda", back_to="/me")
    page = browser.get(f"{house.suite.url('web')}/me", timeout=30)
    assert "Edda Editor" in page.text

    cookie = browser.cookies["marquee"]
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)
    assert token
    browser.post(
        f"{house.suite.url('web')}/logout",
        data={"csrf_token": token[1]},
        timeout=30,
        headers={"Referer": page.url},
    )
    assert not is_signed_in(house, cookie)


def test_an_admin_signs_somebody_out_of_the_website(house: House, admin: Admin) -> None:
    cookie = house.sign_in("ada").cookies["marquee"]
    assert is_signed_in(house, cookie)

    assert admin.ask("POST", f"/users/{admin.person('ada')}/logout").status_code == 204
    assert not is_signed_in(house, cookie)


def test_a_forgotten_password_is_changed_by_mail(house: House, admin: Admin) -> None:
    """The job that settles the realm told Keycloak the run's mail server."""
    browser = requests.Session()

    def follow(answer: requests.Response) -> requests.Response:
        for cookie in browser.cookies:
            cookie.secure = False
        while answer.is_redirect and house.suite.url("web") not in answer.headers["Location"]:
            answer = browser.get(
                urljoin(answer.url, answer.headers["Location"]), allow_redirects=False, timeout=30
            )
            for cookie in browser.cookies:
                cookie.secure = False
        return answer

    def submit(page: requests.Response, **fields: str) -> requests.Response:
        action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        assert action, page.text[:2000]
        url = urljoin(page.url, unescape(action[1]))
        return follow(browser.post(url, data=fields, allow_redirects=False, timeout=30))

    form = follow(browser.get(f"{house.suite.url('auth')}/auth/login", allow_redirects=False, timeout=30))
    link = re.search(r'href="([^"]*reset-credentials[^"]*)"', form.text)
    assert link
    submit(browser.get(urljoin(form.url, unescape(link[1])), timeout=30), username="viola")
    letter = until(lambda: letter_to(house, "viola@marquee.example", "Reset password"), what="the mail")
    there = re.search(r"https?://\S+action-token\S+", letter["text"])
    assert there
    page = follow(browser.get(there[0], allow_redirects=False, timeout=30))

    end = submit(page, **{"password-new": "quite another one", "password-confirm": "quite another one"})
    assert end.headers["Location"].startswith(house.suite.url("web"))
    assert house.sign_in("viola", "quite another one").cookies["marquee"]


def letter_to(house: House, address: str, subject: str) -> Any:
    for listed in house.mailbox.get("/api/messages?limit=100")["messages"]:
        letter = house.mailbox.get(f"/api/messages/{listed['id']}")
        if address in str(letter["to"]) and subject.lower() in letter["subject"].lower():
            return letter
    return None
