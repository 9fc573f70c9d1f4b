"""People: one row each, told once, whoever signs in at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

from sqlalchemy import text

from marquee.db import Database
from services.auth.domain import people

CLAIMS = {"preferred_username": "viola", "name": "Viola Viewer", "email": "viola@marquee.example"}


def test_two_first_sign_ins_at_once_make_one_person(database: Database) -> None:
    claims = {**CLAIMS, "sub": str(uuid4())}
    both = Barrier(2)

    def sign_in(_: int) -> str:
        with database.transaction() as session:
            both.wait(5)
            return people.note_person(session, claims).username

    with ThreadPoolExecutor(2) as browsers:
        assert list(browsers.map(sign_in, range(2))) == ["viola", "viola"]
    assert _told(database) == ["user.registered"]


def test_a_change_is_told_once(database: Database) -> None:
    claims = {**CLAIMS, "sub": str(uuid4())}
    for name in ("Viola Viewer", "Viola Vance", "Viola Vance"):
        with database.transaction() as session:
            assert people.note_person(session, {**claims, "name": name}).name == name

    assert _told(database) == ["user.registered", "user.updated"]


def _told(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(text("SELECT routing_key FROM outbox ORDER BY id")))
