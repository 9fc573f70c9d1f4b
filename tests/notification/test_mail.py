"""Mail: each thing is told once, under a fixed Message-ID, with the papers that belong to it."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text

from marquee.contracts.reservation import ReservationRefundDue, ReservationRefunded
from marquee.db import Database, database_now
from marquee.http import NeighbourAway, NeighbourProblem
from marquee.messaging.consumer import Meta
from services.notification.domain import notices
from services.notification.handlers import tell_refund_due, tell_refunded
from services.notification.mailer import MailAway, MailRefused
from services.notification.measures import measure_mails
from services.notification.models import Notice
from tests.factories.bookings import booking_facts, seat_facts
from tests.notification.conftest import PostOffice

META = Meta(uuid4(), "reservation.refunded", datetime.now(UTC), "movies", None, 1, "", "")
TEMPLATES = ("tickets", "cancelled", "refund_due", "refunded")


def test_the_ticket_mail_brings_pdf_and_calendar(post: PostOffice) -> None:
    booking = booking_facts("G9", "G10")
    post.tell("tickets", booking)

    post.work()

    (mail,) = post.mailer.sent
    assert mail["To"] == "viola@marquee.example"
    assert mail["Subject"].startswith("Your tickets: Paper Moon, ")
    assert [part.get_content_type() for part in mail.iter_attachments()] == [
        "application/pdf",
        "text/calendar",
    ]


def test_the_ticket_mail_shows_the_code_of_each_seat_and_says_it_in_words(post: PostOffice) -> None:
    post.tell("tickets", booking_facts("G9", "G10"))

    post.work()

    (mail,) = post.mailer.sent
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    shown = re.findall(r'<img src="cid:([^"]+)"[^>]* alt="([^"]+)"', html.get_content())
    pictures = {
        part["Content-ID"].strip("<>"): part.get_content()
        for part in mail.walk()
        if part.get_content_type() == "image/png"
    }
    assert [(pictures[content_id], alt) for content_id, alt in shown] == [
        (b"PNG of G9", "Picture code of seat G9"),
        (b"PNG of G10", "Picture code of seat G10"),
    ]
    for seat in ("G9", "G10"):
        assert f"MQ-7K2FQX-{seat}" in re.sub(r"<[^>]*>", "", html.get_content())
        assert f"MQ-7K2FQX-{seat}" in plain.get_content()


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("title", ["Paper Moon", "Сталкер", "<script>alert(1)</script>"])
def test_every_mail_says_what_and_how_much_in_both_forms(post: PostOffice, template: str, title: str) -> None:
    post.tell(template, booking_facts("G9", title=title), reason="the projector broke")

    post.work()

    plain = post.mailer.sent[0].get_body(("plain",))
    html = post.mailer.sent[0].get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "11.50" in plain.get_content()
    assert "11.50" in html.get_content()
    assert "<script>" not in html.get_content()


def test_the_ticket_mail_says_until_when_the_house_takes_it_back_on_the_houses_clock(
    post: PostOffice,
) -> None:
    starts_at = datetime(2031, 7, 4, 19, 30, tzinfo=UTC)  # half past eight in Dublin
    post.tell("tickets", booking_facts(starts_at=starts_at, cancel_until=starts_at - timedelta(minutes=90)))

    post.work()

    for form in ("plain", "html"):
        assert "Free refund until Friday 4 July, 19:00" in words_of(post, form)


@pytest.mark.parametrize(("ticket_type", "needs_card"), [("child", False), ("senior", True), ("carer", True)])
def test_the_ticket_mail_asks_for_a_card_where_there_is_one(
    post: PostOffice, ticket_type: str, needs_card: bool
) -> None:
    post.tell("tickets", booking_facts(seats=[seat_facts("G9", ticket_type=ticket_type)]))

    post.work()

    for form in ("plain", "html"):
        body = post.mailer.sent[0].get_body((form,))
        assert body is not None
        assert ("bring your card" in body.get_content().lower()) is needs_card


def test_where_nobody_said_until_when_the_ticket_mail_promises_nothing(post: PostOffice) -> None:
    post.tell("tickets", booking_facts(cancel_until=None))

    post.work()

    for form in ("plain", "html"):
        assert "until" not in words_of(post, form)


@pytest.mark.parametrize(
    "reason", ["the cinema cancelled this screening", "the amount paid is not the amount asked for"]
)
def test_mail_and_inbox_say_the_same_reason_why_money_goes_back(
    post: PostOffice, database: Database, reason: str
) -> None:
    with database.transaction() as session:
        tell_refund_due(session, ReservationRefundDue(booking=booking_facts(), reason=reason), META)
    post.work()

    with database.transaction() as session:
        notice = session.scalars(select(Notice.text)).one()
    for words in (notice, words_of(post, "plain"), words_of(post, "html")):
        assert f", but {reason}. " in words.replace("\n", " ")
        assert "All you paid goes back" in words
        assert "late" not in words


def test_of_a_free_booking_no_money_is_promised_back(post: PostOffice) -> None:
    post.tell("cancelled", booking_facts("G9", total_cents=0))

    post.work()

    (mail,) = post.mailer.sent
    for form in ("plain", "html"):
        words = mail.get_body((form,)).get_content()
        assert "is cancelled" in words
        assert "no longer open the door" in words
        assert "way back" not in words
        assert "0.00" not in words


def test_money_that_was_never_paid_is_not_told_to_be_back(post: PostOffice, database: Database) -> None:
    for booking in (booking_facts("G9", total_cents=0), booking_facts("G10")):
        with database.transaction() as session:
            tell_refunded(session, ReservationRefunded(booking=booking, amount_cents=1150), META)
    post.work()

    (mail,) = post.mailer.sent
    assert mail["Subject"].startswith("Refunded: €11.50")


def test_telling_twice_sends_one_mail_and_one_notice(post: PostOffice, database: Database) -> None:
    booking = booking_facts()
    for _ in range(3):
        post.tell("tickets", booking)
    post.work()

    with database.transaction() as session:
        noticed = session.scalar(select(func.count()).select_from(Notice))
    assert (len(post.mailer.sent), noticed) == (1, 1)


def test_a_crash_after_sending_sends_a_copy_that_can_be_told_for_one(
    post: PostOffice, database: Database
) -> None:
    """C12: the server took it, we died before noting that."""
    booking = booking_facts()
    post.tell("tickets", booking)
    post.work()
    with database.transaction() as session:
        session.execute(text("UPDATE mails SET state = 'due', due_at = now()"))
    post.work()

    ids = {mail["Message-ID"] for mail in post.mailer.sent}
    assert len(post.mailer.sent) == 2
    assert ids == {f"<tickets.{booking.reservation_id}@marquee.example>"}


@pytest.mark.parametrize(
    "trouble", [MailAway("away"), ValueError("a bug"), NeighbourAway("ticket is away")], ids=repr
)
def test_a_mail_that_did_not_go_waits_and_goes_later(post: PostOffice, trouble: Exception) -> None:
    where = post.tickets if isinstance(trouble, NeighbourAway) else post.mailer
    where.trouble.append(trouble)
    post.tell("tickets", booking_facts())

    post.work()
    assert (post.mail().state, post.mailer.sent) == ("due", [])
    assert measured(post, "marquee_mails_waiting") == 1
    assert measured(post, "marquee_mails_waiting_seconds") > 0
    post.hurry()

    assert post.mail().state == "sent"


def test_of_one_booking_the_older_mail_goes_first_unless_it_is_stuck(post: PostOffice) -> None:
    booking = booking_facts()
    post.tell("refund_due", booking)
    post.tell("refunded", booking)
    post.mailer.trouble = [MailAway("busy")]

    post.work()
    assert post.mailer.sent == []

    with post.database.transaction() as session:
        session.execute(text("UPDATE mails SET created_at = created_at - interval '1 minute'"))
        stuck = text("UPDATE mails SET due_at = now() + interval '1 hour' WHERE template = 'refund_due'")
        session.execute(stuck)
    post.work()
    assert [mail["Subject"].partition(":")[0] for mail in post.mailer.sent] == ["Refunded"]


def test_after_many_tries_it_gives_up_and_keeps_the_reason(post: PostOffice) -> None:
    post.tell("refunded", booking_facts())
    post.mailer.trouble = [MailAway("the mail server is away")] * notices.GIVE_UP_AFTER

    for _ in range(notices.GIVE_UP_AFTER):
        assert post.mail().state == "due"
        post.hurry()

    assert (post.mail().state, post.mail().last_error) == ("given_up", "the mail server is away")


def test_an_outage_of_most_of_a_day_loses_no_mail(post: PostOffice) -> None:
    post.tell("refunded", booking_facts())
    post.mailer.trouble = [MailAway("away")] * notices.GIVE_UP_AFTER
    waited = timedelta()

    while post.mail().state == "due":
        post.hurry()
        mail = post.mail()
        with post.database.transaction() as session:
            waited += mail.due_at - database_now(session)

    assert timedelta(hours=18) < waited < timedelta(hours=30)


def test_a_mail_that_the_server_refuses_for_good_is_not_tried_again(post: PostOffice) -> None:
    post.tell("refunded", booking_facts())
    post.mailer.trouble = [MailRefused("550 no such mailbox")]

    post.work()

    assert (post.mail().state, post.mail().attempts) == ("given_up", 1)
    assert measured(post, "marquee_mails_given_up") == 1
    assert measured(post, "marquee_mails_waiting") == 0
    assert post.mail().last_error == "550 no such mailbox"


def test_a_booking_cancelled_meanwhile_is_mailed_without_papers(post: PostOffice) -> None:
    post.tickets.trouble.append(NeighbourProblem(410, {"title": "void"}))
    post.tell("tickets", booking_facts())

    post.work()

    assert list(post.mailer.sent[0].iter_attachments()) == []
    assert "cid:" not in post.mailer.sent[0].as_string()


def test_the_link_opens_the_booking(post: PostOffice) -> None:
    booking = booking_facts(reservation_id=uuid4())
    post.tell("tickets", booking)
    post.work()

    plain = post.mailer.sent[0].get_body(("plain",))
    assert plain is not None
    link = f"http://localhost:8081/bookings/{booking.reservation_id}?key={booking.link_key}"
    assert link in plain.get_content().replace("\n", "")


def words_of(post: PostOffice, form: str) -> str:
    (mail,) = post.mailer.sent
    body = mail.get_body((form,))
    assert body is not None
    return str(body.get_content())


def measured(post: PostOffice, name: str) -> float:
    with post.database.transaction() as session:
        measure_mails(session)
    return REGISTRY.get_sample_value(name) or 0
