"""The neighbours as the office and the door use them: always with the visitor's own token, never remembered."""

from datetime import datetime
from typing import Any, TypeAlias

from marquee.http import ServiceClient

Json: TypeAlias = dict[str, Any]


class Office:
    """What editors may do in movies, and staff may look at."""

    def __init__(self, own: ServiceClient) -> None:
        self._own = own

    def schedule(self, cinema: str | None, first: str, last: str) -> Json:
        return dict(self._own.get("/schedule", **{"cinema": cinema, "from": first, "to": last}))

    def screenings(self, cinema: str | None, start: datetime, end: datetime) -> Json:
        span = {"from": start.isoformat(), "to": end.isoformat()}
        return dict(self._own.get("/screenings", cinema=cinema, **span))

    def films(self, page: int, q: str) -> Json:
        return dict(self._own.get("/movies", page=page, q=q or None))

    def all_films(self) -> list[Json]:
        """By title, for a drop-down list."""
        first = self.films(1, "")
        more = (self.films(page, "")["movies"] for page in range(2, first["pages"] + 1))
        return [*first["movies"], *(film for page in more for film in page)]

    def film(self, movie_id: str) -> Json:
        return dict(self._own.get(f"/movies/{movie_id}"))

    def add_film(self, film: Json) -> Json:
        return dict(self._own.post("/movies", film))

    def change_film(self, movie_id: str, film: Json) -> Json:
        return dict(self._own.put(f"/movies/{movie_id}", film))

    def remove_film(self, movie_id: str) -> None:
        self._own.delete(f"/movies/{movie_id}")

    def screenings_of(self, movie_id: str) -> list[Json]:
        return list(self._own.get(f"/movies/{movie_id}/screenings")["screenings"])

    def rooms(self, cinema: str | None) -> list[Json]:
        return list(self._own.get("/rooms", cinema=cinema)["rooms"])

    def room(self, room_id: str) -> Json:
        return dict(self._own.get(f"/rooms/{room_id}"))

    def plan(self, plan_id: str) -> Json:
        return dict(self._own.get(f"/plans/{plan_id}"))

    def add_room(self, room: Json) -> Json:
        return dict(self._own.post("/rooms", room))

    def change_room(self, room_id: str, room: Json) -> Json:
        return dict(self._own.put(f"/rooms/{room_id}", room))

    def remove_room(self, room_id: str) -> None:
        self._own.delete(f"/rooms/{room_id}")

    def preview_plan(self, layout: Json) -> Json:
        return dict(self._own.post("/plans/preview", {"layout": layout}))

    def save_plan(self, room_id: str, layout: Json) -> Json:
        return dict(self._own.post(f"/rooms/{room_id}/plans", {"layout": layout}))

    def screening(self, screening_id: str) -> Json:
        return dict(self._own.get(f"/screenings/{screening_id}"))

    def add_screening(self, screening: Json) -> Json:
        return dict(self._own.post("/screenings", screening))

    def add_screening_of(self, movie_id: str, screening: Json) -> Json:
        return dict(self._own.post(f"/movies/{movie_id}/screenings", screening))

    def change_screening(self, screening_id: str, screening: Json) -> Json:
        return dict(self._own.put(f"/screenings/{screening_id}", screening))

    def withdraw_screening(self, movie_id: str, screening_id: str) -> None:
        self._own.delete(f"/movies/{movie_id}/screenings/{screening_id}")

    def cancel_screening(self, screening_id: str, reason: str) -> Json:
        return dict(self._own.post(f"/screenings/{screening_id}/cancel", {"reason": reason}))

    def orders(self, screening_id: str) -> Json:
        return dict(self._own.get(f"/screenings/{screening_id}/orders"))

    def refunds_in_trouble(self) -> list[Json]:
        return list(self._own.get("/refunds/in-trouble")["refunds"])

    def refund_again(self, reservation_id: str) -> Json:
        return dict(self._own.post(f"/reservations/{reservation_id}/refund-again"))

    def price_cards(self, cinema: str | None) -> list[Json]:
        return list(self._own.get("/price-cards", cinema=cinema)["price_cards"])

    def add_price_card(self, card: Json) -> Json:
        return dict(self._own.post("/price-cards", card))

    def change_price_card(self, card_id: str, card: Json) -> Json:
        return dict(self._own.put(f"/price-cards/{card_id}", card))


class Door:
    """What staff may do in ticket."""

    def __init__(self, own: ServiceClient) -> None:
        self._own = own

    def scan(
        self,
        code: str,
        screening_id: str,
        scan_id: str,
        door: str,
        *,
        early: bool,
        reentry_reason: str | None,
    ) -> Json:
        body = {"code": code, "screening_id": screening_id, "scan_id": scan_id, "door": door, "early": early}
        if reentry_reason:
            # Refused by a ticket that is older than we are, while both are being replaced.
            body["reentry_reason"] = reentry_reason
        return dict(self._own.post("/door/scans", body))

    def scan_frame(self, picture: bytes, screening_id: str, scan_id: str, door: str) -> Json | None:
        """None: there is no code in this picture."""
        answer = self._own.post_bytes(
            "/door/frames", picture, "image/jpeg", screening_id=screening_id, scan_id=scan_id, door=door
        )
        return dict(answer) if answer else None

    def undo(self, admission_id: str, reason: str) -> Json:
        return dict(self._own.post(f"/door/admissions/{admission_id}/undo", {"reason": reason}))

    def count(self, screening_id: str, door: str) -> Json:
        return dict(self._own.get(f"/door/screenings/{screening_id}", door=door))
