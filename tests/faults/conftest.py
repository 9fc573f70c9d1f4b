from pathlib import Path

import pytest

from local.suite import Suite
from tests.faults.invariants import violations
from tests.journeys.house import House, until


class Faults:
    """Arms the crash points of the running programs (see injected/)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def arm(self, point: str, when: str) -> None:
        (self._folder / f"{point}.{when}").touch()

    def struck(self, point: str, when: str) -> bool:
        return not (self._folder / f"{point}.{when}").exists()

    def disarm(self) -> None:
        for armed in self._folder.iterdir():
            armed.unlink()


@pytest.fixture
def faults(suite: Suite):
    found = Faults(Path(suite.site.given["MARQUEE_FAULT_DIR"]))
    yield found
    found.disarm()


@pytest.fixture(scope="session")
def house(suite: Suite) -> House:
    return House(suite)


@pytest.fixture
def sound(house: House):
    """Called when the hurt is over: within a minute, on a loaded machine, every invariant holds again."""

    def check(seconds: float = 60) -> None:
        wrong = violations(house)

        def none_left() -> bool:
            nonlocal wrong
            wrong = violations(house)
            return not wrong

        try:
            until(none_left, seconds)
        except AssertionError:
            raise AssertionError(f"after {seconds:g} s: {wrong}") from None

    return check
