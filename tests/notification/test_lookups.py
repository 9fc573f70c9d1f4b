"""Tickets once more: anybody may ask, only the mailbox they were bought with hears the answer."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marquee.contracts.reservation import BookingFacts
from marquee.db import Database
from marquee.http import NeighbourAway, NeighbourProblem
from marquee.testing.apps import settings_for_tests
from marquee.testing.database import url_of
from services.notification import create_app
from services.notification.models import Mail
from services.notification.settings import NotificationSettings
from tests.factories.bookings import booking_facts
from tests.notification.conftest import PostOffice

VIOLA = "viola@marquee.example"


@pytest.fixture
def make_app(database: Database) -> Iterator[Callable[..., Flask]]:
    made: list[Flask] = []

    def make(**more: Any) -> Flask:
        settings = settings_for_tests(
            database_url=url_of(database),
            public_url="http://localhost:8081",
            ticket_url="http://localhost:5003",
            **more,
        )
        made.append(create_app(NotificationSettings(**settings)))
        return made[-1]

    yield make
    for app in made:
        app.extensions["marquee.database"].engine.dispose()


@pytest.fixture
def ask(make_app: Callable[..., Flask]) -> Callable[[str], Any]:
    client = make_app().test_client()
    return lambda email: client.post("/lookups", json={"email": email})


def bought(post: PostOffice, *bookings: BookingFacts) -> None:
    """Paid, and the ticket mails are long gone."""
    for booking in bookings:
        post.tell("tickets", booking)
    post.work()
    post.mailer.sent.clear()


def text_of(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


def test_one_mail_brings_all_that_is_to_come_with_links_and_papers(
    post: PostOffice, ask: Callable[[str], Any]
) -> None:
    late = booking_facts("C4", title="Stalker", starts_in=timedelta(days=2))
    soon = booking_facts("G9", "G10")
    bought(post, late, soon)

    ask(VIOLA)
    post.work()

    (mail,) = post.mailer.sent
    assert mail["To"] == VIOLA
    assert mail["Subject"] == "Your tickets again: 2 bookings"
    plain, html = text_of(mail), mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert plain.index("Paper Moon") < plain.index("Stalker")
    for booking in (soon, late):
        link = f"http://localhost:8081/bookings/{booking.reservation_id}?key={booking.link_key}"
        assert link in plain
        assert link in html
    papers = [part.get_filename() for part in mail.iter_attachments()]
    assert len(set(papers)) == len(papers) == 2


def test_asked_for_once_for_one_film_it_says_which(post: PostOffice, ask: Callable[[str], Any]) -> None:
    bought(post, booking_facts("G9"))

    ask(VIOLA)
    post.work()

    assert post.mailer.sent[0]["Subject"].startswith("Your tickets again: Paper Moon, ")


def test_the_answer_is_the_same_whether_there_are_tickets_or_not(
    post: PostOffice, ask: Callable[[str], Any]
) -> None:
    bought(post, booking_facts())

    known, unknown = ask(VIOLA), ask("nobody@example.org")

    assert known.status_code == unknown.status_code == 202
    assert known.data == unknown.data == b""
    assert {k: v for k, v in known.headers if k != "X-Request-Id"} == {
        k: v for k, v in unknown.headers if k != "X-Request-Id"
    }


def test_an_address_without_tickets_gets_no_mail_and_is_not_kept(
    post: PostOffice, ask: Callable[[str], Any], database: Database
) -> None:
    ask("nobody@example.org")

    post.work()

    with database.transaction() as session:
        kept = session.scalar(select(func.count()).select_from(Mail))
    assert (post.mailer.sent, kept) == ([], 0)


def test_what_is_over_or_given_back_is_left_out(post: PostOffice, ask: Callable[[str], Any]) -> None:
    over = booking_facts("A1", starts_in=timedelta(hours=-3))
    given_back = booking_facts("B2")
    bought(post, over, given_back)
    post.tell("cancelled", given_back)
    post.work()
    post.mailer.sent.clear()

    ask(VIOLA)
    post.work()

    assert post.mailer.sent == []


def test_a_film_that_has_begun_is_not_over(post: PostOffice, ask: Callable[[str], Any]) -> None:
    bought(post, booking_facts("A1", starts_in=timedelta(minutes=-20)))

    ask(VIOLA)
    post.work()

    assert len(post.mailer.sent) == 1


def test_capitals_do_not_matter_and_the_mail_goes_to_the_address_of_the_booking(
    post: PostOffice, ask: Callable[[str], Any]
) -> None:
    bought(post, booking_facts())

    ask("  VIOLA@Marquee.Example ")
    post.work()

    assert [mail["To"] for mail in post.mailer.sent] == [VIOLA]


def test_somebody_elses_tickets_stay_where_they_are(post: PostOffice, ask: Callable[[str], Any]) -> None:
    bought(post, booking_facts("A1", email="ann@example.org"), booking_facts("B2"))

    ask("ann@example.org")
    post.work()

    assert [(mail["To"], "seats A1" in text_of(mail)) for mail in post.mailer.sent] == [
        ("ann@example.org", True)
    ]
    assert "B2" not in text_of(post.mailer.sent[0])


def test_a_click_too_many_sends_no_second_mail(post: PostOffice, ask: Callable[[str], Any]) -> None:
    bought(post, booking_facts())

    for _ in range(3):
        ask(VIOLA)
    post.work()

    # Two, where a minute ended in between.
    assert 1 <= len(post.mailer.sent) <= 2


def test_while_tickets_are_away_the_mail_waits(post: PostOffice, ask: Callable[[str], Any]) -> None:
    bought(post, booking_facts())
    post.tickets.trouble.append(NeighbourAway("ticket is away"))

    ask(VIOLA)
    post.work()
    assert post.mailer.sent == []
    post.hurry()

    assert len(post.mailer.sent) == 1


def test_a_booking_that_is_cancelled_in_this_moment_is_left_out(
    post: PostOffice, ask: Callable[[str], Any]
) -> None:
    bought(post, booking_facts("A1"), booking_facts("B2", starts_in=timedelta(hours=5)))
    post.tickets.trouble.append(NeighbourProblem(410, {"title": "void"}))

    ask(VIOLA)
    post.work()

    assert "A1" not in text_of(post.mailer.sent[0])
    assert "B2" in text_of(post.mailer.sent[0])


def test_more_bookings_than_fit_are_counted(post: PostOffice, ask: Callable[[str], Any]) -> None:
    bought(post, *(booking_facts("A1", starts_in=timedelta(days=day)) for day in range(1, 13)))

    ask(VIOLA)
    post.work()

    (mail,) = post.mailer.sent
    assert len(list(mail.iter_attachments())) == 10
    assert "2 more for later days" in text_of(mail)


@pytest.mark.parametrize("email", ["", "nonsense", "a b@example.org", "x" * 250 + "@example.org"])
def test_what_is_no_address_is_said_at_once(ask: Callable[[str], Any], email: str) -> None:
    answer = ask(email)

    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "email"


def test_an_address_is_asked_for_three_times_an_hour_and_others_go_on(
    make_app: Callable[..., Flask],
) -> None:
    client = make_app(rate_limits=True).test_client()

    def answer(email: str) -> int:
        return client.post("/lookups", json={"email": email}).status_code

    assert [answer("ann@example.org") for _ in range(3)] == [202, 202, 202]
    assert [answer("Ann@Example.org"), answer("bob@example.org")] == [429, 202]


@pytest.mark.parametrize(
    "written", ["ann@exam\u00adple.org", "ann@\uff45xample.org", "ann@example\u3002org", "  ANN@EXAMPLE.ORG "]
)
def test_the_same_mailbox_written_in_another_way_is_not_another_one(
    make_app: Callable[..., Flask], written: str
) -> None:
    client = make_app(rate_limits=True).test_client()
    for _ in range(3):
        client.post("/lookups", json={"email": "ann@example.org"})

    assert client.post("/lookups", json={"email": written}).status_code == 429
