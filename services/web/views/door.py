"""What the door's screen says, from ticket's verdicts and the programme."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask_babel import gettext

from marquee.clock import zone
from services.web.formats import STOCKS
from services.web.views.showings import Showing, showing_from

NOT_CHECKED = "unchecked"
# Doors stay open while a film runs, and a day does not end at midnight for who stands there.
AROUND_NOW = timedelta(hours=4)


@dataclass(frozen=True)
class Verdict:
    """`result` is admit, check or no, or unchecked: nobody could be asked, so nobody was let in."""

    result: str
    title: str
    sentence: str
    admission_id: str = ""
    reference: str = ""
    reason: str = ""
    seat: str = ""
    choices: tuple[dict[str, Any], ...] = ()

    @property
    def word(self) -> str:
        words = {"admit": gettext("Admit"), "check": gettext("Check"), "no": gettext("No")}
        return str(words.get(self.result, gettext("Not checked")))


@dataclass(frozen=True)
class Watch:
    """The screening whose door this is."""

    showing: Showing
    cinema: dict[str, Any]
    door: str
    now: datetime

    @property
    def day(self) -> date:
        return self.showing.day

    @property
    def is_today(self) -> bool:
        return self.day == self.now.date()


def watch_from(screening: dict[str, Any], door: str, now: datetime) -> Watch:
    here = zone(screening["cinema"]["timezone"])
    return Watch(showing_from(screening, here), screening["cinema"], door, now.astimezone(here))


def verdict_from(answer: dict[str, Any]) -> Verdict:
    return Verdict(
        answer["result"],
        answer["title"],
        answer["sentence"],
        str(answer.get("admission_id") or ""),
        str(answer.get("reference") or ""),
        answer["reason"],
        str(answer.get("seat") or ""),
        tuple(answer.get("choices") or ()),
    )


def not_checked(sentence: str = "") -> Verdict:
    return Verdict(
        NOT_CHECKED, gettext("Try again"), sentence or gettext("Not checked: no connection. Try again.")
    )


def new_scan_id() -> str:
    return str(uuid4())


def tonight(entries: list[dict[str, Any]], now: datetime) -> list[Showing]:
    """Today's screenings to come and whatever starts around `now`, on the cinema's clock."""
    found = [showing_from(entry, now.tzinfo or UTC) for entry in entries]
    return [showing for showing in found if _is_let_in(showing, now)]


def _is_let_in(showing: Showing, now: datetime) -> bool:
    if abs(showing.starts - now) <= AROUND_NOW:
        return True
    return showing.day == now.date() and showing.starts > now


def stock_line(watch: Watch) -> str:
    """Which paper gets in: a ticket of another day is seen before it is scanned."""
    stock = stock_word(watch.day)
    if not watch.is_today:
        return str(gettext("Not today: %(stock)s", stock=stock))
    if watch.showing.is_in_the_evening:
        return str(gettext("Tonight: %(stock)s", stock=stock))
    return str(gettext("Today: %(stock)s", stock=stock))


def stock_word(day: date) -> str:
    """What people call the paper of that day."""
    words = {
        "mon": gettext("manila"),
        "tue": gettext("leaf"),
        "wed": gettext("sky"),
        "thu": gettext("yellow"),
        "fri": gettext("orange"),
        "sat": gettext("pink"),
        "sun": gettext("aqua"),
    }
    return str(words[STOCKS[day.weekday()]])


@dataclass(frozen=True)
class LetIn:
    """Whose admission can be taken back."""

    admission_id: str
    seat: str


def last_let_in(verdict: Verdict | None, count: dict[str, Any] | None) -> LetIn | None:
    """Whom the verdict lets in; after any other, the last one at this door."""
    if verdict and verdict.admission_id:
        return LetIn(verdict.admission_id, verdict.seat)
    last = (count or {}).get("last")
    return LetIn(last["admission_id"], last["seat"]) if last else None


def undo_reasons() -> list[str]:
    return [
        gettext("Scanned by mistake"),
        gettext("Stepped out again"),
        gettext("Not their ticket"),
        gettext("Card did not match"),
    ]


def page_data(watch: Watch, let_in: LetIn | None) -> dict[str, Any]:
    """For door.js: where to ask, and the words it says itself."""
    return {
        "screening": watch.showing.id,
        "letIn": asdict(let_in) if let_in else None,
        "words": {
            "admit": gettext("Admit"),
            "check": gettext("Check"),
            "no": gettext("No"),
            "unchecked": gettext("Not checked"),
            "tryAgain": gettext("Try again"),
            "offline": gettext("Not checked: no connection. Try again."),
            "signedOut": gettext("Not checked: you are signed out. Load this page again."),
            "denied": gettext(
                "The camera is off: this page may not use it. Allow it in the browser, or type the code."
            ),
            "noCamera": gettext("There is no camera here. Type the code, or use a scanner."),
            "cameraBusy": gettext("The camera is in use by another program. Type the code for now."),
            "hold": gettext("Hold the code in the frame"),
            "undone": gettext("Taken back."),
            "undo": gettext("Undo"),
            "undoEarlier": gettext("Last in: {seat}. Undo"),
            "next": gettext("Next"),
            "refuse": gettext("Refuse"),
            "isIn": gettext("{seat}, is in"),
        },
    }
