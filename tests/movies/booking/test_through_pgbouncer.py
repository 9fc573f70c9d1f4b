"""Booking with connections that pgbouncer lends by the transaction: no session is there to keep anything in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pgbouncer import PROGRAM

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not Path(PROGRAM).exists(), reason="no pgbouncer: apt-get install pgbouncer")
def test_all_tests_of_booking_hold_through_pgbouncer():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "not slow",
            "-p",
            "no:cacheprovider",
            "tests/movies/booking",
        ],
        cwd=ROOT,
        env={**os.environ, "MARQUEE_TEST_PGBOUNCER": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-5000:]


def test_what_is_asked_goes_through_pgbouncer_when_it_should(database, lent_by_pgbouncer):
    url = "postgresql://me@127.0.0.1:1/movies"
    through = "MARQUEE_TEST_PGBOUNCER" in os.environ

    assert (lent_by_pgbouncer(url) != url) is through
    assert (
        database.engine.url.port == int(lent_by_pgbouncer(url).rpartition(":")[2].split("/")[0])
    ) is through
