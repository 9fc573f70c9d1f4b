"""The paper ticket: A4, the ticket on the top third, below the fold the evening's times and the house rules.

One page per seat, rendered from the row each time somebody asks; never the only copy.
"""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from marquee import money
from marquee.contracts.reservation import BookingFacts
from marquee.stocks import stock_of
from marquee.ticket_types import WITH_CARD
from services.ticket.paper import qr
from services.ticket.paper.lettering import draw, fitted, printable, width, wrapped

INK, GREY = "#171513", "#57524B"
LEFT, RIGHT = 14 * mm, A4[0] - 14 * mm
TOP, FOOT = A4[1] - 14 * mm, A4[1] - 110 * mm
BAND, STUB = 12 * mm, 50 * mm
QR_SIDE = 38 * mm
GAP, COLUMN_SIZES = 7 * mm, [28.0, 22.0, 17.0, 13.0, 11.0, 9.0]
TICKET_WORDS = {
    "adult": "Adult",
    "child": "Child",
    "student": "Student",
    "senior": "Senior",
    "carer": "Carer",
}


@dataclass(frozen=True)
class PaperTicket:
    """One seat of a booking as it is printed."""

    seat: str
    ticket_type: str
    price_cents: int
    code: str
    reference: str  # "MQ-7K2FQX-G9"


@dataclass(frozen=True)
class Evening:
    """When what happens, on the cinema's clock."""

    doors: datetime
    starts: datetime
    feature: datetime
    ends: datetime
    refund_until: datetime | None

    @classmethod
    def of(cls, facts: BookingFacts, *, doors_minutes: int) -> "Evening":
        zone = ZoneInfo(facts.timezone)
        starts, ends = facts.starts_at.astimezone(zone), facts.ends_at.astimezone(zone)
        return cls(
            doors=starts - timedelta(minutes=doors_minutes),
            starts=starts,
            feature=ends - timedelta(minutes=facts.runtime_minutes),
            ends=ends,
            refund_until=facts.cancel_until and facts.cancel_until.astimezone(zone),
        )


def print_tickets(
    facts: BookingFacts, tickets: list[PaperTicket], *, doors_minutes: int, booked_at: datetime
) -> bytes:
    """A PDF with a page per ticket, the same bytes each time.

    Text can be selected; Cyrillic, Greek and Vietnamese print as themselves.
    """
    buffer = io.BytesIO()
    title = printable("board", facts.title, facts.original_title)
    canvas = Canvas(buffer, pagesize=A4, invariant=1, lang="en")
    canvas.setTitle(f"{facts.title}, {', '.join(t.seat for t in tickets)}")
    canvas.setAuthor(facts.cinema)
    canvas.setSubject("Cinema ticket")
    canvas.setCreator("Marquee")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    # `invariant` leaves out what changes from one print to the next, and would date it 2000.
    canvas.setDateFormatter(lambda *_: f"D:{booked_at.astimezone(UTC):%Y%m%d%H%M%S}+00'00'")
    evening = Evening.of(facts, doors_minutes=doors_minutes)
    for number, ticket in enumerate(tickets, start=1):
        page = f"{number} of {len(tickets)}"
        _draw_ticket(canvas, facts, evening, ticket, title, page)
        _draw_fold(canvas)
        _draw_times(canvas, evening)
        _draw_rules(canvas, facts, evening, ticket)
        _draw_footer(canvas, facts, page)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw_ticket(
    canvas: Canvas, facts: BookingFacts, evening: Evening, ticket: PaperTicket, title: str, page: str
) -> None:
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(1.5)
    canvas.setFillColor(stock_of(evening.starts))
    canvas.rect(LEFT, FOOT, BAND, TOP - FOOT, fill=1)
    canvas.rect(LEFT, FOOT, RIGHT - LEFT, TOP - FOOT, fill=0)
    _draw_day(canvas, evening)
    _draw_facts(canvas, facts, evening, ticket, title)
    _draw_stub(canvas, ticket, page)


def _draw_day(canvas: Canvas, evening: Evening) -> None:
    canvas.saveState()
    canvas.setFillColor(INK)
    canvas.translate(LEFT + BAND / 2 + 2.4 * mm, (TOP + FOOT) / 2)
    canvas.rotate(90)
    word = f"{evening.starts:%A} {evening.starts.day}".upper()
    draw(canvas, -width(word, "board", 20) / 2, 0, word, "board", 20)
    canvas.restoreState()


def _draw_facts(
    canvas: Canvas, facts: BookingFacts, evening: Evening, ticket: PaperTicket, title: str
) -> None:
    left, right = LEFT + BAND + 7 * mm, RIGHT - STUB - 6 * mm
    canvas.setFillColor(INK)
    y = TOP - 9 * mm
    end = draw(canvas, left, y, printable("bold", facts.cinema), "bold", 9)
    draw(canvas, end, y, printable("text", f"  ·  {facts.address}, {facts.city}"), "text", 9)
    _draw_title(canvas, title, left, right, y - 6 * mm)
    y = FOOT + 31 * mm
    canvas.setLineWidth(0.75)
    canvas.line(left, y, right, y)
    day = f"{evening.starts.day} {evening.starts:%B %Y}"
    _draw_pair(canvas, left, y, "Day", [f"{evening.starts:%A}", day])
    x = _draw_column(canvas, left + 38 * mm, y, "Starts", f"{evening.starts:%H:%M}", right - left) + GAP
    room = right - x - GAP - width(ticket.seat, "board", COLUMN_SIZES[0])
    x = _draw_column(canvas, x, y, "Screen", printable("board", facts.room), room) + GAP
    _draw_column(canvas, x, y, "Seat", ticket.seat, right - x)
    price = money.spoken(ticket.price_cents, facts.currency)
    certificate = f" Certificate {facts.certificate}." if facts.certificate else ""
    line = (
        f"Doors {evening.doors:%H:%M}. Ends about {evening.ends:%H:%M}. "
        f"{TICKET_WORDS.get(ticket.ticket_type, ticket.ticket_type)}, {price}, all fees included.{certificate}"
    )
    size, lines = fitted(printable("text", line), "text", right - left, sizes=[9, 8, 7], most_lines=1)
    draw(canvas, left, FOOT + 6 * mm, lines[0], "text", size)


def _draw_title(canvas: Canvas, title: str, left: float, right: float, top: float) -> None:
    """Letters on rails, as large as the title lets them be."""
    size, lines = fitted(
        title.upper(), "board", right - left, sizes=[40, 36, 32, 28, 24, 20, 17], most_lines=3
    )
    y = top
    for line in lines:
        y -= size * 0.98
        canvas.setFillColor(INK)
        draw(canvas, left, y, line, "board", size)
        canvas.setStrokeColor("#D2CFC8")
        canvas.line(left, y - size * 0.17, right, y - size * 0.17)
        y -= size * 0.16
    canvas.setStrokeColor(INK)


def _draw_pair(canvas: Canvas, x: float, y: float, label: str, lines: list[str]) -> None:
    draw(canvas, x, y - 6 * mm, label, "text", 8)
    for number, line in enumerate(lines):
        draw(canvas, x, y - 11 * mm - number * 4.4 * mm, line, "bold", 10)


def _draw_column(canvas: Canvas, x: float, y: float, label: str, value: str, room: float) -> float:
    """Answers where it ends."""
    end = draw(canvas, x, y - 6 * mm, label, "text", 8)
    size, lines = fitted(value, "board", room, sizes=COLUMN_SIZES, most_lines=1)
    return max(end, draw(canvas, x, y - 15.4 * mm, lines[0], "board", size))


def _draw_stub(canvas: Canvas, ticket: PaperTicket, page: str) -> None:
    left = RIGHT - STUB
    canvas.saveState()
    canvas.setDash(0.1, 3.2)
    canvas.setLineCap(1)
    canvas.line(left, FOOT + 2, left, TOP - 2)
    canvas.restoreState()
    centre = left + STUB / 2
    bottom = FOOT + (TOP - FOOT) / 2 - QR_SIDE / 2 + 6 * mm
    qr.draw(canvas, ticket.code, centre - QR_SIDE / 2, bottom, QR_SIDE)
    canvas.setFillColor(INK)
    for text, family, size, drop in (
        (ticket.reference, "bold", 10, 8 * mm),
        (page, "text", 8.5, 13 * mm),
    ):
        draw(canvas, centre - width(text, family, size) / 2, bottom - drop, text, family, size)


def _draw_fold(canvas: Canvas) -> None:
    y = FOOT - 9 * mm
    canvas.saveState()
    canvas.setStrokeColor("#847E74")
    canvas.setLineWidth(0.6)
    canvas.setDash(3, 2.5)
    centre, gap = A4[0] / 2, width("Fold or cut here", "text", 8) / 2 + 4 * mm
    canvas.line(0, y, centre - gap, y)
    canvas.line(centre + gap, y, A4[0], y)
    canvas.setFillColor(GREY)
    draw(canvas, centre - gap + 4 * mm, y - 1 * mm, "Fold or cut here", "text", 8)
    canvas.restoreState()


def _draw_times(canvas: Canvas, evening: Evening) -> None:
    y = FOOT - 18 * mm
    canvas.setFillColor(INK)
    canvas.setLineWidth(2.5)
    canvas.line(LEFT, y, RIGHT, y)
    step = (RIGHT - LEFT) / 4
    moments = [
        (evening.doors, "Doors"),
        (evening.starts, "Ads and trailers"),
        (evening.feature, "The film"),
        (evening.ends, "Lights up"),
    ]
    for place, (moment, label) in enumerate(moments):
        x = LEFT + place * step
        canvas.line(x + 1, y, x + 1, y - 4 * mm)
        draw(canvas, x, y - 10.5 * mm, f"{moment:%H:%M}", "board", 24)
        draw(canvas, x, y - 16 * mm, label, "text", 10)


def _draw_rules(canvas: Canvas, facts: BookingFacts, evening: Evening, ticket: PaperTicket) -> None:
    room = (RIGHT - LEFT) * 0.62
    y = FOOT - 46 * mm
    proof = " Bring the card that proves your reduced price." if ticket.ticket_type in WITH_CARD else ""
    sections = [
        (
            "Before you come",
            f"Screen {facts.room} is at {facts.address}, {facts.city}. Late? The door stays open; "
            f"staff will take you to your seat.{proof}",
        ),
        (
            "Refund",
            f"{_free_until(evening)}Open the link in your mail, or ask at the desk with the code "
            f"{ticket.reference}.",
        ),
        (
            "At the door",
            "Show this code on paper or on a screen. It lets one person in, once. Do not share a photo of it.",
        ),
    ]
    for heading, words in sections:
        draw(canvas, LEFT, y, heading.upper(), "board", 17)
        y -= 6 * mm
        for line in wrapped(printable("text", words), "text", 10.5, room):
            draw(canvas, LEFT, y, line, "text", 10.5)
            y -= 5.3 * mm
        y -= 5 * mm


def _free_until(evening: Evening) -> str:
    until = evening.refund_until
    return f"Free until {until:%A} {until.day} {until:%B}, {until:%H:%M}. " if until else ""


def _draw_footer(canvas: Canvas, facts: BookingFacts, page: str) -> None:
    y = 20 * mm
    canvas.setLineWidth(0.75)
    canvas.line(LEFT, y, RIGHT, y)
    canvas.setFillColor(INK)
    paid = money.spoken(facts.total_cents, facts.currency)
    draw(canvas, LEFT, y - 6 * mm, f"Booking of {len(facts.seats)}, paid {paid} in all", "text", 8.5)
    text = f"Page {page}"
    draw(canvas, RIGHT - width(text, "text", 8.5), y - 6 * mm, text, "text", 8.5)
