"""The form of a screening, and a clash in words."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from flask_babel import gettext

from marquee.clock import utc_now, zone
from services.web.formats import day_month_short, runtime, weekday
from services.web.views.manage_forms import Form, NotDone, kind_of
from services.web.views.showings import moment

FORMATS = ("Subtitled", "Open captions", "Audio description", "35 mm", "70 mm", "Relaxed")


@dataclass(frozen=True)
class Clash:
    title: str
    starts: datetime
    ends: datetime
    free: datetime
    first_start: datetime

    @property
    def sentence(self) -> str:
        facts = {
            "title": self.title,
            "starts": f"{self.starts:%H:%M}",
            "ends": f"{self.ends:%H:%M}",
            "cleaning": round((self.free - self.ends).total_seconds() / 60),
            "first": self.first_words,
        }
        overlap = gettext("Overlaps %(title)s %(starts)s – %(ends)s and %(cleaning)s min cleaning.", **facts)
        return f"{overlap} {gettext('First free start is %(first)s.', **facts)}"

    @property
    def first_words(self) -> str:
        """20:15, with the day when that is another one."""
        clock = f"{self.first_start:%H:%M}"
        if self.first_start.date() == self.starts.date():
            return clock
        return f"{weekday(self.first_start)} {day_month_short(self.first_start)}, {clock}"


def can_be_called_off(screening: dict[str, Any]) -> bool:
    """Whether movies would do it, which also says until when."""
    until = datetime.fromisoformat(screening["call_off_until"])
    return screening["state"] != "cancelled" and utc_now() <= until


def is_clash(problem: NotDone) -> bool:
    return kind_of(problem) == "/problems/room-clash"


def clash_of(problem: NotDone, here: tzinfo) -> Clash:
    overlaps = problem.members["overlaps"]
    return Clash(
        title=overlaps["title"],
        starts=moment(overlaps["starts_at"], here),
        ends=moment(overlaps["ends_at"], here),
        free=moment(overlaps["free_at"], here),
        first_start=moment(problem.members["first_free_start"], here),
    )


def suggested(clash: Clash | None) -> str:
    """What the one-tap fix sends: 2026-11-21T20:15."""
    return f"{clash.first_start:%Y-%m-%dT%H:%M}" if clash else ""


def film_words(film: dict[str, Any]) -> str:
    """Vertigo (1958), 2 h 08"""
    return f"{film['title']} ({film['year']}), {runtime(film['runtime_minutes'])}"


def room_words(room: dict[str, Any]) -> str:
    return str(gettext("Screen %(room)s, %(seats)s seats", room=room["number"], seats=room["capacity"]))


def filled(screening: dict[str, Any]) -> Form:
    """As it is now. No card: it keeps its prices, which may be no card's any more."""
    starts = moment(screening["starts_at"], zone(screening["cinema"]["timezone"]))
    return Form.filled(
        {
            "film": screening["movie_id"],
            "room": screening["room"]["id"],
            "date": starts.date().isoformat(),
            "time": f"{starts:%H:%M}",
            "trailer_minutes": screening["trailer_minutes"],
            "formats": list(screening.get("formats") or []),
        }
    )


def screening_in(form: Form) -> dict[str, Any]:
    """The screening as movies takes it, its start on the cinema's own clock."""
    card = form.text("price_card")
    return {
        "movie_id": form.text("film", gettext("Choose a film.")),
        "room_id": form.text("room", gettext("Choose a room.")),
        "date": form.day("date"),
        "time": form.clock("time"),
        "formats": form.values("formats")[:6],
        "trailer_minutes": form.whole("trailer_minutes", 0, 60),
    } | ({"price_card_id": card} if card else {})
