import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from marquee.auth import KeySet
from marquee.testing.tokens import TokenMint
from services.movies import create_app
from services.movies.domain.reservations import start_payment
from services.movies.models import Reservation
from tests.factories.movies import add_screening
from tests.movies.booking.people import BUYER, person

ANN = {"X-Guest-Token": "a" * 40}
BOB = {"X-Guest-Token": "b" * 40}
MINT = TokenMint()


@pytest.fixture
def client(app):
    app.extensions["marquee.verifier"].keys = KeySet(MINT.jwks)
    return app.test_client()


def seats(*labels):
    return {"seats": [{"seat": label, "ticket_type": "adult"} for label in labels]}


def hold(client, screening, *labels, who=ANN):
    answer = client.post(f"/screenings/{screening.id}/holds", json=seats(*labels), headers=who)
    assert answer.status_code == 201, answer.json
    return answer.json


def hold_as(client, screening, who):
    return client.post(f"/screenings/{screening.id}/holds", json=seats("C4"), headers=who)


def everything(database):
    tables = ("reservations", "reservation_seats", "seat_claims", "outbox", "reservation_transitions")
    with database.transaction() as session:
        return {t: session.execute(text(f"SELECT * FROM {t} ORDER BY 1, 2")).all() for t in tables}


def is_problem(answer, status, kind):
    assert answer.status_code == status, answer.data
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"/problems/{kind}"
    return True


def test_a_guest_holds_pays_and_sees_the_booking(client, screening):
    held = hold(client, screening, "C4", "C5")
    assert (held["state"], held["total_cents"], held["extensions_left"]) == ("held", 2300, 10)
    assert held["term_seconds"] == 600
    assert held["now"] < held["expires_at"]

    body = {"hold_id": held["id"], "email": "ann@example.org", "method": "hosted"}
    first = client.post("/reservations", json=body, headers=ANN)
    again = client.post("/reservations", json=body, headers=ANN)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["state"] == "paying"
    assert first.json["link_key"] == again.json["link_key"] != ""
    assert first.json["cinema"]["timezone"] == "Europe/Amsterdam"
    shown = client.get(f"/reservations/{held['id']}?key={first.json['link_key']}")
    assert shown.json["seats"] == held["seats"]
    assert shown.json["link_key"] == ""
    mine = client.get("/reservations/me", headers=ANN)
    assert [booking["id"] for booking in mine.json["reservations"]] == [held["id"]]


def test_a_signed_in_person_holds_seats_as_that_person(client, database, screening):
    held = hold(client, screening, "C4", who=MINT.headers(sub="viola-id"))

    with database.transaction() as session:
        assert session.get(Reservation, held["id"]).owner == "person:viola-id"


def test_my_hold_is_found_again_until_it_is_given_back(client, screening):
    mine = f"/screenings/{screening.id}/holds/mine"
    assert client.get(mine, headers=ANN).status_code == 204

    held = hold(client, screening, "C4")
    assert client.get(mine, headers=ANN).json["id"] == held["id"]
    assert client.get(f"/holds/{held['id']}", headers=ANN).json["seats"] == held["seats"]
    assert client.delete(f"/holds/{held['id']}", headers=ANN).status_code == 204

    assert client.get(mine, headers=ANN).status_code == 204
    assert client.get(f"/holds/{held['id']}", headers=ANN).json["state"] == "cancelled"


def test_a_lost_seat_is_named_with_alternatives(client, screening):
    hold(client, screening, "C4")

    answer = client.post(f"/screenings/{screening.id}/holds", json=seats("C4", "C5"), headers=BOB)

    assert is_problem(answer, 409, "seat-taken")
    assert answer.json["lost"] == ["C4"]
    assert answer.json["alternatives"][0] == ["C5", "C6"]


def test_signing_in_midway_keeps_the_hold(client, screening):
    hold(client, screening, "C4")
    both = MINT.headers(sub="ann-id") | ANN

    assert client.post("/holds/adopt", headers=both).status_code == 204

    signed_in = client.get(f"/screenings/{screening.id}/holds/mine", headers=MINT.headers(sub="ann-id"))
    assert signed_in.json["seats"][0]["seat"] == "C4"


def test_the_best_seats_are_told_in_words(client, screening):
    answer = client.get(f"/screenings/{screening.id}/best-seats?people=2")

    assert answer.json == {"seats": ["D5", "D6"], "words": "Row D, centre, two thirds back", "relaxed": []}


def test_a_lonely_seat_is_pointed_out(client, screening):
    answer = client.get(f"/screenings/{screening.id}/seat-advice?seats=C2,C3")

    assert answer.json == {"lonely": ["C1"], "instead": ["C1", "C2"]}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "invalid"),
        ({"seats": []}, "invalid"),
        ({"seats": "C4"}, "invalid"),
        ({"seats": [{"seat": 7}]}, "invalid"),
        ({"seats": [{"seat": "C4", "ticket_type": "vip"}]}, "invalid"),
        ({"seats": [{"seat": "C4", "price_cents": 1}]}, "invalid"),
        ({"seats": [{"seat": "C4"}], "owner": "person:admin"}, "invalid"),
        ({"seats": [{"seat": "C4"}] * 51}, "invalid"),
        ({"seats": [{"seat": "Z99"}]}, "unknown-seat"),
        ({"seats": [{"seat": "-1"}]}, "unknown-seat"),
        ({"seats": [{"seat": "999"}]}, "unknown-seat"),
        ({"seats": [{"seat": "C4\u0001"}]}, "unknown-seat"),
        ({"seats": [{"seat": "C4"}, {"seat": "C4"}]}, "unknown-seat"),
        ([], "invalid"),
    ],
)
def test_a_hold_that_makes_no_sense_changes_nothing(client, database, screening, body, kind):
    before = everything(database)

    answer = client.post(f"/screenings/{screening.id}/holds", json=body, headers=ANN)

    assert is_problem(answer, 422, kind)
    assert everything(database) == before


def test_nine_seats_are_too_many(client, database, screening):
    nine = seats(*[f"C{number}" for number in range(1, 10)])

    assert is_problem(
        client.post(f"/screenings/{screening.id}/holds", json=nine, headers=ANN), 409, "too-many-seats"
    )


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        ("{broken", "application/json", 400),
        ("\xff\xfe", "application/json", 400),
        ("seats=C4", "application/x-www-form-urlencoded", 415),
        ('{"seats": "' + "x" * 2_000_000 + '"}', "application/json", 413),
        ("", "application/json", 400),
        ('{"seats": [{"seat": "C4\\u0000"}], "hold_id": "\\u0000"}', "application/json", 400),
    ],
)
def test_an_unreadable_body_changes_nothing(client, database, screening, data, content_type, status):
    before = everything(database)

    for url in (f"/screenings/{screening.id}/holds", "/reservations"):
        answer = client.post(url, data=data, content_type=content_type, headers=ANN)
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"

    assert everything(database) == before


@pytest.mark.parametrize(
    "change",
    [
        {"email": "nobody"},
        {"email": "ann@example..org"},
        {"email": "a@b.c\r\nBcc: x@y.zz"},
        {"email": "a" * 250 + "@b.example"},
        {"name": "A\u0001n"},
        {"name": "x" * 121},
        {"method": "cash"},
        {"hold_id": "not-an-id"},
        {"amount_cents": 1},
    ],
)
def test_a_payment_that_makes_no_sense_changes_nothing(client, database, screening, change):
    held = hold(client, screening, "C4")
    before = everything(database)
    body = {"hold_id": held["id"], "email": "ann@example.org", "name": "Ann", "method": "element"} | change

    answer = client.post("/reservations", json=body, headers=ANN)

    assert is_problem(answer, 422, "invalid")
    assert everything(database) == before


def test_what_belongs_to_somebody_else_is_not_there(client, database, screening):
    held = hold(client, screening, "C4")
    before = everything(database)
    body = {"hold_id": held["id"], "email": "bob@example.org", "method": "element"}
    tries = [
        client.get(f"/holds/{held['id']}", headers=BOB),
        client.post(f"/holds/{held['id']}/extend", headers=BOB),
        client.delete(f"/holds/{held['id']}", headers=BOB),
        client.post("/reservations", json=body, headers=BOB),
        client.get(f"/reservations/{held['id']}", headers=BOB),
        client.get(f"/reservations/{held['id']}"),
        client.get(f"/reservations/{held['id']}?key="),
        client.post(f"/reservations/{held['id']}/release", headers=BOB),
        client.post(f"/reservations/{held['id']}/cancel", headers=BOB),
        client.get(f"/holds/{uuid4()}", headers=ANN),
        client.get("/holds/no-uuid", headers=ANN),
    ]

    assert all(is_problem(answer, 404, "not-found") for answer in tries)
    assert everything(database) == before


def test_without_any_credential_nothing_is_held(client, database, screening):
    before = everything(database)

    answer = client.post(f"/screenings/{screening.id}/holds", json=seats("C4"))
    short = client.post(
        f"/screenings/{screening.id}/holds", json=seats("C4"), headers={"X-Guest-Token": "short"}
    )

    assert is_problem(answer, 401, "unauthenticated")
    assert is_problem(short, 401, "unauthenticated")
    assert everything(database) == before


def test_a_screening_that_is_not_there_holds_nothing(client):
    assert is_problem(
        client.post(f"/screenings/{uuid4()}/holds", json=seats("C4"), headers=ANN), 404, "not-found"
    )


def test_a_paid_booking_is_cancelled_over_the_api(client, database, settings, screening):
    held = hold(client, screening, "C4", who=MINT.headers(sub="viola-id"))
    with database.transaction() as session:
        start_payment(session, held["id"], BUYER, person("viola-id"), settings)
        session.execute(text("UPDATE reservations SET state = 'confirmed'"))

    shown = client.get(f"/reservations/{held['id']}", headers=MINT.headers(sub="viola-id"))
    assert shown.json["can_cancel"] is True
    answer = client.post(f"/reservations/{held['id']}/cancel", headers=MINT.headers(sub="viola-id"))

    assert (answer.status_code, answer.json["state"]) == (200, "refund_due")


def test_the_mails_link_is_enough_to_cancel(client, database, screening):
    held = hold(client, screening, "C4")
    body = {"hold_id": held["id"], "email": "ann@example.org"}
    key = client.post("/reservations", json=body, headers=ANN).json["link_key"]
    with database.transaction() as session:
        session.execute(text("UPDATE reservations SET state = 'confirmed'"))

    assert is_problem(client.post(f"/reservations/{held['id']}/cancel?key=x", headers=BOB), 404, "not-found")
    answer = client.post(f"/reservations/{held['id']}/cancel?key={key}", headers=BOB)

    assert (answer.status_code, answer.json["state"], answer.json["link_key"]) == (200, "refund_due", "")


def test_a_long_list_of_bookings_is_a_handful_of_queries(client, database, settings, screening):
    for number in range(1, 6):
        held = hold(client, screening, f"C{number}")
        body = {"hold_id": held["id"], "email": "ann@example.org"}
        assert client.post("/reservations", json=body, headers=ANN).status_code == 201

    statements = []
    engine = client.application.extensions["marquee.database"].engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    answer = client.get("/reservations/me", headers=ANN)

    assert len(answer.json["reservations"]) == 5
    assert len(statements) <= 8


def test_holding_is_limited_to_twenty_a_minute(settings, database, screening):
    limited = create_app(settings.model_copy(update={"rate_limits": True}))
    client = limited.test_client()
    who = {"X-Guest-Token": "c" * 40}

    answers = [
        client.post(f"/screenings/{screening.id}/holds", json=seats("C4"), headers=who).status_code
        for _ in range(21)
    ]

    assert answers == [201] * 20 + [429]
    limited.extensions["marquee.database"].engine.dispose()


def test_a_program_that_makes_up_a_guest_for_each_hold_is_stopped_by_its_address(
    settings, database, screening
):
    limited = create_app(settings.model_copy(update={"rate_limits": True, "trusted_proxies": 1}))
    client = limited.test_client()
    url = f"/screenings/{screening.id}/holds"

    def hold(number, address):
        who = {"X-Guest-Token": f"{number:040}", "X-Forwarded-For": address}
        return client.post(url, json=seats("C4"), headers=who).status_code

    answers = [hold(number, "198.51.100.7") for number in range(121)]

    assert answers == [201] + [409] * 119 + [429]
    assert hold(122, "198.51.100.8") == 409
    limited.extensions["marquee.database"].engine.dispose()


def test_the_documentation_lists_every_booking_route(client, app):
    document = json.loads(client.get("/openapi.json").data)

    known = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    booking = {path for path in known if "hold" in path or "reservation" in path}
    assert len(booking) > 8
    assert booking <= set(document["paths"])


def test_a_started_screening_is_refused_over_the_api(client, database):
    with database.transaction() as session:
        past = add_screening(session, starts_in=timedelta(hours=-2))

    answer = client.post(f"/screenings/{past.id}/holds", json=seats("C4"), headers=ANN)

    assert is_problem(answer, 409, "screening-started")


def test_the_office_sees_refunds_in_trouble_and_tries_them_again(client, database, screening):
    held = hold(client, screening, "C4")
    with database.transaction() as session:
        booking = session.get(Reservation, held["id"])
        booking.state, booking.refund_trouble, booking.name = "refund_due", "the bank did not take it", "Ann"
    editor = MINT.headers(sub="edda-id", roles=["editor"])

    listed = client.get("/refunds/in-trouble", headers=editor).json["refunds"]

    assert [(one["reservation_id"], one["trouble"], one["name"]) for one in listed] == [
        (held["id"], "the bank did not take it", "Ann")
    ]
    assert client.post(f"/reservations/{held['id']}/refund-again", headers=ANN).status_code in (401, 403)
    assert client.post(f"/reservations/{held['id']}/refund-again", headers=editor).status_code == 200
    assert client.get("/refunds/in-trouble", headers=editor).json["refunds"] == []


def test_a_service_owns_nothing_and_may_look_like_everybody(client, screening):
    token = MINT.service_token("marquee-notification", audience="marquee-movies", permissions=["read"])
    service = {"Authorization": f"Bearer {token}"}

    for path in ("seats", "seat-advice?seats=C4"):
        assert client.get(f"/screenings/{screening.id}/{path}", headers=service).status_code == 200
    assert hold_as(client, screening, service).status_code == 401
