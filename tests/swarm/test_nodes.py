"""Three nodes, one of which keeps the data. Another is lost while people book; then the one with the data itself."""

import os
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.swarm.test_stack import LOOKING, OURS
from tests.swarm.town import STACK, Booking, Load, docker, until

# `kill 2`, `start 2`, `cut 2`, `heal 2`: power and network of node2.
NODE = shlex.split(os.environ.get("MARQUEE_TEST_NODE", ""))
pytestmark = [
    pytest.mark.swarm_long,
    pytest.mark.skipif(not NODE, reason="no node to hurt: MARQUEE_TEST_NODE names what does"),
]
LOST = "node2"
LOST_HAS = {"web", "movies", "gateway"}
WITH_DATA = ("postgres", "postgres-keycloak", "redis", "rabbitmq", "keycloak")


def do_to_node(verb: str) -> None:
    subprocess.run([*NODE, verb, LOST.removeprefix("node")], check=True, timeout=300)


def give_it_work(town) -> None:
    """What went elsewhere when the node was lost stays there until it is replaced."""
    if not town.services_on(LOST) >= LOST_HAS:
        for service in OURS:
            docker("service", "update", "--force", "--detach", f"{STACK}_{service}")
        until(lambda: all(map(is_updated, OURS)) and town.is_well(), 400, what="everything replaced")
    assert town.services_on(LOST) >= LOST_HAS


def is_updated(service: str) -> bool:
    state = docker("service", "inspect", f"{STACK}_{service}", "--format", "{{.UpdateStatus.State}}")
    return state.strip() == "completed"


def has_moved_away(town) -> bool:
    """Nothing is meant to run on the lost node any more, and every service is complete elsewhere."""
    there = town.services_on(LOST)
    missing = {name: count for name, count in town.services().items() if len(set(count.split("/"))) > 1}
    assert there <= {"gateway"}, there
    assert set(missing) <= {"gateway"}, missing
    return True


def test_the_data_stays_on_one_node_and_the_rest_spreads(town):
    # As a first deployment puts them: what was replaced one by one since is spread less evenly.
    town.make("stop")
    town.make("deploy")
    [home] = town.nodes_of("postgres")

    assert {node for service in WITH_DATA for node in town.nodes_of(service)} == {home}
    assert len(town.nodes_of("gateway")) == 3
    assert {len(town.nodes_of(service)) for service in ("web", "movies")} == {3}
    # Whoever has two of a kind survives one node.
    assert [s for s in OURS if town.services()[s] == "2/2" and len(town.nodes_of(s)) < 2] == []


@pytest.mark.parametrize(("loss", "remedy"), [("kill", "start"), ("cut", "heal")])
def test_a_node_without_data_is_lost_while_people_book(town, house, loss, remedy):
    give_it_work(town)
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


def test_the_data_is_all_there_when_its_node_returns_from_maintenance(town, house):
    guest = house.guest()
    before = guest.book(house.screening(3)["id"], people=1)
    [home] = town.nodes_of("postgres")

    docker("node", "update", "--availability", "drain", home)
    until(lambda: town.services()["postgres"] == "0/1", 120, what="an empty node")
    docker("node", "update", "--availability", "active", home)
    began = time.monotonic()
    until(town.is_well, 300, what="everything again")

    town.say("the data's node returned", f"well after {time.monotonic() - began:.0f} s")
    assert guest.state(before["id"]) == "ticketed"
    book_soon(house, 4)


def test_the_data_moves_to_another_node_from_a_backup_that_lay_elsewhere(town, house, elsewhere):
    guest = house.guest()
    kept = guest.book(house.screening(5)["id"], people=1)
    tickets = guest.tickets(kept["id"])
    [home] = town.nodes_of("postgres")
    town.make("deploy")
    town.make("backup")
    [name] = [folder.name for folder in elsewhere.iterdir()]

    town.make("stop")
    docker("node", "update", "--label-rm", "data", home)
    docker("node", "update", "--label-add", "data=true", LOST)
    began = time.monotonic()
    town.make("deploy")
    town.make("restore", FROM=name, REPLACE="1")

    town.say("the data's node was lost for good", f"open elsewhere after {time.monotonic() - began:.0f} s")
    assert {node for service in WITH_DATA for node in town.nodes_of(service)} == {LOST}
    assert guest.tickets(kept["id"]) == tickets
    book_soon(house, 6)


def test_the_data_is_all_there_when_its_node_lost_power(town, house):
    """Where the drill before has put it: on the node whose power these drills can cut."""
    assert town.nodes_of("postgres") == {LOST}
    with Booking(house) as bookings:
        until(lambda: len(bookings.paid) >= 5, 120, what="bookings")
        do_to_node("kill")
    until(lambda: town.services()["postgres"] == "0/1", 120, what="a loss that Swarm noticed")
    do_to_node("start")
    began = time.monotonic()
    until(town.is_well, 300, what="everything again")

    town.say("the data's node has power again", f"well after {time.monotonic() - began:.0f} s; {bookings}")
    bookings.settle()
    book_soon(house, 7)


def book_soon(house, evening):
    until(lambda: house.guest().book(house.screening(evening)["id"], people=1), 120, what="the next booking")


@pytest.fixture
def elsewhere(town):
    """A folder that every node sees, and their containers may write to."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o777)
        town.settings["BACKUPS"] = folder
        yield Path(folder)
        del town.settings["BACKUPS"]
