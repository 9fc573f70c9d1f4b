"""The calendar file: RFC 5545, times in UTC so that every calendar agrees."""

from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event

from marquee.contracts.reservation import BookingFacts


def calendar_file(facts: BookingFacts, *, public_url: str, cancelled: bool = False) -> bytes:
    """One event with a fixed UID: importing it again updates it."""
    event = Event()
    event.add("uid", f"{facts.reservation_id}@marquee")
    # A booking changes once, when it is cancelled; calendars pass over a change that has no higher number (RFC 5546).
    event.add("sequence", 1 if cancelled else 0)
    event.add("dtstamp", datetime.now(UTC))
    event.add("dtstart", facts.starts_at.astimezone(UTC))
    event.add("dtend", facts.ends_at.astimezone(UTC))
    event.add("summary", facts.title)
    event.add("location", f"{facts.cinema}, {facts.address}, {facts.city}")
    seats = ", ".join(seat.label for seat in facts.seats)
    event.add("description", f"Screen {facts.room}, seats {seats}. Your tickets: {_link(facts, public_url)}")
    event.add("url", _link(facts, public_url))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if not cancelled:
        event.add_component(_reminder(facts))
    calendar = Calendar()
    calendar.add("prodid", "-//Marquee//Tickets//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _reminder(facts: BookingFacts) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"{facts.title}, Screen {facts.room}")
    alarm.add("trigger", timedelta(hours=-2))
    return alarm


def _link(facts: BookingFacts, public_url: str) -> str:
    return f"{public_url.rstrip('/')}/bookings/{facts.reservation_id}?key={facts.link_key}"
