"""Marquee deployed to a real swarm by the operator's own commands, and ways to use it, load it and hurt it."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from local.topology import SERVICES
from tests.journeys.house import Buyer, House

ROOT = Path(__file__).resolve().parents[2]
STACK = "marquee"
Found = TypeVar("Found")


def until(look: Callable[[], Found], seconds: float = 60, *, what: str = "") -> Found:
    """The first true answer of `look`; whatever it raises meanwhile counts as not yet."""
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except (requests.RequestException, AssertionError, KeyError, ValueError) as error:
            last = error
        time.sleep(0.5)
    raise AssertionError(f"{what or look} did not come true in {seconds:g} s: {last!r}")


_STUMBLED = "unable to remount dir as readonly"


class Town:
    """`make` with the settings of these tests; the address of the gateway; Docker underneath."""

    def __init__(self, folder: Path, address: str = "http://localhost:8081") -> None:
        self.address, self.secrets, self.seen = address, folder / "secrets", list[str]()
        self.settings = {
            "STAND_INS": "1",
            # A bank does not burn down with the cinema: its ledger stays where it is when the data moves.
            "STAND_INS_ON": "bank",
            "SECRETS_DIR": str(self.secrets),
            # All load comes from one address here.
            "GATEWAY_REQUESTS_PER_SECOND": "1000",
            "VERSION": self.make_version(),
        }

    def make(self, *words: str, check: bool = True, **settings: str) -> "subprocess.CompletedProcess[str]":
        command = [
            "make",
            *words,
            *(f"{name}={value}" for name, value in {**self.settings, **settings}.items()),
        ]
        for _ in range(2):
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200
            )
            # Sometimes a busy Docker fails to mount a container's secrets, and Swarm takes the update back for it.
            if not check or _STUMBLED not in done.stdout + done.stderr or done.returncode == 0:
                break
        assert not check or done.returncode == 0, (
            f"make {' '.join(words)}:\n{done.stdout[-6000:]}{done.stderr[-6000:]}"
        )
        return done

    @staticmethod
    def make_version() -> str:
        head = subprocess.run(
            ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return head.stdout.strip()

    # --- what is there -------------------------------------------------------------------------------------

    def services(self) -> dict[str, str]:
        """Name -> "3/3", of those that stay up: how many run on nodes that are there, of how many."""
        mine = f"label=com.docker.stack.namespace={STACK}"
        listed = docker("service", "ls", "--filter", mine, "--format", "{{.Name}} {{.Replicas}}")
        # Swarm itself goes on counting what ran on a node that is gone.
        running = Counter(self._running())
        found = {
            name.removeprefix(f"{STACK}_"): f"{running[name]}/{count.rpartition('/')[2]}"
            for name, count in map(str.split, listed.splitlines())
        }
        return {name: count for name, count in found.items() if name not in {"migrate", "realm", "ops"}}

    def _running(self) -> list[str]:
        nodes = docker("node", "ls", "--format", "{{.Hostname}} {{.Status}}").splitlines()
        there = [name for name, status in map(str.split, nodes) if status == "Ready"]
        mine = ("node", "ps", *there, "--filter", "desired-state=running")
        # Asked for several nodes at once, Docker tells a task more than once.
        tasks = set(docker(*mine, "--format", "{{.ID}} {{.Name}} {{.CurrentState}}").splitlines())
        return [line.split()[1].partition(".")[0] for line in tasks if line.split()[2] == "Running"]

    def is_well(self) -> bool:
        counts = [count.split("/") for count in self.services().values()]
        return bool(counts) and all(running == wanted != "0" for running, wanted in counts)

    def has_replaced(self, service: str, victim: str) -> bool:
        """Another one runs; that Swarm still counts the victim in its first second is not enough."""
        there = self.containers(service)
        return bool(there) and victim not in there and self.is_well()

    def nodes_of(self, service: str) -> set[str]:
        mine = ("service", "ps", f"{STACK}_{service}", "--filter", "desired-state=running")
        tasks = docker(*mine, "--format", "{{.Node}} {{.CurrentState}}")
        return {line.split()[0] for line in tasks.splitlines() if line.split()[1] == "Running"}

    def services_on(self, node: str) -> set[str]:
        """What is meant to run there."""
        tasks = docker("node", "ps", node, "--filter", "desired-state=running", "--format", "{{.Name}}")
        return {task.removeprefix(f"{STACK}_").partition(".")[0] for task in tasks.split()}

    def containers(self, service: str) -> list[str]:
        """Of this node, running."""
        return docker(
            "ps", "-q", "--filter", f"label=com.docker.swarm.service.name={STACK}_{service}"
        ).split()

    def image(self, service: str) -> str:
        return docker(
            "service",
            "inspect",
            f"{STACK}_{service}",
            "--format",
            "{{.Spec.TaskTemplate.ContainerSpec.Image}}",
        ).strip()

    def run_in(self, service: str, *command: str) -> str:
        return docker("exec", self.containers(service)[0], *command)

    def sql(self, database: str, query: str) -> str:
        return self.run_in(
            "postgres", "psql", "-h", "/var/run/postgresql", "-U", "postgres", "-d", database, "-Atc", query
        )

    def wait_well(self) -> None:
        until(self.is_well, 300, what="a town in which nothing is missing")

    def say(self, what: str, how: str) -> None:
        """For whoever reads the log of the run: what was seen, in figures."""
        self.seen.append(f"{what}: {how}")
        print(f"\n  {what}: {how}", file=sys.__stdout__, flush=True)

    # --- what happens to it --------------------------------------------------------------------------------

    def kill(self, service: str) -> str:
        victim = self.containers(service)[0]
        docker("kill", victim)
        return victim

    def retag(self, version: str) -> None:
        """The same images under the name of another version."""
        for name in (*SERVICES, "jobs"):
            docker("tag", f"marquee/{name}:{self.settings['VERSION']}", f"marquee/{name}:{version}")

    def place_the_data(self) -> None:
        """Here, on the node whose containers these tests can see; of several an operator has to say which."""
        here = docker("info", "--format", "{{.Swarm.NodeID}}").strip()
        for node in docker("node", "ls", "-q").split():
            if docker("node", "inspect", node, "--format", "{{.Spec.Labels.data}}").strip() == "true":
                docker("node", "update", "--label-rm", "data", node)
        docker("node", "update", "--label-add", "data=true", "--label-add", "bank=true", here)

    def forget(self) -> None:
        """The data too."""
        mine = f"label=com.docker.stack.namespace={STACK}"
        for volume in docker("volume", "ls", "-q", "--filter", mine).split():
            docker("volume", "rm", volume)

    # --- who uses it ---------------------------------------------------------------------------------------

    def house(self) -> House:
        """The people of the journeys, who know addresses and the bank's public key only."""
        keys = SimpleNamespace(get=lambda name: (self.secrets / name.replace("-", "_")).read_text())
        return House(SimpleNamespace(url=self.url, site=SimpleNamespace(keyring=keys)))

    def url(self, name: str) -> str:
        host = f"http://{urlsplit(self.address).hostname}"
        match name:
            case "web" | "auth":
                return self.address
            case "stripe":
                return f"{host}:12111"
            case "mailbox":
                return f"{host}:8025"
        return f"{self.address}/api/{name}"


class Failures(list[str]):
    """What went wrong for those who used the town: when, what, how."""

    def note(self, what: str, how: str) -> None:
        self.append(f"{datetime.now(UTC):%H:%M:%S.%f} {what}: {how[:200]}")

    def __str__(self) -> str:
        return "".join(f"\n    {line}" for line in self[:60]) + (
            f"\n    … {len(self)}" if len(self) > 60 else ""
        )


class Load:
    """People looking around all the time, a new connection each; what failed, and the longest silence."""

    def __init__(self, town: Town, paths: list[str], *, people: int = 3, pause: float = 0.1) -> None:
        self.town, self.paths, self.pause = town, paths, pause
        self.ok, self.failed, self.gap, self._last = 0, Failures(), 0.0, time.monotonic()
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._look, args=(n,), daemon=True) for n in range(people)]

    def __enter__(self) -> "Load":
        self._last = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(40)
        if failure:
            self.town.say("until it failed", str(self))

    def _look(self, number: int) -> None:
        while not self._stop.is_set():
            path = self.paths[number % len(self.paths)]
            number += 1
            try:
                answer = requests.get(self.town.address + path, timeout=20)
                self._note(path, "" if answer.ok else f"{answer.status_code} {answer.text}")
            except requests.RequestException as error:
                self._note(path, repr(error))
            self._stop.wait(self.pause)

    def _note(self, path: str, failure: str) -> None:
        with self._lock:
            if failure:
                self.failed.note(path, failure)
                return
            self.ok += 1
            self.gap, self._last = max(self.gap, time.monotonic() - self._last), time.monotonic()

    def __str__(self) -> str:
        return f"{self.ok} answered, longest silence {self.gap:.1f} s, {len(self.failed)} failed{self.failed}"


class Booking:
    """Guests who book and pay one after the other, and what became of each."""

    def __init__(self, house: House, *, patience: float = 20) -> None:
        self.house, self.paid, self.failed = house, list[tuple[Buyer, str]](), Failures()
        self._patience = patience
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> "Booking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(120)

    def _go_on(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                guest = self.house.guest()
                # Over several days: one would be sold out before the longest drill is over.
                evening = self.house.screening(number, day=1 + number % 6)
                reservation = guest.reserve_seats(evening["id"], people=1)
                secret = guest.payment(reservation["id"], seconds=self._patience)["client_secret"]
                assert self.house.pay(secret) == "succeeded"
                self.paid.append((guest, reservation["id"]))
            except (requests.RequestException, AssertionError, KeyError, TypeError) as error:
                self.failed.note(f"booking {number}", repr(error))
            self._stop.wait(0.3)

    def __str__(self) -> str:
        return f"{len(self.paid)} booked, {len(self.failed)} failed{self.failed}"

    def settle(self, seconds: float = 120) -> None:
        """Whoever paid gets tickets."""
        for guest, reservation_id in self.paid:
            until(
                lambda g=guest, r=reservation_id: g.state(r) == "ticketed",
                seconds,
                what=f"tickets of {reservation_id}",
            )


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments[:4])}: {done.stderr}"
    return done.stdout


def inspect(*arguments: str) -> Any:
    return json.loads(docker("inspect", *arguments))


def form_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page[:500]
    return found[1]


def is_swarm() -> bool:
    return os.environ.get("MARQUEE_TEST_SWARM") == "1"
