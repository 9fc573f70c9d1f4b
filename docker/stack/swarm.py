"""What Docker knows about our stack, asked through its command line (so that any `docker` will do)."""

import json
import os
import shlex
import subprocess
from dataclasses import dataclass, field

STACK = os.environ.get("STACK") or "marquee"
DOCKER = shlex.split(os.environ.get("DOCKER") or "docker")
# What a task comes to in the end: there is no container any more.
ENDED = frozenset({"complete", "failed", "rejected", "shutdown", "orphaned", "remove"})
# It has a container, or will have one in a moment.
_ALIVE = frozenset({"assigned", "accepted", "preparing", "ready", "starting", "running"})


class Failed(Exception):
    """Ends the command; the message tells what to do."""


@dataclass(frozen=True)
class Service:
    """One service as the Swarm has it now, with its newest tasks."""

    id: str
    name: str
    image: str
    env: tuple[str, ...]
    wanted: int
    running: int
    # With those that are told to stop and have not yet; without those on lost nodes, which Swarm still counts for long.
    alive: int
    is_done: bool
    is_one_shot: bool
    update: str
    update_began: str
    update_message: str
    can_go_back: bool
    nodes: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        here = self.is_done if self.is_one_shot and self.wanted else self.running == self.wanted
        return here and self.update not in {"updating", "rollback_started"}

    @property
    def count(self) -> str:
        return "done" if self.is_one_shot and self.is_done else f"{self.running}/{self.wanted}"


@dataclass
class Swarm:
    stack: str = STACK
    docker: list[str] = field(default_factory=lambda: list(DOCKER))
    log_seconds: float = 15

    def run(self, *arguments: str) -> str:
        """A docker command's answer, or Failed with its complaint."""
        done = self._call(arguments)
        if done.returncode:
            raise Failed(f"docker {' '.join(arguments[:3])}: {done.stderr.strip()}")
        return done.stdout

    def ask(self, *arguments: str) -> str:
        """The same for things that may have gone meanwhile: no answer then."""
        done = self._call(arguments)
        return "" if done.returncode else done.stdout

    def describe(self, *arguments: str) -> list[dict]:
        """What `docker ... inspect` says of several things. When one has gone meanwhile, of the others."""
        return json.loads(self._call(arguments).stdout or "[]")

    def log(self, name: str, *options: str) -> list[str]:
        """What a service or a task said and complained about. Docker may wait for ever for the log of a task that has
        gone, so we do not."""
        command = [*self.docker, "service", "logs", "--raw", *options, name]
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=self.log_seconds,
            )
        except subprocess.TimeoutExpired as late:
            return (late.stdout or b"").decode(errors="replace").splitlines()
        return [] if done.returncode else done.stdout.decode(errors="replace").splitlines()

    def _call(self, arguments: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run([*self.docker, *arguments], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Failed(
                f"There is no {self.docker[0]} here. Install Docker, or name yours: make DOCKER=..."
            ) from None

    def is_up(self) -> bool:
        try:
            return bool(self._service_ids())
        except Failed:
            return False

    def require(self) -> None:
        state = self.ask("info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}").split()
        if not state:
            raise Failed("Docker does not answer. Is it running, and may you use it?")
        if state != ["active", "true"]:
            raise Failed("This machine manages no swarm. For a first node: docker swarm init")

    def nodes(self) -> list[dict]:
        ids = self.run("node", "ls", "-q").split()
        return json.loads(self.run("node", "inspect", *ids))

    def services(self) -> list[Service]:
        ids = self._service_ids()
        if not ids:
            return []
        tasks, nodes = self._tasks(), {node["ID"]: node for node in self.nodes()}
        found = self.describe("service", "inspect", *ids)
        return sorted(
            (self._service(raw, [t for t in tasks if t["ServiceID"] == raw["ID"]], nodes) for raw in found),
            key=lambda service: service.name,
        )

    def _service_ids(self) -> list[str]:
        mine = f"label=com.docker.stack.namespace={self.stack}"
        return self.run("service", "ls", "-q", "--filter", mine).split()

    def _tasks(self) -> list[dict]:
        ids = self.ask("stack", "ps", "-q", "--no-trunc", self.stack).split()
        return self.describe("inspect", "--type", "task", *ids) if ids else []

    def _service(self, raw: dict, tasks: list[dict], nodes: dict[str, dict]) -> Service:
        spec = raw["Spec"]
        template = spec["TaskTemplate"]
        image = template["ContainerSpec"]["Image"]
        wanted = [task for task in tasks if task["DesiredState"] == "running"]
        running = [task for task in wanted if task["Status"]["State"] == "running"]
        newest = max(tasks, key=lambda task: task["CreatedAt"], default=None)
        update = raw.get("UpdateStatus") or {}
        return Service(
            id=raw["ID"],
            name=spec["Name"].removeprefix(f"{self.stack}_"),
            image=image.partition("@")[0],
            env=tuple(template["ContainerSpec"].get("Env") or ()),
            wanted=spec["Mode"]["Replicated"].get("Replicas", 1)
            if "Replicated" in spec["Mode"]
            else len(wanted),
            running=len(running),
            alive=sum(
                task["Status"]["State"] in _ALIVE and _is_up(nodes.get(task.get("NodeID", "")))
                for task in tasks
            ),
            is_one_shot=(template.get("RestartPolicy") or {}).get("Condition", "any") != "any",
            is_done=bool(newest) and newest["Status"]["State"] == "complete" and _same_image(newest, image),
            update=update.get("State", ""),
            update_began=update.get("StartedAt", ""),
            update_message=update.get("Message", ""),
            # Deploying the same again, or scaling, leaves nothing before it but itself.
            can_go_back=_contents(raw.get("PreviousSpec", spec)) != _contents(spec),
            nodes=tuple(sorted({_name(nodes.get(task.get("NodeID", ""))) for task in running})),
            troubles=tuple(dict.fromkeys(_troubles(tasks))),
        )


def _is_up(node: dict | None) -> bool:
    return node is not None and node.get("Status", {}).get("State") != "down"


def _name(node: dict | None) -> str:
    return node["Description"]["Hostname"] if node else "?"


def _contents(spec: dict) -> dict:
    """What runs in its containers."""
    return spec["TaskTemplate"]["ContainerSpec"]


def _same_image(task: dict, image: str) -> bool:
    return task["Spec"]["ContainerSpec"]["Image"] == image


def _troubles(tasks: list[dict]) -> list[str]:
    """What the newest tasks complain about, newest first."""
    newest = sorted(tasks, key=lambda task: task["CreatedAt"], reverse=True)[:4]
    return [task["Status"]["Err"] for task in newest if task["Status"].get("Err")]
