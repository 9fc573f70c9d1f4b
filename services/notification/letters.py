"""From a mail's row to the message that is sent: subject, text, HTML, door codes, tickets and calendar file."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from marquee import money
from marquee.contracts.reservation import BookingFacts
from marquee.stocks import stock_of
from marquee.ticket_types import WITH_CARD
from services.notification.models import Mail

_TEMPLATES = Path(__file__).parent / "templates" / "email"


@dataclass(frozen=True)
class Attachment:
    name: str
    body: bytes
    content_type: str


@dataclass(frozen=True)
class DoorCode:
    """What the door scans for one seat, and the reference that can be typed where pictures are switched off."""

    seat: str
    reference: str
    png: bytes


@dataclass(frozen=True)
class Papers:
    attachments: list[Attachment] = field(default_factory=list)
    codes: list[DoorCode] = field(default_factory=list)


@dataclass(frozen=True)
class Letterhead:
    """What all our mail has in common."""

    sender: str
    public_url: str
    doors_minutes: int


@dataclass(frozen=True)
class Reprint:
    """A booking whose tickets are sent once more."""

    booking: BookingFacts
    tickets: Attachment


def message_of(mail: Mail, papers: Papers, letterhead: Letterhead) -> EmailMessage:
    """The whole mail about a booking."""
    content_ids = {
        code.seat: f"{code.reference}.{mail.subject_id}@{_domain(letterhead.sender)}" for code in papers.codes
    }
    booking = BookingFacts.model_validate(mail.facts["booking"])
    words = _words(booking, letterhead) | {
        "reason": mail.facts["reason"],
        "public_url": letterhead.public_url,
        "codes": papers.codes,
        "references": {code.seat: code.reference for code in papers.codes},
        "content_ids": content_ids,
    }
    message = _written(mail, words, letterhead.sender, to=mail.recipient)
    _show_codes(message, papers.codes, content_ids)
    _attach(message, papers.attachments)
    return message


def lookup_message(mail: Mail, found: list[Reprint], *, more: int, letterhead: Letterhead) -> EmailMessage:
    """The tickets of `found` once more, to the mailbox they were bought with; `more` bookings are left out."""
    words = {
        "bookings": [_words(one.booking, letterhead) for one in found],
        "more": more,
        "public_url": letterhead.public_url,
    }
    message = _written(mail, words, letterhead.sender, to=found[0].booking.email)
    _attach(message, [one.tickets for one in found])
    return message


def _written(mail: Mail, words: dict[str, object], sender: str, *, to: str) -> EmailMessage:
    """Its Message-ID follows from the row: a copy after a crash can be told for what it is."""
    message = EmailMessage()
    message["Subject"] = " ".join(_render(mail.template, "subject.txt", words).split())
    message["From"] = sender
    message["To"] = to
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.template}.{mail.subject_id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_render(mail.template, "body.txt", words))
    message.add_alternative(_render(mail.template, "body.html", words), subtype="html")
    return message


def _attach(message: EmailMessage, attachments: list[Attachment]) -> None:
    for attachment in attachments:
        main, _, sub = attachment.content_type.partition("/")
        message.add_attachment(attachment.body, maintype=main, subtype=sub, filename=attachment.name)


def _show_codes(message: EmailMessage, codes: list[DoorCode], content_ids: dict[str, str]) -> None:
    """The pictures travel with the HTML that shows them: nothing is loaded from anywhere."""
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    for code in codes:
        html.add_related(
            code.png,
            "image",
            "png",
            cid=f"<{content_ids[code.seat]}>",
            disposition="inline",
            filename=f"{code.reference}.png",
        )


def _words(booking: BookingFacts, letterhead: Letterhead) -> dict[str, object]:
    zone = ZoneInfo(booking.timezone)
    starts, ends = booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone)
    return {
        "booking": booking,
        "starts": starts,
        "ends": ends,
        "doors": starts - timedelta(minutes=letterhead.doors_minutes),
        "feature": ends - timedelta(minutes=booking.runtime_minutes),
        "refund_until": booking.cancel_until and booking.cancel_until.astimezone(zone),
        "stock": stock_of(starts),
        "with_card": WITH_CARD,
        "seats": ", ".join(seat.label for seat in booking.seats),
        "link": f"{letterhead.public_url}/bookings/{booking.reservation_id}?key={booking.link_key}",
        "first_name": booking.name.split()[0] if booking.name.strip() else "",
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = money.spoken
    environment.filters["plain"] = money.plain
    environment.filters["day"] = _day
    environment.filters["clock"] = lambda moment: f"{moment:%H:%M}"
    return environment


def _render(template: str, part: str, words: dict[str, object]) -> str:
    return _environment().get_template(f"{template}/{part}").render(words)


def _day(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B}"


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip("> ") or "marquee.example"
