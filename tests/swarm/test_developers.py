"""The developers' face of the stack: docker compose without a swarm, code from this folder; typed as it is told."""

import os
import shlex
import subprocess
from collections.abc import Iterator

import pytest
import requests

from tests.stack.told import for_developers
from tests.swarm.town import ROOT, Town, docker, until

PROJECT = "marquee-developers"
MINE = f"label=com.docker.compose.project={PROJECT}"
PORTS = {
    "web": 8081,
    "auth": 5001,
    "movies": 5002,
    "ticket": 5003,
    "payment": 5004,
    "review": 5005,
    "notification": 5006,
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    desk = Town(tmp_path_factory.mktemp("desk"))
    desk.settings["COMPOSE_PROJECT_NAME"] = PROJECT
    desk.settings |= dict.fromkeys(("VERSION", "KEYCLOAK_VERSION", "STAND_INS_VERSION"), "dev")
    try:
        for line in for_developers("docker-compose.override.yml"):
            type_in(line, desk)
        until(lambda: state_of("realm") == state_of("migrate") == "exited", 400, what="what is done once")
        until(lambda: all(map(is_ready, PORTS.values())), 200, what="every service ready")
        yield desk
    finally:
        desk.make("dev-stop")
        for volume in docker("volume", "ls", "-q", "--filter", MINE).split():
            docker("volume", "rm", volume)


def type_in(line: str, desk: Town) -> None:
    """On a fresh clone: nothing is there but what the lines before it made."""
    if line.startswith("docker compose "):
        line = f"{line} --detach"
        if other := os.environ.get("COMPOSE"):
            # What takes Compose's place builds nothing.
            desk.make("images")
            line = line.replace("docker compose", other).replace(" --build", "")
    own = {"COMPOSE_PROJECT_NAME": PROJECT, "SECRETS_DIR": str(desk.secrets)}
    done = subprocess.run(
        shlex.split(line),
        cwd=ROOT,
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert done.returncode == 0, f"{line}:\n{done.stdout[-6000:]}{done.stderr[-6000:]}"


def container(service: str) -> str:
    [found] = docker(
        "ps", "-aq", "--filter", MINE, "--filter", f"label=com.docker.compose.service={service}"
    ).split()
    return found


def state_of(service: str) -> str:
    return docker("inspect", container(service), "--format", "{{.State.Status}}").strip()


def is_ready(port: int) -> bool:
    return requests.get(f"http://localhost:{port}/readyz", timeout=10).ok


def test_people_sign_in_book_and_get_their_mail(desk):
    house = desk.house()
    assert "Viola" in house.sign_in("viola").get(f"{desk.address}/me", timeout=20).text

    reservation = house.guest().book(house.screening(0)["id"], people=2)

    assert house.net(reservation["id"]) == reservation["total_cents"]
    assert until(lambda: house.mail("tickets", reservation["id"]), 60, what="the ticket mail")


def test_every_service_tells_its_interface_at_a_port_of_its_own(desk):
    told = {
        name: requests.get(f"http://localhost:{port}/openapi.json", timeout=10)
        for name, port in PORTS.items()
        if name != "web"
    }

    assert {name for name, answer in told.items() if not answer.ok or not answer.json()["paths"]} == set()


def test_changed_code_is_read_anew(desk):
    def processes() -> set[str]:
        return set(docker("top", container("review"), "-eo", "pid").split())

    before = processes()

    os.utime(ROOT / "services" / "review" / "__init__.py")

    until(lambda: processes() - before, 60, what="a new process of review")
    until(lambda: is_ready(PORTS["review"]), 60, what="a review that serves again")
