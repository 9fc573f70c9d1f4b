"""Under gevent, which must have patched the process before anything else: so each of these is one of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(900)


def under_gevent(*tests):
    """Runs `tests` in a patched process; answers what is said at its end."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "pytest", "-q", "-p", "no:cacheprovider"]
    plugin = ("-p", "tests.shared.under_gevent")
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*command, *plugin, *tests], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=800
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def test_nobody_waits_for_what_another_asked_of_the_database():
    under_gevent("tests/shared/under_gevent.py")


@pytest.mark.slow
def test_what_holds_of_the_database_under_threads_holds_under_gevent():
    under_gevent("tests/shared/test_database.py")


@pytest.mark.slow
def test_of_those_who_race_for_a_seat_one_wins_under_gevent_too():
    under_gevent("tests/movies/booking/test_races.py", "-m", "not slow")
