import pytest

from local.suite import Suite
from tests.journeys.house import House


@pytest.fixture(scope="session")
def house(suite: Suite) -> House:
    return House(suite)
