"""What the scripts of a page must know, as one block of JSON in the page. Words come translated."""

from typing import Any

from flask_babel import gettext

from marquee.money import digits
from marquee.ticket_types import WITH_CARD
from services.web.formats import kind_word, ticket_word, view_words
from services.web.views.booking import Hold
from services.web.views.seat_words import state_words
from services.web.views.seatmap import SeatMap, seats_called, view_from


def seat_page_data(
    screening: dict[str, Any], room: SeatMap, version: str, hold: Hold | None
) -> dict[str, Any]:
    return {
        "screening": screening["id"],
        "movie": screening["movie_id"],
        "decimals": digits(screening["currency"]),
        "width": room.width,
        "version": version,
        "prices": [[p["kind"], p["ticket_type"], p["price_cents"]] for p in screening["prices"]],
        "partners": {seat.label: seat.partner for seat in room.seats if seat.partner},
        "kinds": {kind: kind_word(kind) for kind in sorted({seat.kind for seat in room.seats})},
        "types": {kind: ticket_word(kind) for kind in ("adult", "child", "student", "senior", "carer")},
        "cards": WITH_CARD,
        "hold": hold_data(hold),
        "salesClose": screening.get("sales_close_at"),
        "words": _words(),
    }


def place_words(labels: list[str], room: SeatMap) -> str:
    """Row G. Centre, two thirds back."""
    seats = seats_called(labels, room)
    rows = list(dict.fromkeys(seat.row for seat in seats))
    if len(rows) != 1:
        return str(gettext("Rows %(rows)s.", rows=", ".join(rows))) if rows else ""
    return str(gettext("Row %(row)s. %(view)s.", row=rows[0], view=view_words(view_from(seats, room))))


def hold_data(hold: Hold | None) -> dict[str, Any] | None:
    if hold is None:
        return None
    return {
        "id": hold.id,
        "state": hold.state,
        "seats": [
            {"seat": s.label, "kind": s.kind, "ticket_type": s.ticket_type, "price_cents": s.price_cents}
            for s in hold.seats
        ],
        "total_cents": hold.total_cents,
        "currency": hold.currency,
        "expires_at": hold.expires.isoformat(),
        "now": hold.now.isoformat(),
        "term_seconds": hold.term_seconds,
        "extensions_left": hold.extensions_left,
    }


def clock_words() -> dict[str, str]:
    """What the countdown says; {time}, {minutes}, {seats} are filled in by the script."""
    return {
        "until": gettext("Seats held until {time}"),
        "minutes": gettext("{minutes} min left"),
        "seconds": gettext("{seconds} s left"),
        "announce": gettext("Your seats are held for {minutes} more minutes, until {time}."),
        "announceOne": gettext("Your seats are held for one more minute, until {time}."),
        "needMore": gettext("Your seats {seats} are held until {time}."),
        "keep": gettext("Keep my seats until {time}"),
        "kept": gettext("Kept. Your seats are held until {time}."),
        "ended": gettext("Your hold ended at {time}."),
        "stillFree": gettext("{seats} are still free."),
        "stillFreeOne": gettext("{seats} is still free."),
        "takeBack": gettext("Take {seats} back"),
        "gone": gettext("{seats} went to somebody else. Nothing was charged."),
        "away": gettext("No connection just now. Nothing was changed; please try again."),
    }


def _words() -> dict[str, str]:
    return (
        clock_words()
        | state_words()
        | {
            "people": gettext("{count} people"),
            "onePerson": gettext("1 person"),
            "aisle": gettext("Aisle."),
            "justTaken": gettext("{seats} was just taken."),
            "justTakenMany": gettext("{seats} were just taken."),
            "freeTogether": gettext("{seats} are free together."),
            "useThem": gettext("Use {seats}"),
            "nothingHeld": gettext("Nothing is held and nothing was charged."),
            "stillHeld": gettext("You still hold {seats}. Nothing was charged."),
            "fitsOnly": gettext(
                "Only {count} of {people} fit here side by side. Tap another seat for the rest."
            ),
            "forOneMore": gettext("{seat} is for somebody who comes with you."),
            "addOneMore": gettext("{count} people: add {seat}"),
            "lone": gettext("This leaves seat {seat} on its own."),
            "shift": gettext("Move to {seats}"),
            "nearTaken": gettext("{count} seats near yours were taken."),
            "nearTakenOne": gettext("One seat near yours was taken."),
            "bestLeft": gettext("The best that is left: {but}."),
            "resume": gettext("You had {seats} a moment ago, and they are still free."),
            "resumeOne": gettext("You had {seats} a moment ago, and it is still free."),
            "reconnecting": gettext("Reconnecting. Seats on the map may be a little old."),
            "remove": gettext("Let {seat} go"),
            "ticketFor": gettext("Ticket for {seat}"),
            "proof": gettext("{types}: bring your card to the door."),
            "goOn": gettext("Go on to pay"),
            "choose": gettext("Tap a seat, or let us pick."),
            "freeOfCharge": gettext("free"),
        }
    )
