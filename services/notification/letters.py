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
from services.notification.models import Mail

# The paper stock of the showing's day, Monday first.
STOCKS = ("#E8D6AA", "#86BF62", "#8FB6EE", "#F7DA52", "#FA8B40", "#F47FB2", "#A0E3DB")
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


def message_of(
    mail: Mail, papers: Papers, *, sender: str, public_url: str, doors_minutes: int
) -> EmailMessage:
    """The whole mail. Its Message-ID follows from the row: a copy after a crash can be told for what it is."""
    content_ids = {
        code.seat: f"{code.reference}.{mail.subject_id}@{_domain(sender)}" for code in papers.codes
    }
    words = _words(mail, public_url=public_url.rstrip("/"), doors_minutes=doors_minutes) | {
        "codes": papers.codes,
        "references": {code.seat: code.reference for code in papers.codes},
        "content_ids": content_ids,
    }
    message = EmailMessage()
    message["Subject"] = " ".join(_render(mail.template, "subject.txt", words).split())
    message["From"] = sender
    message["To"] = mail.recipient
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.template}.{mail.subject_id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_render(mail.template, "body.txt", words))
    message.add_alternative(_render(mail.template, "body.html", words), subtype="html")
    _show_codes(message, papers.codes, content_ids)
    for attachment in papers.attachments:
        main, _, sub = attachment.content_type.partition("/")
        message.add_attachment(attachment.body, maintype=main, subtype=sub, filename=attachment.name)
    return message


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


def _words(mail: Mail, *, public_url: str, doors_minutes: int) -> dict[str, object]:
    booking = BookingFacts.model_validate(mail.facts["booking"])
    zone = ZoneInfo(booking.timezone)
    starts, ends = booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone)
    return {
        "booking": booking,
        "reason": mail.facts["reason"],
        "starts": starts,
        "ends": ends,
        "doors": starts - timedelta(minutes=doors_minutes),
        "feature": ends - timedelta(minutes=booking.runtime_minutes),
        "refund_until": starts - timedelta(minutes=60),
        "stock": STOCKS[starts.weekday()],
        "seats": ", ".join(seat.label for seat in booking.seats),
        "link": f"{public_url}/bookings/{booking.reservation_id}?key={booking.link_key}",
        "public_url": public_url,
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
