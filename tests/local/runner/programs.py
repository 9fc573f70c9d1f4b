"""Tiny programs for the supervisor to look after."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from local.processes import Command
from local.runner.parts import Program

SLEEPER = "import time; time.sleep(60)"


class Recorder:
    """A reporter that remembers what it was told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.troubles: list[tuple[str, str]] = []

    def progress(self, title: str, remark: str) -> None:
        self.steps.append(title)

    def trouble(self, name: str, message: str) -> None:
        self.troubles.append((name, message))


def python(code: str, *arguments: object) -> Command:
    return Command((sys.executable, "-u", "-c", code, *map(str, arguments)))


def always() -> bool:
    return True


def sleeper(name: str, after: tuple[str, ...] = ()) -> Program:
    return Program(name, name, python(SLEEPER), always, after)


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
