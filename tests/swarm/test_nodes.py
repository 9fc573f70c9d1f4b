"""Three nodes, one of which keeps the data. Another is lost while people book; then the data's own goes and returns."""

import os
import shlex
import subprocess
import time

import pytest

from tests.swarm.test_stack import LOOKING, OURS
from tests.swarm.town import Booking, Load, docker, until

pytestmark = pytest.mark.swarm_long

# `kill 2`, `start 2`, `cut 2`, `heal 2`: power and network of node2.
NODE = shlex.split(os.environ.get("MARQUEE_TEST_NODE", ""))
LOST = "node2"
WITH_DATA = ("postgres", "postgres-keycloak", "redis", "rabbitmq", "keycloak")


def do_to_node(verb: str) -> None:
    assert NODE, "MARQUEE_TEST_NODE has to name a command that can kill, start, cut and heal node 2"
    subprocess.run([*NODE, verb, LOST.removeprefix("node")], check=True, timeout=300)


def has_moved_away(town) -> bool:
    """Nothing is meant to run on the lost node any more, and every service is complete elsewhere."""
    there = docker("node", "ps", LOST, "--filter", "desired-state=running", "--format", "{{.Name}}").split()
    return all("gateway" in task for task in there) and town.is_well(but="gateway")


def test_the_data_stays_on_one_node_and_the_rest_spreads(town):
    [home] = town.nodes_of("postgres")

    assert {node for service in WITH_DATA for node in town.nodes_of(service)} == {home}
    assert len(town.nodes_of("gateway")) == 3
    assert {len(town.nodes_of(service)) for service in ("web", "movies")} == {3}
    # Whoever has two of a kind survives one node.
    assert [s for s in OURS if town.services()[s] == "2/2" and len(town.nodes_of(s)) < 2] == []


@pytest.mark.parametrize(("loss", "remedy"), [("kill", "start"), ("cut", "heal")])
def test_a_node_without_data_is_lost_while_people_book(town, house, loss, remedy):
    with Load(town, LOOKING) as load, Booking(house) as bookings:
        time.sleep(5)
        do_to_node(loss)
        began = time.monotonic()
        try:
            until(lambda: has_moved_away(town), 180, what="all replicas elsewhere")
            took = time.monotonic() - began
            time.sleep(5)
        finally:
            do_to_node(remedy)
    bookings.settle()
    until(town.is_well, 120, what="the node again, with a gateway")

    town.say(f"{loss}: all replicas back after {took:.0f} s", f"{load}; {bookings}")
    assert took <= 60
    # What was on its way to the lost node is lost, no more.
    assert len(load.failed) <= 10
    assert len(bookings.failed) <= 3


def test_the_data_is_all_there_when_its_node_returns(town, house):
    guest = house.guest()
    before = guest.book(house.screening(3)["id"], people=1)
    [home] = town.nodes_of("postgres")

    docker("node", "update", "--availability", "drain", home)
    until(lambda: not town.nodes_of("postgres"), 120, what="an empty node")
    docker("node", "update", "--availability", "active", home)
    began = time.monotonic()
    until(town.is_well, 300, what="everything again")

    town.say("the data's node returned", f"well after {time.monotonic() - began:.0f} s")
    assert guest.state(before["id"]) == "ticketed"
    after = until(
        lambda: house.guest().book(house.screening(4)["id"], people=1), 120, what="the next booking"
    )
    assert after["id"] != before["id"]
