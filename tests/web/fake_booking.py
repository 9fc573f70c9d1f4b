"""What movies, payment and ticket answer about holds, reservations, payments and tickets."""

from datetime import timedelta
from typing import Any

from flask import Flask, Response, request

from tests.web.fake_catalogue import guest, owner, problem
from tests.web.fake_world import PRICES, REDUCED, World, an_id


def add_booking(app: Flask, world: World) -> None:
    _add_holds(app, world)
    _add_reservations(app, world)
    _add_payments(app, world)
    _add_tickets(app, world)


def _add_holds(app: Flask, world: World) -> None:
    @app.post("/screenings/<screening_id>/holds")
    def hold_seats(screening_id: str) -> Any:
        wishes = request.get_json()["seats"]
        kinds = {s["label"]: s for s in world.plan["seats"]}
        states = world.states(screening_id, owner())
        lost = [w["seat"] for w in wishes if states[w["seat"]] in {"held", "taken"}]
        if lost:
            return problem(
                409,
                "seat-taken",
                "Somebody was quicker",
                f"{', '.join(lost)} was just taken.",
                lost=lost,
                alternatives=[["G7", "G8"][: len(wishes)]],
            )
        claims = world.claims[screening_id]
        for label in [label for label, who in claims.items() if who == owner()]:
            del claims[label]
        claims |= {w["seat"]: str(owner()) for w in wishes}
        lines = [_line(kinds[wish["seat"]], wish["ticket_type"]) for wish in wishes]
        hold = _open_hold(world, screening_id) or _new_hold(world, screening_id)
        hold |= {"seats": lines, "total_cents": sum(line["price_cents"] for line in lines)}
        world.holds[hold["id"]] = hold
        return world.hold_shape(hold), 201

    @app.get("/screenings/<screening_id>/holds/mine")
    def my_hold(screening_id: str) -> Any:
        hold = _open_hold(world, screening_id)
        return world.hold_shape(hold) if hold else ("", 204)

    @app.post("/holds/adopt")
    def adopt() -> Any:
        for hold in world.holds.values():
            if hold["owner"] == guest():
                hold["owner"] = owner()
                world.claims[hold["screening_id"]] |= {s["seat"]: str(owner()) for s in hold["seats"]}
        return "", 204

    @app.get("/holds/<hold_id>")
    def get_hold(hold_id: str) -> Any:
        hold = _own_hold(world, hold_id)
        return world.hold_shape(hold) if hold else problem(404, "not-found", "There is nothing here", "")

    @app.post("/holds/<hold_id>/extend")
    def extend(hold_id: str) -> Any:
        hold = _own_hold(world, hold_id)
        if hold is None:
            return problem(404, "not-found", "There is nothing here", "")
        hold["expires"] = world.now() + timedelta(seconds=world.rules["hold_ttl_seconds"])
        hold["extensions_left"] -= 1
        return world.hold_shape(hold)

    @app.delete("/holds/<hold_id>")
    def release(hold_id: str) -> Any:
        hold = _own_hold(world, hold_id)
        if hold is None:
            return problem(404, "not-found", "There is nothing here", "")
        hold["state"] = "cancelled"
        claims = world.claims[hold["screening_id"]]
        for seat in hold["seats"]:
            claims.pop(seat["seat"], None)
        return "", 204


def _add_reservations(app: Flask, world: World) -> None:
    @app.post("/reservations")
    def reserve() -> Any:
        order = request.get_json()
        hold = _own_hold(world, order["hold_id"])
        if hold is None:
            return problem(404, "not-found", "There is nothing here", "")
        if "@" not in order["email"]:
            return problem(
                422,
                "invalid",
                "Some of that is not acceptable",
                "email: this is not an e-mail address",
                errors=[{"field": "email", "detail": "this is not an e-mail address"}],
            )
        if hold["state"] not in {"held", "paying"}:
            return world.reservation_shape(hold), 201
        state = "paying" if hold["total_cents"] else "confirmed"
        hold |= {"state": state, "email": order["email"], "name": order.get("name", "")}
        hold.setdefault("payer", owner())
        return world.reservation_shape(hold), 201

    @app.get("/reservations/me")
    def mine() -> Any:
        return {
            "reservations": [
                world.reservation_shape(h) for h in world.holds.values() if h["owner"] == owner()
            ]
        }

    @app.get("/reservations/<reservation_id>")
    def reservation(reservation_id: str) -> Any:
        hold = _own_hold(world, reservation_id)
        return (
            world.reservation_shape(hold) if hold else problem(404, "not-found", "There is nothing here", "")
        )

    @app.post("/reservations/<reservation_id>/cancel")
    def cancel(reservation_id: str) -> Any:
        hold = _own_hold(world, reservation_id)
        if hold is None or hold["state"] != "ticketed":
            return problem(
                409, "too-late-to-cancel", "It is too late to cancel", "It was possible until 19:45."
            )
        hold["state"] = "refund_due"
        return world.reservation_shape(hold)

    @app.post("/reservations/<reservation_id>/release")
    def let_go(reservation_id: str) -> Any:
        world.holds[reservation_id]["is_being_released"] = True
        return "", 202


def _add_payments(app: Flask, world: World) -> None:
    @app.get("/payments/<reservation_id>")
    @app.post("/payments/<reservation_id>/check", endpoint="check")
    def payment(reservation_id: str) -> Any:
        hold = _own_payment(world, reservation_id)
        if hold is None or hold["state"] == "held" or not hold["total_cents"]:
            return problem(404, "not-found", "There is nothing here", "")
        is_open = hold["state"] == "paying" and not hold.get("is_charged")
        return {
            "reservation_id": reservation_id,
            "attempt": 1,
            "state": "open" if is_open else "succeeded",
            "client_secret": "pi_1_secret_2" if is_open else None,
            "hosted_url": "https://pay.example/c/1" if is_open else None,
            "amount_cents": hold["total_cents"],
            "currency": "EUR",
            "decline": _decline(hold) if is_open else None,
        }


def _decline(hold: dict[str, Any]) -> dict[str, str] | None:
    if not hold.get("decline"):
        return None
    return {"code": hold.get("decline_code", "declined"), "message": hold["decline"]}


def _add_tickets(app: Flask, world: World) -> None:
    @app.get("/reservations/<reservation_id>/tickets")
    def tickets(reservation_id: str) -> Any:
        hold = _own_hold(world, reservation_id)
        if hold is None or hold["state"] != "ticketed":
            return problem(404, "not-found", "There is nothing here", "")
        found = [
            s
            | {
                "id": an_id(f"ticket {s['seat']}"),
                "state": "valid",
                "code": "c",
                "reference": f"MQ-7K2F-{s['seat']}",
                "admitted_at": hold.get("admitted_at"),
            }
            for s in hold["seats"]
        ]
        return {"tickets": found, "booking": {}}

    @app.get("/tickets/<ticket_id>/qr.svg")
    def qr(ticket_id: str) -> Any:
        return Response(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21"><path d="M0 0h7v7H0zM14 0h7v7h-7z"/></svg>',
            content_type="image/svg+xml",
        )

    @app.get("/reservations/<reservation_id>/tickets.pdf")
    def pdf(reservation_id: str) -> Any:
        return Response(b"%PDF-1.7", content_type="application/pdf")

    @app.get("/reservations/<reservation_id>/calendar.ics")
    def ics(reservation_id: str) -> Any:
        return Response(b"BEGIN:VCALENDAR", content_type="text/calendar; charset=utf-8")


def _own_hold(world: World, hold_id: str) -> dict[str, Any] | None:
    """For whoever held it, or has the key of its mail."""
    hold = world.holds.get(hold_id)
    return hold if hold and (hold["owner"] == owner() or request.args.get("key") == "k" * 43) else None


def _own_payment(world: World, reservation_id: str) -> dict[str, Any] | None:
    """Payment never learns that somebody took along what was begun as a guest."""
    hold = world.holds.get(reservation_id)
    opens = request.args.get("key") == "k" * 43
    return hold if hold and (opens or owner() == hold.get("payer", hold["owner"])) else None


def _open_hold(world: World, screening_id: str) -> dict[str, Any] | None:
    mine = (hold for hold in world.holds.values() if hold["owner"] == owner())
    return next((h for h in mine if h["screening_id"] == screening_id and h["state"] == "held"), None)


def _new_hold(world: World, screening_id: str) -> dict[str, Any]:
    return {
        "id": an_id(f"hold {len(world.holds)} {world.began}"),
        "owner": owner(),
        "screening_id": screening_id,
        "state": "held",
        "expires": world.now() + timedelta(seconds=world.rules["hold_ttl_seconds"]),
        "extensions_left": 10,
        "currency": world.screenings[screening_id]["currency"],
    }


def _line(seat: dict[str, Any], ticket_type: str) -> dict[str, Any]:
    return {
        "seat": seat["label"],
        "row": seat["row"],
        "number": seat["number"],
        "kind": seat["kind"],
        "ticket_type": ticket_type,
        "price_cents": max(0, PRICES[seat["kind"]] - REDUCED[ticket_type]),
    }
