"""What PostgreSQL and Valkey have in common: prepare, start, wait, stop."""

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

from local.processes import Command, end, launch

__all__ = ["Server", "ServerFailed"]

# A server whose predecessor was killed a moment ago finds traces of it and refuses; soon after, it recovers.
_RETRY_SECONDS = 5.0
_LOG_TAIL_LINES = 5


class ServerFailed(Exception):
    """A server did not come up; the message ends with what it wrote last."""


class Server(ABC):
    """A server program owning `data_dir` and listening on 127.0.0.1:`port`."""

    name: str

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Create what the server needs on disk; nothing happens when it is there."""

    @abstractmethod
    def command(self) -> Command:
        """The foreground program; `prepare` has run."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether the server answers now."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def log_path(self) -> Path:
        return self.data_dir / "server.log"

    def start(self, timeout_seconds: float = 30.0) -> None:
        """Start the server and wait until it answers."""
        self.prepare()
        begun = time.monotonic()
        while not self._start_once(begun + timeout_seconds):
            if time.monotonic() - begun > _RETRY_SECONDS:
                raise ServerFailed(f"{self.name} did not start on port {self.port}:\n{self._last_words()}")
            time.sleep(0.2)

    def stop(self, within_seconds: float = 10.0) -> None:
        if self._process:
            end(self._process, self.command().stop_signal, within_seconds)
            self._process = None

    def kill(self) -> None:
        """End the server without any chance to tidy up."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wait_ready(self, timeout_seconds: float = 30.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self.ready():
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} does not answer on port {self.port}:\n{self._last_words()}")
            time.sleep(0.02)

    def _start_once(self, deadline: float) -> bool:
        with self.log_path.open("ab") as log:
            process = launch(self.command(), log)
        while process.poll() is None:
            if self.ready():
                self._process = process
                return True
            if time.monotonic() > deadline:
                end(process, self.command().stop_signal, within_seconds=2)
                return False
            time.sleep(0.02)
        return False

    def _last_words(self) -> str:
        if not self.log_path.exists():
            return "(it wrote nothing)"
        lines = self.log_path.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:])
