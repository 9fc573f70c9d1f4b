"""Handing a mail to a server: what may work later, and what never will."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from local.ports import free_port
from services.notification.mailer import MailAway, MailRefused, SmtpMailer


@pytest.fixture
def mailer() -> Iterator[SmtpMailer]:
    """For a server that takes addresses in ASCII only, as many do."""
    server = Controller(Sink(), hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    server.start()
    yield SmtpMailer(f"smtp://127.0.0.1:{server.port}")
    server.stop()


def mail(*, to: str = "ann@example.org", sender: str = "tickets@marquee.example") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message.set_content("Row G")
    return message


def test_an_address_in_ascii_is_taken(mailer: SmtpMailer) -> None:
    mailer.send(mail(to="info@xn--mller-kva.de"))


@pytest.mark.parametrize("to", ["info@müller.de", "jörg@example.org"])
def test_an_address_that_the_server_can_never_take_is_refused_for_good(mailer: SmtpMailer, to: str) -> None:
    with pytest.raises(MailRefused):
        mailer.send(mail(to=to))


def test_a_sender_that_the_server_does_not_take_can_be_mended_and_the_mail_waits(mailer: SmtpMailer) -> None:
    with pytest.raises(MailAway):
        mailer.send(mail(sender="karten@kino-müller.de"))


def test_a_server_without_the_encryption_we_ask_for_can_be_mended_and_the_mail_waits(
    mailer: SmtpMailer,
) -> None:
    with pytest.raises(MailAway):
        SmtpMailer(f"smtp+starttls://127.0.0.1:{mailer._port}").send(mail(to="info@müller.de"))
