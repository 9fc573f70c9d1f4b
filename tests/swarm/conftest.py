import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.house import House
from tests.swarm.town import Town, is_swarm


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder breaks a swarm on purpose, and takes its time for it."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            if not item.get_closest_marker("swarm_long"):
                item.add_marker(pytest.mark.swarm)
            item.add_marker(pytest.mark.timeout(1500))
            if not is_swarm():
                item.add_marker(pytest.mark.skip(reason="no swarm to break: MARQUEE_TEST_SWARM=1"))


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Built, deployed and well. What an operator types, no more."""
    town = Town(tmp_path_factory.mktemp("town"))
    town.make("stop", check=False)
    town.forget()
    town.place_the_data()
    town.make("images")
    began = time.monotonic()
    town.make("deploy")
    town.say("first deployment", f"well after {time.monotonic() - began:.0f} s")
    yield town
    town.make("stop", check=False)
    town.forget()


@pytest.fixture(scope="session")
def house(town: Town) -> House:
    return town.house()


@pytest.fixture(autouse=True)
def all_well(request: pytest.FixtureRequest) -> None:
    """Each test begins with a town in which nothing is missing."""
    if is_swarm() and "town" in request.fixturenames:
        request.getfixturevalue("town").wait_well()
