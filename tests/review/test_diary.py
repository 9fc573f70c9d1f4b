"""A used ticket writes the first line of the diary, and one that was scanned by mistake writes none."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from marquee.auth import Holder
from marquee.contracts.ticket import TicketAdmissionUndone, TicketAdmitted
from marquee.db import Database
from marquee.testing.apps import settings_for_tests, trust
from marquee.testing.database import empty, migrated_database, url_of
from marquee.testing.tokens import TokenMint
from services.review import create_app
from services.review.domain import copies, diary
from services.review.models import DiaryEntry, Member
from services.review.settings import ReviewSettings

VIOLA = str(uuid4())


@pytest.fixture(scope="module")
def review_database(create_database: Callable[[str], str]) -> Iterator[Database]:
    with migrated_database("review", create_database) as database:
        yield database


@pytest.fixture
def database(review_database: Database) -> Database:
    return empty(review_database)


def admitted(**changes: Any) -> TicketAdmitted:
    return TicketAdmitted.model_validate(
        {
            "ticket_id": uuid4(),
            "reservation_id": uuid4(),
            "owner": f"person:{VIOLA}",
            "movie_id": uuid4(),
            "title": "Paper Moon",
            "year": 1973,
            "screening_id": uuid4(),
            "cinema": "Harbour Street",
            "timezone": "Europe/Dublin",
            "room": "2",
            "seat": "G9",
            "starts_at": datetime(2026, 7, 3, 23, 30, tzinfo=UTC),
            "admitted_at": datetime(2026, 7, 3, 23, 20, tzinfo=UTC),
            **changes,
        }
    )


def entries(database: Database) -> list[DiaryEntry]:
    with database.transaction() as session:
        return diary.diary_of(session, Holder((f"person:{VIOLA}",)), before=None, limit=10)


def undone(scan: TicketAdmitted) -> TicketAdmissionUndone:
    return TicketAdmissionUndone.model_validate(scan.model_dump())


def log(database: Database, *told: TicketAdmitted | TicketAdmissionUndone) -> None:
    for event in told:
        with database.transaction() as session:
            if isinstance(event, TicketAdmitted):
                diary.log_admission(session, event)
            else:
                diary.take_back_admission(session, event)


def test_the_day_is_the_cinemas_day(database: Database) -> None:
    log(database, admitted())

    (entry,) = entries(database)

    assert entry.watched_on == date(2026, 7, 4)  # half past midnight in Dublin


def test_three_seats_of_one_booking_are_one_watch(database: Database) -> None:
    first = admitted()
    log(database, first, first.model_copy(update={"ticket_id": uuid4(), "seat": "G10"}))

    assert len(entries(database)) == 1


def test_the_second_booking_of_a_film_is_a_rewatch(database: Database) -> None:
    first = admitted()
    log(database, first, first.model_copy(update={"reservation_id": uuid4(), "ticket_id": uuid4()}))

    assert sorted(entry.is_rewatch for entry in entries(database)) == [False, True]


def test_a_scan_that_was_taken_back_leaves_nothing_in_whichever_order_it_is_told(database: Database) -> None:
    for scan in (admitted(), admitted()):
        for told in ((scan, undone(scan)), (undone(scan), scan), (scan, undone(scan), scan, undone(scan))):
            log(database, *told)

            assert entries(database) == []


def test_who_was_let_in_again_after_all_has_seen_the_film_in_whichever_order_it_is_told(
    database: Database,
) -> None:
    for order in permutations(range(3)):
        first = admitted()
        again = first.model_copy(update={"admitted_at": first.admitted_at + timedelta(minutes=1)})
        told = [first, undone(first), again]
        log(database, *(told[place] for place in order))

    assert len(entries(database)) == 6


def test_as_long_as_one_seat_of_a_booking_is_in_the_entry_stays_and_names_it(database: Database) -> None:
    for order in permutations(range(3)):
        wrong = admitted(seat="G9")
        right = wrong.model_copy(update={"ticket_id": uuid4(), "seat": "G10"})
        told = [wrong, undone(wrong), right]
        log(database, *(told[place] for place in order))

    assert [entry.seat for entry in entries(database)] == ["G10"] * 6


def test_what_followed_a_scan_by_mistake_was_no_rewatch(database: Database) -> None:
    mistake = admitted()
    first, second = (
        mistake.model_copy(update={"reservation_id": uuid4(), "ticket_id": uuid4()}) for _ in "12"
    )
    log(database, mistake, first, second, undone(mistake))

    found = {entry.reservation_id: entry.is_rewatch for entry in entries(database)}

    assert found == {first.reservation_id: False, second.reservation_id: True}


def test_a_seat_let_in_while_another_is_taken_back_is_not_lost(database: Database) -> None:
    """The one must not count the seats inside before the other has written its own."""
    wrong = admitted(seat="G9")
    right = wrong.model_copy(update={"ticket_id": uuid4(), "seat": "G10"})
    log(database, wrong)

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            diary.log_admission(session, right)
            taking_back = other.submit(log, database, undone(wrong))
            wait([taking_back], timeout=0.3)
        taking_back.result()

    assert [entry.seat for entry in entries(database)] == ["G10"]


def test_everybody_sees_their_own_diary_a_page_at_a_time(database: Database) -> None:
    log(database, *(admitted(starts_at=datetime(2026, 7, day, 18, tzinfo=UTC)) for day in range(1, 8)))
    log(database, admitted(owner="person:somebody-else"))
    mint = TokenMint()
    app = trust(create_app(ReviewSettings(**settings_for_tests(database_url=url_of(database)))), mint)
    client, headers = app.test_client(), mint.headers(sub=VIOLA)

    first = client.get("/diary/me?limit=4", headers=headers).json
    assert first is not None
    second = client.get(f"/diary/me?limit=4&before={first['next']}", headers=headers).json
    assert second is not None

    days = [entry["watched_on"][-1] for page in (first, second) for entry in page["entries"]]
    assert days == list("7654321")
    assert second["next"] is None
    app.extensions["marquee.database"].engine.dispose()


def test_older_news_of_a_member_never_overwrites_newer(database: Database) -> None:
    member_id = uuid4()
    for name, hour in (("New", 12), ("Old", 9)):
        with database.transaction() as session:
            copies.keep_member(
                session,
                member_id=member_id,
                username="viola",
                name=name,
                told_at=datetime(2026, 7, 1, hour, tzinfo=UTC),
            )

    with database.transaction() as session:
        member = session.get(Member, member_id)
    assert member is not None
    assert member.name == "New"
