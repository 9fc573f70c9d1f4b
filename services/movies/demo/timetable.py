"""What the demo cinemas play on a given day. Pure and deterministic: the same day gives the same times.

A programme week runs from Friday to Thursday. Each week a few films leave and a few come; each day shows most of
them. Rooms are filled from their opening on, film by film, and one room per cinema has a late show.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from services.movies.demo.films import DemoFilm
from services.movies.demo.houses import DemoCinema, DemoRoom

TRAILER_MINUTES = 15
LATE_START = time(23, 25)
_LAST_START = time(22, 30)
_FILMS_PER_WEEK, _NEW_PER_WEEK, _FILMS_PER_DAY = 9, 6, 7
_SATURDAY = 5
_FIRST_FRIDAY = date(2024, 1, 5)
_STEP = timedelta(minutes=5)
_APART = timedelta(minutes=45)
_LATE_RUNTIME = 130
_GROWN_UP, _FOR_ALL = {"15", "18"}, {"U", "PG"}


@dataclass(frozen=True)
class DemoShowing:
    room: DemoRoom
    film: DemoFilm
    starts: datetime  # on the cinema's wall clock
    formats: tuple[str, ...] = ()

    @property
    def free_again(self) -> datetime:
        """On the wall clock too: shows start late enough and end early enough that no clock jumps between."""
        return self.starts + occupies(self.film, self.room)


def day_of(cinema: DemoCinema, films: list[DemoFilm], day: date) -> list[DemoShowing]:
    """Every showing of `day`, room by room."""
    tonight = films_of_day(cinema, films, day)
    showings: list[DemoShowing] = []
    for room in cinema.rooms:
        showings += _fill(room, tonight, day, showings)
    return [_with_formats(showing, day) for showing in showings]


def first_glance(showings: Iterable[DemoShowing]) -> list[DemoShowing]:
    """What of a day is announced more than a week ahead: the evenings of the first room."""
    return [s for s in showings if s.room.number == "1" and s.starts.hour >= 17]


def occupies(film: DemoFilm, room: DemoRoom) -> timedelta:
    return timedelta(minutes=TRAILER_MINUTES + film.runtime_minutes + room.cleaning_minutes)


def films_of_day(cinema: DemoCinema, films: list[DemoFilm], day: date) -> list[DemoFilm]:
    week = _films_of_week(cinema, films, day)
    first = (day.weekday() * 2) % len(week)
    return [week[(first + offset) % len(week)] for offset in range(_FILMS_PER_DAY)]


def _films_of_week(cinema: DemoCinema, films: list[DemoFilm], day: date) -> list[DemoFilm]:
    shuffled = sorted(films, key=lambda film: _draw(cinema.slug, film.title, film.year))
    week = (day - _FIRST_FRIDAY).days // 7
    first = week * _NEW_PER_WEEK
    return [shuffled[(first + offset) % len(shuffled)] for offset in range(_FILMS_PER_WEEK)]


def _fill(
    room: DemoRoom, films: list[DemoFilm], day: date, elsewhere: list[DemoShowing]
) -> list[DemoShowing]:
    late = datetime.combine(day, LATE_START)
    close = late if room.has_late_show else late + timedelta(hours=3)
    here: list[DemoShowing] = []
    start = _opening(room, day)
    while start.time() <= _LAST_START and start.date() == day:
        film = _choose(room, films, start, close, elsewhere + here)
        if film is None:
            break
        here.append(DemoShowing(room, film, start))
        start = _rounded_up(here[-1].free_again)
    if room.has_late_show:
        here.append(DemoShowing(room, _for_late(films, here), late))
    return here


def _opening(room: DemoRoom, day: date) -> datetime:
    weekday, weekend = room.opens
    return datetime.combine(day, time.fromisoformat(weekend if day.weekday() >= _SATURDAY else weekday))


def _choose(
    room: DemoRoom, films: list[DemoFilm], start: datetime, close: datetime, shown: list[DemoShowing]
) -> DemoFilm | None:
    """The film played least so far that fits, has not just run here and starts nowhere else about now."""
    times_shown = Counter(showing.film for showing in shown)
    just_here = next((s.film for s in reversed(shown) if s.room is room), None)
    about_now = {s.film for s in shown if abs(s.starts - start) < _APART}
    fitting = [
        film
        for film in films
        if start + occupies(film, room) <= close and film is not just_here and film not in about_now
    ]
    by_day = start.hour < 13
    return min(
        fitting,
        key=lambda film: (times_shown[film], by_day and film.certificate not in _FOR_ALL, films.index(film)),
        default=None,
    )


def _for_late(films: list[DemoFilm], here: list[DemoShowing]) -> DemoFilm:
    """Short enough to get home, grown up if there is one, and not what has just been shown here."""
    just_here = here[-1].film if here else None
    return min(
        films,
        key=lambda film: (
            film is just_here,
            film.runtime_minutes > _LATE_RUNTIME,
            film.certificate not in _GROWN_UP,
            films.index(film),
        ),
    )


# --- formats ----------------------------------------------------------------------------------------------


def _with_formats(showing: DemoShowing, day: date) -> DemoShowing:
    film, room, starts = showing.film, showing.room, showing.starts
    drawn = _draw(day.isoformat(), room.number, film.title)
    old_enough = film.year < (2002 if room.print_format == "35 mm" else 1975)
    formats = [
        ("Subtitled", film.subtitled),
        (room.print_format, bool(room.print_format) and old_enough and starts.hour >= 18),
        ("Open captions", not film.subtitled and 17 <= starts.hour < 22 and drawn % 3 == 0),
        ("Audio description", not film.subtitled and film.year >= 1990 and drawn % 2 == 0),
        ("Relaxed", day.weekday() >= _SATURDAY and starts.hour < 13 and film.certificate in _FOR_ALL),
    ]
    return DemoShowing(room, film, starts, tuple(name for name, applies in formats if applies))


def _draw(*words: object) -> int:
    return int.from_bytes(hashlib.sha256("|".join(map(str, words)).encode()).digest()[:8], "big")


def _rounded_up(moment: datetime) -> datetime:
    past = timedelta(minutes=moment.minute % 5, seconds=moment.second)
    return moment if not past else moment - past + _STEP
