"""Backup, restore and check on the one-machine run, as a person calls them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from local.operating import operate
from local.site import PORTS
from local.suite import Suite, scratch_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DATABASES_AND_STRIPE = ("cluster", "postgres", "databases", "migrations", "stripe")


@pytest.fixture
def variables() -> dict[str, str]:
    return {PORTS[name][0]: str(port) for name, port in scratch_ports().items()}


@pytest.fixture
def call(scratch_folder: Path, variables: dict[str, str]) -> Callable[..., int]:
    return lambda what, *options: operate(what, scratch_folder / "state", variables, options)


def test_what_was_backed_up_can_be_brought_back_into_a_machine_that_lost_it(
    scratch_folder: Path, variables: dict[str, str], call: Callable[..., int]
) -> None:
    folder = str(scratch_folder / "backups")
    suite = Suite(scratch_folder / "state", env=variables, only=DATABASES_AND_STRIPE)
    with suite:
        assert call("backup", folder, "--name", "evening") == 0
        assert call("restore", f"{folder}/evening") == 1  # it runs
        assert call("check") == 0
    (scratch_folder / "state" / "valkey" / "appendonly.aof").touch()
    suite.site.postgres.erase()

    assert call("restore", f"{folder}/evening") == 0

    assert not (scratch_folder / "state" / "valkey").exists()
    assert call("restore", f"{folder}/evening") != 0  # not empty any more
    assert call("restore", f"{folder}/evening", "--replace") == 0
    with suite:
        assert call("check") == 0
