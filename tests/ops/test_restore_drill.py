"""The worst day: a backup made while people book, then everything lost, then brought back.

What happened at Stripe after the backup is real: money came, money went back, pages stand open. Afterwards each cent
has a place again.
"""

import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from local.operating import operate, run_ops
from local.suite import Suite, scratch_ports
from tests.faults.invariants import violations
from tests.faults.persistence import book
from tests.journeys.house import QUICK, VISA, Buyer, House, until

# Nothing may run out while a slow machine makes its backup.
VARIABLES = {**QUICK, "PAY_TTL_SECONDS": "1200", "HOLD_TTL_SECONDS": "1200"}
pytestmark = [pytest.mark.slow, pytest.mark.journey, pytest.mark.timeout(1500)]


class Evening:
    """People who book one after the other until it is over; `ticketed` are those who have their tickets."""

    def __init__(self, house: House) -> None:
        self.house, self.over = house, threading.Event()
        self.ticketed: list[tuple[Buyer, Any]] = []
        self._threads = [threading.Thread(target=self._book, args=(number,)) for number in range(3)]

    def __enter__(self) -> "Evening":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, bookings: int) -> None:
        until(lambda: len(self.ticketed) >= bookings, 300, what=f"{bookings} bookings")

    def _book(self, number: int) -> None:
        while not self.over.is_set():
            # Who finds the house too slow tries again; that all is well is asked at the end.
            with suppress(AssertionError):
                self.ticketed.append(book(self.house, number))


def lose_everything(suite: Suite) -> None:
    """All that Marquee itself keeps. Stripe, people's mailboxes and the secrets are elsewhere."""
    suite.stop()
    suite.site.postgres.erase()
    shutil.rmtree(suite.site.state.path / "valkey")


def holds_again(check: Callable[[], dict[str, Any]], seconds: float) -> None:
    wrong: dict[str, Any] = {}

    def none_left() -> bool:
        nonlocal wrong
        wrong = check()
        return not wrong

    try:
        until(none_left, seconds)
    except AssertionError:
        raise AssertionError(f"after {seconds:g} s: {wrong}") from None


def test_a_backup_made_while_people_book_brings_everything_back(scratch_folder: Path) -> None:
    state, ports = scratch_folder / "state", scratch_ports()
    backups = scratch_folder / "backups"
    variables = {name: str(port) for name, port in _as_variables(ports).items()}
    suite = Suite(state, ports, VARIABLES)
    suite.start()
    try:
        house = House(suite)
        owner, kept = book(house, 5)
        before, to_cancel = book(house, 6)
        paying = before.reserve_seats(house.screening(7)["id"])
        secret = before.payment(paying["id"])["client_secret"]

        with Evening(house) as evening:
            evening.wait_for(5)
            assert (
                operate("backup", state, {**VARIABLES, **variables}, [str(backups), "--name", "evening"]) == 0
            )
            known = len(evening.ticketed)
            before.at["movies"].post(f"/reservations/{to_cancel['id']}/cancel")
            assert house.pay(secret, VISA) == "succeeded"
            evening.wait_for(known + 5)
        unpaid = house.guest()
        open_page = unpaid.reserve_seats(house.screening(8)["id"])
        unpaid.payment(open_page["id"])
        before.becomes(to_cancel["id"], "refunded", seconds=60)
        before.becomes(paying["id"], "ticketed", seconds=60)
        tickets = owner.tickets(kept["id"])
        lost_from = time.perf_counter()

        lose_everything(suite)
        assert operate("restore", state, {**VARIABLES, **variables}, [str(backups / "evening")]) == 0
        suite.start()
        holds_again(lambda: violations(house), 120)

        sys.stdout.write(f"lost to whole again: {time.perf_counter() - lost_from:.1f} s\n")
        assert run_ops(suite.site, "check", "--quiet", "15", "--wait", "30") == 0
        # What the backup knew is as it was, and what happened to it since is caught up with.
        assert owner.state(kept["id"]) == before.state(paying["id"]) == "ticketed"
        assert owner.tickets(kept["id"]) == tickets
        assert before.state(to_cancel["id"]) == "refunded"
        # Whoever booked after it has the money back, and nobody can pay for what is no more.
        buyer, lost = evening.ticketed[-1]
        assert buyer.at["movies"].ask("GET", f"/reservations/{lost['id']}").status_code == 404
        assert house.net(lost["id"]) == 0
        assert [one["status"] for one in house.ledger(open_page["id"])] == ["canceled"]
        # And the house is open.
        book(house, 9)
    finally:
        suite.stop()


def _as_variables(ports: dict[str, int]) -> dict[str, int]:
    from local.topology import PORTS

    return {PORTS[name][0]: port for name, port in ports.items()}
