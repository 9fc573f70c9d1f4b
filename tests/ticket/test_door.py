"""The door: each ticket lets one in, once, into its own showing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from marquee.contracts.reservation import BookingFacts
from marquee.db import Database
from marquee.ticket_types import WITH_CARD
from services.ticket.domain import door, tickets
from services.ticket.domain.codes import SigningKeys
from services.ticket.domain.door import Verdict
from services.ticket.domain.problems import CannotUndo
from services.ticket.models import Reentry, Ticket
from tests.factories.bookings import booking_facts, seat_facts

Issue = Callable[[BookingFacts], list[Ticket]]


class DoorA:
    """Open so early that the film of the factory, in two hours, lets in."""

    def __init__(self, database: Database, keys: SigningKeys) -> None:
        self.database, self.keys = database, keys

    def code(self, ticket: Ticket) -> str:
        return tickets.code_of(ticket, self.keys, grace_hours=12)

    def scan(
        self,
        code: str,
        screening_id: UUID,
        *,
        scan_id: UUID | None = None,
        name: str = "Door A",
        doors_minutes: int = 150,
        early: bool = False,
        reentry_reason: str | None = None,
    ) -> Verdict:
        with self.database.transaction() as session:
            return door.scan(
                session,
                code,
                screening_id=screening_id,
                scan_id=scan_id or uuid4(),
                door=name,
                by="person:stan",
                keys=self.keys,
                doors_minutes=doors_minutes,
                early=early,
                reentry_reason=reentry_reason,
            )


@pytest.fixture
def door_a(database: Database, keys: SigningKeys) -> DoorA:
    return DoorA(database, keys)


def test_a_good_ticket_is_let_in_once(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9")
    code = door_a.code(issue(facts)[0])

    first, second = (door_a.scan(code, facts.screening_id) for _ in range(2))

    assert (first.result, first.title) == ("admit", "Screen 2 · G9")
    assert (second.result, second.reason, second.admission_id) == ("check", "already_used", None)
    assert second.title.endswith("Door A")


def test_the_same_scan_sent_again_is_the_same_answer(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9")
    code, scan_id = door_a.code(issue(facts)[0]), uuid4()

    first, again = (door_a.scan(code, facts.screening_id, scan_id=scan_id) for _ in range(2))

    assert first.admission_id == again.admission_id
    assert again.result == "admit"


def test_two_doors_in_the_same_moment_let_one_in(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9")
    code = door_a.code(issue(facts)[0])

    with ThreadPoolExecutor(8) as doors:
        verdicts = list(
            doors.map(lambda n: door_a.scan(code, facts.screening_id, name=f"Door {n}"), range(8))
        )

    assert sorted(verdict.result for verdict in verdicts) == ["admit"] + ["check"] * 7
    assert sum(verdict.admission_id is not None for verdict in verdicts) == 1


@pytest.mark.parametrize("ticket_type", [*WITH_CARD, "child"])
def test_a_reduced_ticket_is_let_in_after_a_look(door_a: DoorA, issue: Issue, ticket_type: str) -> None:
    facts = booking_facts(seats=[seat_facts("G9", ticket_type=ticket_type)])

    verdict = door_a.scan(door_a.code(issue(facts)[0]), facts.screening_id)

    assert verdict.result == "check"
    assert verdict.sentence.endswith(door.PROOF[ticket_type])


def test_another_showing_is_named(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9", starts_in=timedelta(days=3), title="Сталкер")

    verdict = door_a.scan(door_a.code(issue(facts)[0]), uuid4())

    assert (verdict.result, verdict.reason, verdict.title) == ("no", "wrong_screening", "Wrong day")
    assert "Сталкер" in verdict.sentence
    assert "Screen 2 at Harbour Street" in verdict.sentence


def test_a_cancelled_ticket_says_why(door_a: DoorA, issue: Issue, database: Database) -> None:
    facts = booking_facts("G9")
    code = door_a.code(issue(facts)[0])
    with database.transaction() as session:
        tickets.void_tickets(session, facts, "cancelled by the buyer")

    verdict = door_a.scan(code, facts.screening_id)

    assert (verdict.result, verdict.reason) == ("no", "void")
    assert "cancelled by the buyer" in verdict.sentence


def test_after_the_end_nobody_is_let_in(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9", starts_in=timedelta(hours=-5))

    assert door_a.scan(door_a.code(issue(facts)[0]), facts.screening_id).reason == "over"


def test_before_the_doors_open_nobody_is_let_in(
    door_a: DoorA, issue: Issue, published: Callable[[], list[tuple[str, dict[str, Any]]]]
) -> None:
    facts = booking_facts("G9", starts_in=timedelta(minutes=32))
    code = door_a.code(issue(facts)[0])

    wait = door_a.scan(code, facts.screening_id, doors_minutes=30)
    in_time = door_a.scan(code, facts.screening_id, doors_minutes=33)

    assert (wait.result, wait.reason, wait.admission_id) == ("check", "too_early", None)
    assert "Doors open at " in wait.sentence
    assert in_time.result == "admit"


def test_a_ticket_of_another_day_is_told_its_day(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9", starts_in=timedelta(days=3))
    starts = facts.starts_at.astimezone(ZoneInfo(facts.timezone))

    verdict = door_a.scan(door_a.code(issue(facts)[0]), facts.screening_id)

    assert verdict.reason == "too_early"
    assert f"is on {starts:%A} {starts.day} {starts:%B}, at {starts:%H:%M}" in verdict.sentence


def test_a_manager_lets_in_early_but_not_with_a_ticket_that_does_not_count(
    door_a: DoorA, issue: Issue, database: Database
) -> None:
    facts, cancelled = (booking_facts("G9", starts_in=timedelta(days=3)) for _ in range(2))
    code, void = (door_a.code(issue(booking)[0]) for booking in (facts, cancelled))
    with database.transaction() as session:
        tickets.void_tickets(session, cancelled, "cancelled by the buyer")

    assert door_a.scan(code, facts.screening_id, early=True).result == "admit"
    assert door_a.scan(void, cancelled.screening_id, early=True).reason == "void"


@pytest.mark.parametrize("code", ["x", "MQAAAA", "ticket 7", "MQ-AAAAAA-G9", "'; DROP TABLE tickets; --"])
def test_what_is_not_ours_is_refused_in_words(door_a: DoorA, code: str) -> None:
    verdict = door_a.scan(code, uuid4())

    assert (verdict.result, verdict.title) == ("no", "Not one of ours")


def test_a_bad_code_does_not_block_the_next(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9")
    good = door_a.code(issue(facts)[0])

    assert door_a.scan("broken", facts.screening_id).result == "no"
    assert door_a.scan(good, facts.screening_id).result == "admit"


def test_the_short_code_can_be_typed(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9", "G10")
    issue(facts)
    reference = tickets.reference_of(facts.reservation_id)

    both = door_a.scan(f"mq-{reference.lower()}", facts.screening_id)
    one = door_a.scan(f" mq-{reference.lower()}-g9 ", facts.screening_id)

    assert both.reason == "seat_needed"
    assert one.result == "admit"


def test_a_ticket_typed_at_the_wrong_door_is_told_its_own(door_a: DoorA, issue: Issue) -> None:
    tonight = booking_facts("G9")
    tuesday = booking_facts("G9", "G10", starts_in=timedelta(days=3), title="Solaris")
    issue(tonight)
    issue(tuesday)
    reference = tickets.reference_of(tuesday.reservation_id)

    verdicts = [door_a.scan(code, tonight.screening_id) for code in (f"MQ-{reference}-G9", f"MQ-{reference}")]

    for verdict in verdicts:
        assert (verdict.result, verdict.reason, verdict.title) == ("no", "wrong_screening", "Wrong day")
        assert "Solaris" in verdict.sentence


def test_a_cancelled_ticket_that_is_typed_says_so_without_asking_for_the_seat(
    door_a: DoorA, issue: Issue, database: Database
) -> None:
    facts = booking_facts("G9", "G10")
    issue(facts)
    with database.transaction() as session:
        tickets.void_tickets(session, facts, "cancelled by the buyer")
    reference = tickets.reference_of(facts.reservation_id)

    for door_of in (facts.screening_id, uuid4()):
        for code in (f"MQ-{reference}-G10", f"MQ-{reference}"):
            assert door_a.scan(code, door_of).reason == "void"


def test_a_booking_offers_its_seats_as_they_stand_in_the_room(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9", "G10")
    reference = tickets.reference_of(facts.reservation_id)
    first, _ = sorted(issue(facts), key=lambda ticket: len(ticket.seat))
    door_a.scan(door_a.code(first), facts.screening_id)

    verdict = door_a.scan(f"MQ-{reference}", facts.screening_id)

    assert (verdict.result, verdict.reason, verdict.admission_id) == ("check", "seat_needed", None)
    assert verdict.choices == (
        door.Choice("G9", f"MQ-{reference}-G9", is_in=True),
        door.Choice("G10", f"MQ-{reference}-G10", is_in=False),
    )


@pytest.mark.parametrize("words", [" g9 ", "Viola@marquee.example "])
def test_who_shows_no_code_is_found_here_but_not_let_in(door_a: DoorA, issue: Issue, words: str) -> None:
    facts, elsewhere = booking_facts("G9"), booking_facts("G9")
    issue(facts)
    issue(elsewhere)

    verdict = door_a.scan(words, facts.screening_id)

    assert (verdict.result, verdict.reason, verdict.admission_id) == ("check", "seat_needed", None)
    assert [choice.reference for choice in verdict.choices] == [
        f"MQ-{tickets.reference_of(facts.reservation_id)}-G9"
    ]


@pytest.mark.parametrize(
    ("words", "title"), [("g12", "Nobody has G12"), ("mia@example.org", "Nobody by that address")]
)
def test_whom_nobody_finds_is_no_forger(door_a: DoorA, issue: Issue, words: str, title: str) -> None:
    facts = booking_facts("G9")
    issue(facts)

    verdict = door_a.scan(words, facts.screening_id)

    assert (verdict.result, verdict.reason, verdict.title) == ("no", "not_found", title)


def test_a_cancelled_seat_is_not_found_by_its_name(door_a: DoorA, issue: Issue, database: Database) -> None:
    facts = booking_facts("G9")
    issue(facts)
    with database.transaction() as session:
        tickets.void_tickets(session, facts, "cancelled by the buyer")

    assert door_a.scan("G9", facts.screening_id).reason == "not_found"


def test_a_seat_in_a_row_named_by_figures_can_be_typed(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("112", "113")
    issue(facts)
    reference = tickets.reference_of(facts.reservation_id)

    assert door_a.scan(f"MQ-{reference}-112", facts.screening_id).result == "admit"
    assert door_a.scan(f"MQ{reference}113", facts.screening_id).result == "admit"


def test_a_scan_can_be_undone_and_the_ticket_used_again(
    door_a: DoorA, issue: Issue, database: Database
) -> None:
    facts = booking_facts("G9")
    code = door_a.code(issue(facts)[0])
    admission_id = door_a.scan(code, facts.screening_id).admission_id
    assert admission_id is not None

    with database.transaction() as session:
        door.undo(session, admission_id, by="person:stan", reason="wrong row", within_minutes=15)

    assert door_a.scan(code, facts.screening_id).result == "admit"


def test_taking_a_scan_back_is_told_once(
    door_a: DoorA,
    issue: Issue,
    database: Database,
    published: Callable[[], list[tuple[str, dict[str, Any]]]],
) -> None:
    facts = booking_facts("G9")
    admission_id = door_a.scan(door_a.code(issue(facts)[0]), facts.screening_id).admission_id
    assert admission_id is not None
    taken_back = {"by": "person:stan", "reason": "wrong row", "within_minutes": 15}

    with database.transaction() as session:
        door.undo(session, admission_id, **taken_back)  # type: ignore[arg-type]
    with pytest.raises(CannotUndo), database.transaction() as session:
        door.undo(session, admission_id, **taken_back)  # type: ignore[arg-type]

    (_, scan), (key, told) = published()[1:]
    assert key == "ticket.admission_undone"
    assert told == {name: scan[name] for name in ("ticket_id", "reservation_id", "owner", "admitted_at")}


def test_undo_ends_after_a_quarter_of_an_hour(door_a: DoorA, issue: Issue, database: Database) -> None:
    facts = booking_facts("G9")
    admission_id = door_a.scan(door_a.code(issue(facts)[0]), facts.screening_id).admission_id
    assert admission_id is not None
    with database.transaction() as session:
        session.execute(text("UPDATE admissions SET admitted_at = now() - interval '16 minutes'"))

    with pytest.raises(CannotUndo), database.transaction() as session:
        door.undo(session, admission_id, by="person:stan", reason="too late", within_minutes=15)


def test_an_admission_is_told_once_for_the_diary(
    door_a: DoorA, issue: Issue, published: Callable[[], list[tuple[str, dict[str, Any]]]]
) -> None:
    facts = booking_facts("G9")
    code = door_a.code(issue(facts)[0])
    for _ in range(3):
        door_a.scan(code, facts.screening_id)

    assert [key for key, _ in published()] == ["ticket.issued", "ticket.admitted"]


def test_the_count_knows_who_is_in(door_a: DoorA, issue: Issue, database: Database) -> None:
    facts = booking_facts("G9", "G10", "G11")
    found = issue(facts)
    door_a.scan(door_a.code(found[0]), facts.screening_id)

    with database.transaction() as session:
        assert door.count(session, facts.screening_id) == door.Count(expected=3, inside=1)


# --- stepped out, and back --------------------------------------------------------------------------------


def test_who_stepped_out_is_let_back_in_once_per_scan_and_counted_once(
    door_a: DoorA,
    issue: Issue,
    database: Database,
    published: Callable[[], list[tuple[str, dict[str, Any]]]],
) -> None:
    facts = booking_facts("G9", "G10")
    code, scan_id = door_a.code(issue(facts)[0]), uuid4()
    door_a.scan(code, facts.screening_id)
    before = published()

    back, again = (
        door_a.scan(code, facts.screening_id, scan_id=scan_id, name="Door B", reentry_reason="Stepped out")
        for _ in range(2)
    )

    for verdict in (back, again):
        assert (verdict.result, verdict.reason, verdict.admission_id) == ("admit", "back_in", None)
    with database.transaction() as session:
        (noted,) = session.scalars(select(Reentry))
        assert (noted.let_in_by, noted.door, noted.reason) == ("person:stan", "Door B", "Stepped out")
        assert door.count(session, facts.screening_id) == door.Count(expected=2, inside=1)
    assert published() == before


def test_whoever_comes_after_a_reentry_is_told_of_it(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9")
    code = door_a.code(issue(facts)[0])
    door_a.scan(code, facts.screening_id)
    door_a.scan(code, facts.screening_id, reentry_reason="Stepped out")

    third = door_a.scan(code, facts.screening_id)

    assert third.reason == "already_used"
    assert "and back in just now" in third.sentence


def test_a_reentry_with_a_ticket_that_nobody_used_is_the_first_entry(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9")
    code = door_a.code(issue(facts)[0])

    assert door_a.scan(code, facts.screening_id, reentry_reason="Stepped out").reason == "ok"
    assert (
        door_a.scan(code, facts.screening_id, doors_minutes=1, reentry_reason="Stepped out").reason
        == "back_in"
    )


def test_a_reentry_does_not_open_the_door_early(door_a: DoorA, issue: Issue) -> None:
    facts = booking_facts("G9")
    code = door_a.code(issue(facts)[0])

    verdict = door_a.scan(code, facts.screening_id, doors_minutes=30, reentry_reason="Stepped out")

    assert verdict.reason == "too_early"


# --- whom this door let in last ---------------------------------------------------------------------------


def test_the_last_one_let_in_at_a_door_is_known_while_it_can_be_undone(
    door_a: DoorA, issue: Issue, database: Database
) -> None:
    facts = booking_facts("G9", "G10")
    first, second = (
        door_a.scan(door_a.code(ticket), facts.screening_id).admission_id for ticket in issue(facts)
    )

    def last(name: str = "Door A") -> UUID | None:
        with database.transaction() as session:
            found = door.last_admission(
                session, facts.screening_id, by="person:stan", door=name, within_minutes=15
            )
            return found and found.id

    assert (last(), last("Door B")) == (second, None)
    with database.transaction() as session:
        assert second is not None
        door.undo(session, second, by="person:stan", reason="wrong row", within_minutes=15)
    assert last() == first
    with database.transaction() as session:
        session.execute(text("UPDATE admissions SET admitted_at = now() - interval '16 minutes'"))
    assert last() is None
