"""Our auth service with a provider behind it: sign-in, renewal and every way a session ends."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.fernet import Fernet
from sqlalchemy import text
from werkzeug.serving import make_server

from marquee.auth import KeySet, fetch_keys
from marquee.db import Database
from marquee.testing.apps import settings_for_tests
from marquee.testing.database import empty, migrated_database, url_of
from services.auth import create_app
from services.auth.settings import AuthSettings
from tests.identity.provider import Browser, Person, Provider, header_of, secret_of


@pytest.fixture(scope="module")
def auth_database(create_database: Callable[[str], str]) -> Iterator[Database]:
    with migrated_database("auth", create_database) as database:
        yield database


class Auth:
    """The running service, asked as browsers and as the website ask it."""

    def __init__(self, provider: Provider, database: Database) -> None:
        self.provider, self.database = provider, database
        address = urlsplit(provider.addresses.callback)
        self.url = f"{address.scheme}://{address.netloc}"
        settings = AuthSettings(
            **settings_for_tests(
                keycloak_url_external=provider.url,
                keycloak_url_internal=provider.url.replace("localhost", "127.0.0.1"),
                database_url=url_of(database),
                database_pool_size=10,
                login_client_secret=secret_of("web"),
                session_key=Fernet.generate_key().decode(),
                public_url=provider.addresses.home,
                auth_url_external=self.url,
            )
        )
        self.app = create_app(settings)
        # The usual pause between two fetches keeps strangers from making us ask; here keys change every second.
        keys = KeySet(lambda: fetch_keys(f"{provider.endpoint}/certs"), cooldown_seconds=0.1)
        self.app.extensions["marquee.verifier"].keys = self.app.extensions["auth.provider"].keys = keys
        self._server = make_server("127.0.0.1", address.port or 80, self.app, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        provider.receiver.hand_on_to = f"{self.url}/auth/backchannel-logout"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.app.extensions["marquee.database"].engine.dispose()

    def sign_in(self, person: Person, browser: Browser | None = None) -> str:
        """The whole way round; answers the session cookie."""
        browser = browser or self.provider.browser()
        began = browser.session.get(f"{self.url}/auth/login?next=/me", allow_redirects=False, timeout=30)
        page = browser.follow(began)
        if not page.is_redirect:
            page = browser.submit(page, username=person.username, password="a long password")
        answer = browser.session.get(page.headers["Location"], allow_redirects=False, timeout=30)
        assert answer.headers.get("Location") == f"{self.provider.addresses.home}me", answer.text
        return str(answer.cookies["marquee"])

    def resolve(self, cookie: str) -> requests.Response:
        return self._as_website("resolve", cookie)

    def end(self, cookie: str) -> str:
        return str(self._as_website("end", cookie).json()["end_session_url"])

    def let_tokens_end(self) -> None:
        with self.database.transaction() as session:
            session.execute(text("UPDATE sessions SET access_expires_at = now() - interval '1 second'"))

    def count(self) -> int:
        with self.database.transaction() as session:
            return int(session.scalar(text("SELECT count(*) FROM sessions")) or 0)

    def _as_website(self, what: str, cookie: str) -> requests.Response:
        token = self.provider.service_token("marquee-web").json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return requests.post(
            f"{self.url}/internal/sessions/{what}", json={"session": cookie}, headers=headers, timeout=30
        )


@pytest.fixture
def auth(provider: Provider, auth_database: Database) -> Iterator[Auth]:
    running = Auth(provider, empty(auth_database))
    yield running
    running.close()


@pytest.fixture
def nora(provider: Provider) -> Person:
    return provider.person()


def who(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["person"])


def test_a_sign_in_ends_with_a_session_that_the_website_can_resolve(auth: Auth, nora: Person) -> None:
    cookie = auth.sign_in(nora)

    assert "eyJ" not in cookie
    assert who(auth.resolve(cookie)) == {
        "id": nora.id,
        "username": nora.username,
        "name": "Nora Neu",
        "email": f"{nora.username}@example.org",
        "roles": ["viewer"],
    }


def test_a_new_sign_in_ends_the_old_session_of_that_browser(
    auth: Auth, nora: Person, provider: Provider
) -> None:
    browser = provider.browser()
    first = auth.sign_in(nora, browser)
    second = auth.sign_in(nora, browser)

    assert auth.resolve(first).status_code == 404
    assert auth.resolve(second).status_code == 200
    assert auth.count() == 1


def test_twenty_pages_at_once_with_an_ended_token_cost_one_renewal(auth: Auth, nora: Person) -> None:
    """Two renewals would end the session: the provider takes a reused refresh token for a stolen one."""
    cookie = auth.sign_in(nora)
    auth.let_tokens_end()

    with ThreadPoolExecutor(20) as pages:
        answers = list(pages.map(lambda _: auth.resolve(cookie), range(20)))

    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    auth.let_tokens_end()
    assert auth.resolve(cookie).status_code == 200


def test_a_new_role_counts_from_the_next_renewal_on(auth: Auth, nora: Person) -> None:
    cookie = auth.sign_in(nora)
    nora.give_role("staff")
    assert who(auth.resolve(cookie))["roles"] == ["viewer"]

    auth.let_tokens_end()
    assert who(auth.resolve(cookie))["roles"] == ["staff", "viewer"]


def test_signing_out_here_signs_out_there(auth: Auth, nora: Person, provider: Provider) -> None:
    browser = provider.browser()
    cookie = auth.sign_in(nora, browser)

    answer = browser.session.get(auth.end(cookie), allow_redirects=False, timeout=30)
    assert answer.headers["Location"] == provider.addresses.signed_out
    assert not browser.is_signed_in()
    assert auth.resolve(cookie).status_code == 404


def test_signing_out_there_signs_out_here_before_the_answer(
    auth: Auth, nora: Person, provider: Provider
) -> None:
    browser = provider.browser()
    cookie = auth.sign_in(nora, browser)
    elsewhere = auth.sign_in(nora)

    page = browser.logout()
    browser.submit(page, confirmLogout="Logout")
    assert auth.resolve(cookie).status_code == 404
    assert auth.resolve(elsewhere).status_code == 200


def test_an_admin_signs_somebody_out_of_every_browser(auth: Auth, nora: Person) -> None:
    cookies = [auth.sign_in(nora) for _ in range(2)]

    assert nora.sign_out() == 204
    assert [auth.resolve(cookie).status_code for cookie in cookies] == [404, 404]
    assert auth.count() == 0


def test_a_disabled_person_is_out_when_the_token_ends(auth: Auth, nora: Person) -> None:
    cookie = auth.sign_in(nora)
    nora.change(enabled=False)
    assert auth.resolve(cookie).status_code == 200

    auth.let_tokens_end()
    assert auth.resolve(cookie).status_code == 404
    assert auth.count() == 0


def test_a_key_rotated_while_people_are_signed_in_signs_nobody_out(
    auth: Auth, nora: Person, provider: Provider
) -> None:
    cookie = auth.sign_in(nora)
    old = auth.resolve(cookie).json()["access_token"]

    with provider.second_key():
        assert auth.resolve(cookie).json()["access_token"] == old
        auth.let_tokens_end()
        new = auth.resolve(cookie).json()["access_token"]
        assert header_of(new)["kid"] != header_of(old)["kid"]
        assert auth.resolve(auth.sign_in(nora)).status_code == 200
    # Sessions outlast the key their tokens were signed with.
    auth.let_tokens_end()
    assert auth.resolve(cookie).status_code == 200


def test_who_makes_an_account_comes_back_signed_in(auth: Auth, provider: Provider) -> None:
    browser, name = provider.browser(), f"new-{auth.url.rpartition(':')[2]}-{provider.is_real}".lower()
    began = browser.session.get(f"{auth.url}/auth/register", allow_redirects=False, timeout=30)
    page = browser.submit(
        browser.follow(began),
        username=name,
        email=f"{name}@example.org",
        firstName="Nora",
        lastName="Neu",
        **{"password": "a long password", "password-confirm": "a long password"},
    )

    answer = browser.session.get(page.headers["Location"], allow_redirects=False, timeout=30)
    assert who(auth.resolve(answer.cookies["marquee"]))["username"] == name
