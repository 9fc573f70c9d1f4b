"""Tickets over HTTP: for owner, mail link and staff; for everybody else they do not exist."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import qrcode
import zxingcpp
from flask import Flask
from icalendar import Calendar
from PIL import Image
from pypdf import PdfReader
from reportlab.lib.units import mm

from marquee.auth import guest_id
from marquee.contracts.reservation import BookingFacts
from marquee.db import Database
from marquee.testing.tokens import TokenMint
from services.ticket.domain import tickets
from services.ticket.models import Ticket
from services.ticket.paper.lettering import width
from tests.factories.bookings import booking_facts, seat_facts

Issue = Callable[[BookingFacts], list[Ticket]]
VIOLA, GUEST = str(uuid4()), "a-guest-token-of-more-than-32-characters"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("owner", 200),
        ("staff", 200),
        ("service", 200),
        ("link", 200),
        ("other", 404),
        ("guest", 404),
        ("nobody", 404),
    ],
)
@pytest.mark.parametrize(
    "what", ["list", "booking_pdf", "ticket_pdf", "old_name", "qr", "qr_png", "calendar"]
)
def test_who_may_see_a_ticket(
    app: Flask, mint: TokenMint, issue: Issue, who: str, status: int, what: str
) -> None:
    facts = booking_facts(owner=f"person:{VIOLA}")
    ticket = issue(facts)[0]
    path = {
        "list": f"/reservations/{facts.reservation_id}/tickets",
        "booking_pdf": f"/reservations/{facts.reservation_id}/tickets.pdf",
        "ticket_pdf": f"/tickets/{ticket.id}.pdf",
        "old_name": f"/tickets/ticket_{ticket.id}.pdf",
        "qr": f"/tickets/{ticket.id}/qr.svg",
        "qr_png": f"/tickets/{ticket.id}/qr.png",
        "calendar": f"/reservations/{facts.reservation_id}/calendar.ics",
    }[what]
    service_token = mint.service_token(
        "marquee-notification", audience="marquee-ticket", permissions=["tickets.read"]
    )
    headers = {
        "owner": mint.headers(sub=VIOLA),
        "staff": mint.headers(roles=["staff"]),
        "service": {"Authorization": f"Bearer {service_token}"},
        "other": mint.headers(),
        "guest": {"X-Guest-Token": GUEST},
    }.get(who, {})

    answer = app.test_client().get(
        path + ("?key=the-key-in-the-mail" if who == "link" else ""), headers=headers
    )

    assert answer.status_code == status


def test_a_guest_sees_their_own(app: Flask, issue: Issue) -> None:
    facts = booking_facts(owner=guest_id(GUEST))
    issue(facts)

    answer = app.test_client().get(
        f"/reservations/{facts.reservation_id}/tickets", headers={"X-Guest-Token": GUEST}
    )

    assert answer.json is not None
    assert [ticket["seat"] for ticket in answer.json["tickets"]] == ["G9", "G10"]


@pytest.mark.parametrize("title", ["Сталкер", "Ταξίδι στα Κύθηρα", "Mùi đu đủ xanh", "Amélie", "8½"])
def test_titles_print_in_their_own_letters(app: Flask, issue: Issue, title: str) -> None:
    facts = booking_facts(title=title)
    issue(facts)

    pdf = _pdf(app, facts)

    assert title.upper() in pdf.pages[0].extract_text().replace("\n", " ")
    assert len(pdf.pages) == 2


def test_letters_that_no_font_has_are_replaced_by_the_other_title_and_never_boxed(
    app: Flask, issue: Issue
) -> None:
    facts = booking_facts(title="千と千尋の神隠し", original_title="Spirited Away")
    issue(facts)

    words = _pdf(app, facts).pages[0].extract_text()

    assert "SPIRITED AWAY" in words
    assert "千" not in words


def test_the_certificate_is_called_by_its_name(app: Flask, issue: Issue) -> None:
    facts = booking_facts(certificate="12A")
    issue(facts)

    assert "Certificate 12A." in _pdf(app, facts).pages[0].extract_text()


@pytest.mark.parametrize("minutes", [60, 90])
def test_the_paper_says_until_when_the_house_takes_it_back_on_the_houses_clock(
    app: Flask, issue: Issue, minutes: int
) -> None:
    starts_at = datetime(2031, 7, 4, 19, 30, tzinfo=UTC)  # half past eight in Dublin
    cancel_until = starts_at - timedelta(minutes=minutes)
    facts = booking_facts(starts_at=starts_at, cancel_until=cancel_until)
    issue(facts)

    words = _pdf(app, facts).pages[0].extract_text().replace("\n", " ")

    assert f"Free until Friday 4 July, {'19:30' if minutes == 60 else '19:00'}." in words


def test_where_nobody_said_until_when_the_paper_promises_nothing(app: Flask, issue: Issue) -> None:
    facts = booking_facts(cancel_until=None)
    issue(facts)

    words = _pdf(app, facts).pages[0].extract_text().replace("\n", " ")

    assert "Free until" not in words
    assert "Open the link in your mail" in words


@pytest.mark.parametrize(
    ("ticket_type", "needs_card"), [("adult", False), ("child", False), ("student", True), ("carer", True)]
)
def test_only_who_has_a_card_is_asked_to_bring_it(
    app: Flask, issue: Issue, ticket_type: str, needs_card: bool
) -> None:
    facts = booking_facts(seats=[seat_facts("G9", ticket_type=ticket_type)])
    issue(facts)

    words = _pdf(app, facts).pages[0].extract_text().replace("\n", " ")

    assert ("Bring the card" in words) is needs_card


def test_the_paper_names_its_house_and_the_day_it_was_booked(app: Flask, issue: Issue) -> None:
    facts = booking_facts("G9")
    issue(facts)

    pdf = _pdf(app, facts)

    assert pdf.metadata is not None
    assert (pdf.metadata.title, pdf.metadata.author) == ("Paper Moon, G9", "Harbour Street")
    assert pdf.metadata.creator == "Marquee"
    assert pdf.metadata.creation_date is not None
    assert abs(datetime.now(UTC) - pdf.metadata.creation_date) < timedelta(minutes=5)


@pytest.mark.parametrize("room", ["3", "Lantern Hall"])
def test_start_screen_and_seat_stand_apart_on_paper(app: Flask, issue: Issue, room: str) -> None:
    facts = booking_facts("G9", room=room)
    issue(facts)
    found: dict[str, tuple[float, float, float]] = {}

    def note(text: str, _: Any, at: list[float], __: Any, size: float) -> None:
        found.setdefault(text.strip(), (at[4], at[4] + width(text.strip(), "board", size), at[5]))

    _pdf(app, facts).pages[0].extract_text(visitor_text=note)
    starts, screen, seat = (
        found[words]
        for words in (f"{facts.starts_at.astimezone(ZoneInfo(facts.timezone)):%H:%M}", room, "G9")
    )

    assert starts[2] == screen[2] == seat[2]
    assert screen[0] - starts[1] >= 5 * mm
    assert seat[0] - screen[1] >= 5 * mm


def test_markup_in_a_title_is_just_letters(app: Flask, issue: Issue) -> None:
    facts = booking_facts(title="<img src=file:///etc/passwd>")
    issue(facts)

    words = _pdf(app, facts).pages[0].extract_text().replace("\n", " ")

    assert "<IMG SRC=FILE:///ETC/PASSWD>" in words.replace(" >", ">")


def test_a_cancelled_booking_prints_nothing(app: Flask, issue: Issue, database: Database) -> None:
    facts = booking_facts()
    issue(facts)
    with database.transaction() as session:
        tickets.void_tickets(session, facts, "cancelled by the buyer")

    answer = app.test_client().get(f"/reservations/{facts.reservation_id}/tickets.pdf?key={facts.link_key}")

    assert (answer.status_code, answer.content_type) == (410, "application/problem+json")


def test_the_calendar_file_is_one_event_at_the_right_moment(app: Flask, issue: Issue) -> None:
    facts = booking_facts(starts_in=timedelta(days=1))
    issue(facts)

    answer = app.test_client().get(f"/reservations/{facts.reservation_id}/calendar.ics?key={facts.link_key}")
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")

    assert event["SUMMARY"] == "Paper Moon"
    assert event["DTSTART"].dt == facts.starts_at
    assert event["UID"] == f"{facts.reservation_id}@marquee"


def test_a_cancelled_entry_has_a_higher_number_than_the_one_it_takes_back(
    app: Flask, issue: Issue, database: Database
) -> None:
    facts = booking_facts()
    issue(facts)

    def entry() -> Any:
        path = f"/reservations/{facts.reservation_id}/calendar.ics?key={facts.link_key}"
        (event,) = Calendar.from_ical(app.test_client().get(path).data).walk("VEVENT")
        return event

    before = entry()
    with database.transaction() as session:
        tickets.void_tickets(session, facts, "cancelled by the buyer")
    after = entry()

    assert (after["STATUS"], after["UID"]) == ("CANCELLED", before["UID"])
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_only_staff_reach_the_door(app: Flask, mint: TokenMint) -> None:
    scan = {"code": "x", "screening_id": str(uuid4()), "scan_id": str(uuid4())}
    client = app.test_client()

    statuses = [
        client.post("/door/scans", json=scan, headers=headers).status_code
        for headers in ({}, mint.headers(), mint.headers(roles=["staff"]), mint.headers(roles=["admin"]))
    ]

    assert statuses == [401, 403, 200, 200]


def test_only_managers_let_in_before_the_doors_open(app: Flask, mint: TokenMint, issue: Issue) -> None:
    facts = booking_facts("G9", starts_in=timedelta(days=1))
    issue(facts)
    client = app.test_client()

    def scan(*roles: str, **more: Any) -> Any:
        body = {"code": "MQ", "screening_id": str(facts.screening_id), "scan_id": str(uuid4()), **more}
        return client.post("/door/scans", json=body, headers=mint.headers(roles=list(roles)))

    told = scan("staff", code=f"MQ-{tickets.reference_of(facts.reservation_id)}-G9").json

    assert (told["result"], told["reason"]) == ("check", "too_early")
    assert scan("staff", code=told["reference"], early=True).status_code == 403
    assert scan("staff", "editor", code=told["reference"], early=True).json["result"] == "admit"


def test_a_camera_picture_of_the_code_lets_in(app: Flask, mint: TokenMint, issue: Issue) -> None:
    facts = booking_facts("G9", starts_in=timedelta(minutes=10))
    issue(facts)
    client = app.test_client()
    listed = client.get(f"/reservations/{facts.reservation_id}/tickets?key={facts.link_key}").json
    assert listed is not None
    picture = io.BytesIO()
    qrcode.make(listed["tickets"][0]["code"]).convert("RGB").save(picture, "JPEG")

    answer = client.post(
        f"/door/frames?screening_id={facts.screening_id}&scan_id={uuid4()}",
        data=picture.getvalue(),
        content_type="image/jpeg",
        headers=mint.headers(roles=["staff"]),
    )

    assert answer.json is not None
    assert answer.json["result"] == "admit"


def test_the_picture_for_mail_reads_as_the_code(app: Flask, issue: Issue) -> None:
    facts = booking_facts("G9")
    (ticket,) = issue(facts)
    client = app.test_client()

    picture = client.get(f"/tickets/{ticket.id}/qr.png?key={facts.link_key}").data

    listed = client.get(f"/reservations/{facts.reservation_id}/tickets?key={facts.link_key}").json
    assert listed is not None
    assert (
        zxingcpp.read_barcode(Image.open(io.BytesIO(picture)).convert("L")).text
        == (listed["tickets"][0]["code"])
    )


@pytest.mark.parametrize(("body", "status"), [(b"not a picture", 422), (b"", 422)])
def test_a_bad_picture_is_refused(app: Flask, mint: TokenMint, body: bytes, status: int) -> None:
    answer = app.test_client().post(
        f"/door/frames?screening_id={uuid4()}&scan_id={uuid4()}",
        data=body,
        content_type="image/jpeg",
        headers=mint.headers(roles=["staff"]),
    )

    assert answer.status_code == status


def _pdf(app: Flask, facts: BookingFacts) -> PdfReader:
    answer = app.test_client().get(f"/reservations/{facts.reservation_id}/tickets.pdf?key={facts.link_key}")
    assert answer.content_type == "application/pdf"
    return PdfReader(io.BytesIO(answer.data))
