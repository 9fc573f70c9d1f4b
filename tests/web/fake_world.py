"""One cinema and its films, seats and bookings, in memory: what the fake neighbours know."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

ZONE = "Europe/Berlin"
_NAMES = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
TITLES = [
    (
        "Cléo from 5 to 7",
        1962,
        "Agnès Varda",
        90,
        "French",
        True,
        "Two hours in Paris, almost in real time, while a singer waits for a doctor to call.",
    ),
    (
        "Paper Moon",
        1973,
        "Peter Bogdanovich",
        102,
        "English",
        False,
        "A Bible salesman, a girl of nine, and the better crook of the two is not the grown-up.",
    ),
    (
        "In the Mood for Love",
        2000,
        "Wong Kar-wai",
        98,
        "Cantonese",
        True,
        "Two neighbours find out that they have been left, and rehearse what to say.",
    ),
    (
        "Perfect Days",
        2023,
        "Wim Wenders",
        124,
        "Japanese",
        True,
        "A man cleans the toilets of Tokyo, reads, plants trees, and looks up.",
    ),
]
PRICES = {
    "standard": 950,
    "premium": 1150,
    "sofa": 1300,
    "wheelchair": 950,
    "companion": 950,
    "restricted": 750,
}
REDUCED = {"adult": 0, "student": 250, "senior": 250, "child": 350, "carer": 10_000}


def an_id(name: str) -> str:
    return str(uuid5(_NAMES, name))


class World:
    """`now` stands still at 17:20 of the day the world was made, in the cinema's zone."""

    def __init__(self) -> None:
        today = datetime.now(ZoneInfo(ZONE)).date()
        self.opened = datetime(today.year, today.month, today.day, 17, 20, tzinfo=ZoneInfo(ZONE))
        self.began = datetime.now(UTC)
        self.cinema = {
            "id": an_id("cinema"),
            "slug": "harbour-street",
            "name": "Harbour Street Cinema",
            "address": "12 Harbour Street",
            "city": "Kiel",
            "timezone": ZONE,
            "currency": "EUR",
            "about": "",
            "rooms": 3,
            "seats": 142,
        }
        self.movies = {an_id(title): _movie(*facts) for title, *rest in TITLES for facts in [(title, *rest)]}
        self.plan = _plan()
        self.claims: dict[str, dict[str, str]] = {}
        self.holds: dict[str, dict[str, Any]] = {}
        self.screenings = {s["id"]: s for s in self._showings()}
        self.away: set[str] = set()
        self.rules = {
            "hold_ttl_seconds": 600,
            "hold_extensions": 10,
            "doors_minutes": 30,
            "cancel_until_minutes": 60,
        }
        self.others: list[dict[str, Any]] = []
        self.relaxed: list[str] = []
        self.sessions: dict[str, dict[str, Any]] = {}
        self.looked_for: list[str] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        for screening in self.screenings.values():
            taken = ["A4", "B7", "E4", "F4", "H9", "H10", "H11", "H5", "D3", "G2"]
            self.claims[screening["id"]] = dict.fromkeys(taken, "taken") | {"F10": "other", "F11": "other"}

    def now(self) -> datetime:
        return self.opened + (datetime.now(UTC) - self.began)

    def _showings(self) -> list[dict[str, Any]]:
        times = [
            (0, [(0, "17:40", "plenty"), (0, "22:20", "plenty"), (1, "15:00", "plenty")]),
            (
                1,
                [
                    (0, "18:10", "sold_out"),
                    (0, "20:30", "last"),
                    (0, "22:50", "plenty"),
                    (1, "14:10", "filling"),
                ],
            ),
            (2, [(0, "18:30", "last"), (1, "20:45", "plenty")]),
            (3, [(0, "19:45", "filling")]),
        ]
        formats = {"20:30": ["Open captions"], "18:30": ["35 mm"], "20:45": ["35 mm"]}
        found = []
        for index, wanted in times:
            movie = list(self.movies.values())[index]
            for days, clock, availability in wanted:
                hour, minute = map(int, clock.split(":"))
                starts = (self.opened + timedelta(days=days)).replace(hour=hour, minute=minute)
                found.append(
                    self._showing(movie, starts, formats.get(clock, []), availability, index % 3 + 1)
                )
        return found

    def _showing(
        self, movie: dict[str, Any], starts: datetime, formats: list[str], availability: str, room: int
    ) -> dict[str, Any]:
        ends = starts + timedelta(minutes=movie["runtime_minutes"] + 15)
        return {
            "id": an_id(f"{movie['title']} {starts:%d %H:%M}"),
            "movie_id": movie["id"],
            "title": movie["title"],
            "room": {"id": an_id(f"room {room}"), "number": str(room), "capacity": len(self.plan["seats"])},
            "starts_at": starts.astimezone(UTC).isoformat(),
            "ends_at": ends.astimezone(UTC).isoformat(),
            "formats": formats,
            "currency": "EUR",
            "price_from_cents": 950,
            "seats_free": 100,
            "capacity": len(self.plan["seats"]),
            "availability": availability,
            "state": "scheduled",
        }

    def states(self, screening_id: str, owner: str | None) -> dict[str, str]:
        claims = self.claims.get(screening_id, {})
        words = {"taken": "taken", owner or "": "yours"}
        return {
            seat["label"]: "free" if seat["label"] not in claims else words.get(claims[seat["label"]], "held")
            for seat in self.plan["seats"]
        }

    def hold_shape(self, hold: dict[str, Any]) -> dict[str, Any]:
        return {
            k: hold[k]
            for k in ("id", "screening_id", "state", "seats", "total_cents", "currency", "extensions_left")
        } | {
            "expires_at": hold["expires"].astimezone(UTC).isoformat(),
            "now": self.now().astimezone(UTC).isoformat(),
            "term_seconds": self.rules["hold_ttl_seconds"],
        }

    def screening_shape(self, screening: dict[str, Any]) -> dict[str, Any]:
        prices = [
            {"kind": kind, "ticket_type": t, "price_cents": max(0, cents - less)}
            for kind, cents in PRICES.items()
            for t, less in REDUCED.items()
        ]
        starts = datetime.fromisoformat(screening["starts_at"])
        return screening | {
            "movie": self.movies[screening["movie_id"]],
            "cinema": self.cinema,
            "plan_id": self.plan["id"],
            "prices": prices,
            "trailer_minutes": 15,
            "doors_at": (starts - timedelta(minutes=self.rules["doors_minutes"])).isoformat(),
            "cancel_until": (starts - timedelta(minutes=self.rules["cancel_until_minutes"])).isoformat(),
            "sales_close_at": (starts + timedelta(minutes=10)).isoformat(),
        }

    def reservation_shape(self, hold: dict[str, Any]) -> dict[str, Any]:
        screening = self.screenings[hold["screening_id"]]
        full = self.screening_shape(screening)
        return self.hold_shape(hold) | {
            "screening": screening | {"trailer_minutes": 15},
            "movie": full["movie"],
            "cinema": self.cinema,
            "email": hold.get("email", ""),
            "name": hold.get("name", ""),
            "method": "element",
            "decline_message": hold.get("decline", ""),
            "is_being_released": hold.get("is_being_released", False),
            "is_payment_unknown": hold.get("is_payment_unknown", False),
            "link_key": "k" * 43,
            "cancel_until": full["cancel_until"],
            "can_cancel": hold["state"] == "ticketed",
            "cancel_reason": "",
            "created_at": self.now().isoformat(),
        }


def _movie(
    title: str, year: int, director: str, minutes: int, language: str, subtitled: bool, line: str
) -> dict[str, Any]:
    return {
        "id": an_id(title),
        "title": title,
        "original_title": title,
        "year": year,
        "runtime_minutes": minutes,
        "certificate": "PG",
        "certificate_reason": "mild bad language, smoking",
        "language": language,
        "is_subtitled": subtitled,
        "genres": ["Drama"],
        "directors": [director],
        "actors": ["Somebody Famous", "Another One"],
        "synopsis": line + " And then it goes on, longer than anybody expected, until the very end.",
        "house_line": line,
        "poster_url": f"/movies/{an_id(title)}/poster.svg?v=1",
    }


def _plan() -> dict[str, Any]:
    seats: list[dict[str, Any]] = []
    for rank, row in enumerate("ABCDEFGHJKL"):
        letters = {
            "A": "__rr_ssssssssss_rr__",
            "E": "wwcc_ssssssssss_ssss",
            "F": "ssss_sppppppppps_ssss"[:20],
            "G": "ssss_spppppppps_ssss",
            "L": "_sss_dd_dd_dd_dd_sss_"[:20],
        }.get(row, "ssss_ssssssssss_ssss")
        kinds = {
            "s": "standard",
            "p": "premium",
            "d": "sofa",
            "w": "wheelchair",
            "c": "companion",
            "r": "restricted",
        }
        places = [(col, letter) for col, letter in enumerate(letters) if letter != "_"]
        for number, (col, letter) in enumerate(places, start=1):
            sofa = f"{row}{number + 1 if (number - sum(1 for c, o in places if o != 'd' and c < col)) % 2 else number - 1}"
            partner = sofa if letter == "d" else "E1" if letter == "c" else None
            bend = abs(col - 9.5) ** 2 * 0.012
            seats.append(
                {
                    "label": f"{row}{number}",
                    "row": row,
                    "row_rank": rank,
                    "number": number,
                    "kind": kinds[letter],
                    "partner": partner,
                    "x": col + 1.6,
                    "y": rank * 1.0 + 2.6 - bend,
                    "angle": -(col - 9.5) * 0.8,
                }
            )
    width, height = 22.2, 15.0
    rows = [
        {"row": row, "left": {"x": 0.5, "y": i + 1.6}, "right": {"x": width - 0.5, "y": i + 1.6}}
        for i, row in enumerate("ABCDEFGHJKL")
    ]
    drawing = {
        "width": width,
        "height": height,
        "screen": {"x1": 3.5, "x2": 18.7, "y": 0.3, "bend": 0.45},
        "rows": rows,
        "labels": [
            {"text": "Way out", "x": 0.5, "y": 1.0, "anchor": "start", "place": "front-left"},
            {
                "text": "Entrance, step-free to row E",
                "x": 11.1,
                "y": 14.5,
                "anchor": "middle",
                "place": "back",
            },
        ],
    }
    return {
        "id": an_id("plan"),
        "room_id": an_id("room 1"),
        "version": 1,
        "width": width,
        "height": height,
        "drawing": drawing,
        "seats": seats,
    }
