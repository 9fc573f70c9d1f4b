"""What a topology is made of: programs that stay up and steps that end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from local.processes import Command, Process, launch

__all__ = ["Launch", "Part", "Probe", "Program", "Step", "stopping_order"]

Probe = Callable[[], bool]
Launch = Callable[[Command, IO[bytes]], Process]


@dataclass(frozen=True)
class Part:
    """`name` is for logs and commands, `title` for people."""

    name: str
    title: str


@dataclass(frozen=True)
class Program(Part):
    """Is kept running: a crash is followed by a restart. `after` names what must be ready or done before."""

    command: Command
    ready: Probe
    after: tuple[str, ...] = ()
    address: str = ""
    launch: Launch = launch


@dataclass(frozen=True)
class Step(Part):
    """Happens once per start; its failure ends the start."""

    run: Command | Callable[[], object]
    after: tuple[str, ...] = ()
    launch: Launch = launch


def stopping_order(parts: Sequence[Program | Step]) -> list[list[str]]:
    """Names in groups that may stop together: nobody stops before those that rely on it."""
    depth: dict[str, int] = {}
    for part in parts:  # a part stands behind the ones it names
        depth[part.name] = 1 + max((depth[name] for name in part.after), default=0)
    return [
        [name for name, level in depth.items() if level == wanted]
        for wanted in range(max(depth.values(), default=0), 0, -1)
    ]
