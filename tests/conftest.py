"""Real servers for every test that asks for one, started once per session on free ports."""

import ast
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from local.ports import free_port
from local.servers import Postgres, Valkey
from local.suite import Suite, scratch_ports
from tests.conventions.transactions import Watch, watched
from tests.journeys.house import QUICK
from tests.pgbouncer import PgBouncer

PASSWORD = "scratch"
CRASH_POINTS = Path(__file__).parent / "faults" / "injected"
# A loaded machine shows late what it shows; what never comes fails all the same.
BROWSER_PATIENCE_MS = 30_000


def _parse_one_at_a_time() -> None:
    """Python 3.11 counts in one place for all threads how deep it is in a syntax tree (python/cpython#106905).

    Whoever makes an app hears of a "recursion depth mismatch" when another thread writes a traceback at that moment.
    """
    turn, parse = threading.RLock(), ast.parse

    def parse_in_turn(*given: Any, **more: Any) -> Any:
        with turn:
            return parse(*given, **more)

    ast.parse = parse_in_turn


_parse_one_at_a_time()


@pytest.fixture(scope="session")
def transactions() -> Iterator[Watch]:
    with watched() as watch:
        yield watch


@pytest.fixture(autouse=True)
def _no_call_inside_a_transaction(transactions: Watch) -> Iterator[None]:
    """Over the network, by the code under test, in whatever test."""
    transactions.look_at_what_is_handed_in()
    yield
    found, transactions.violations = transactions.violations, []
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def _patience_with_browsers() -> None:
    """Where a module asked for Playwright it is loaded by now; the others need not pay for it."""
    if playwright := sys.modules.get("playwright.sync_api"):
        playwright.expect.set_options(timeout=BROWSER_PATIENCE_MS)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A scratch PostgreSQL: quick, and it forgets everything with the session."""
    with _scratch_folder() as folder:
        server = Postgres(folder, free_port(), durable=False)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def create_database(postgres: Postgres) -> Callable[[str], str]:
    """`create_database("movies")` answers the URL of a new empty database with its own role."""
    numbers = count(1)
    return lambda name: postgres.ensure_database(f"{name}_{next(numbers)}", PASSWORD)


@pytest.fixture(scope="session")
def lent_by_pgbouncer(postgres: Postgres) -> Iterator[Callable[[str], str]]:
    """A database's URL through pgbouncer when MARQUEE_TEST_PGBOUNCER is set, else as it is."""
    if not os.environ.get("MARQUEE_TEST_PGBOUNCER"):
        yield str
        return
    with _scratch_folder() as folder:
        pooler = PgBouncer(folder, postgres)
        pooler.start()
        yield pooler.instead_of
        pooler.stop()


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    with _scratch_folder() as folder:
        server = Valkey(folder, free_port())
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def valkey_url(valkey: Valkey) -> str:
    """One server for all tests: flush it first, or keep to keys of your own."""
    return valkey.url()


@pytest.fixture(scope="session")
def suite() -> Iterator[Suite]:
    """All of Marquee on scratch ports, with short times; a test that hurts it heals it again."""
    with _scratch_folder() as folder:
        faults = folder / "faults"
        faults.mkdir()
        env = {**QUICK, "MARQUEE_FAULT_DIR": str(faults)}
        with Suite(folder / "state", scratch_ports(), env, import_first=CRASH_POINTS) as running:
            yield running


@pytest.fixture
def scratch_folder() -> Iterator[Path]:
    """A folder for servers of a test's own; `tmp_path` is closed to the account PostgreSQL runs as."""
    with _scratch_folder() as folder:
        yield folder


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A folder that PostgreSQL can reach although root starts it as `nobody` (pytest's own are 0700)."""
    folder = Path(tempfile.mkdtemp(prefix="marquee-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
