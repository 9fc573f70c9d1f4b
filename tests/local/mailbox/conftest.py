from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from local.mailbox.serving import Mailbox
from local.mailbox.settings import Settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "mails", smtp_port=free_port(), port=free_port(), keep=5)


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    mailbox = Mailbox(settings)
    mailbox.start()
    yield mailbox
    mailbox.stop()


@pytest.fixture
def browser(mailbox: Mailbox):
    return mailbox.app.test_client()


def ticket_mail(subject: str = "Your ticket for Saturday", to: str = "mia@example.org") -> EmailMessage:
    """A mail like Marquee's: text, HTML with an inline picture, and a PDF."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "Marquee <house@marquee.example>", to
    mail.set_content("Row G, seats 9 and 10. Žižek ★")
    mail.add_alternative(
        "<!doctype html><html><head><title>x</title></head>"
        '<body><img src="cid:qr"><script>alert(1)</script></body>',
        subtype="html",
    )
    mail.get_payload()[1].add_related(b"\x89PNG fake", "image", "png", cid="<qr>", filename="qr.png")
    mail.add_attachment(b"%PDF-1.7 fake", maintype="application", subtype="pdf", filename="ticket žž.pdf")
    mail.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename="evil.html")
    return mail


@pytest.fixture
def send(mailbox: Mailbox, settings: Settings) -> Callable[..., None]:
    def send_mail(mail: EmailMessage | None = None, **details: str) -> None:
        with smtplib.SMTP("127.0.0.1", settings.smtp_port) as server:
            server.send_message(mail or ticket_mail(**details))

    return send_mail
