"""A whole Marquee as one object: started, stopped, hurt and healed by the console or by a test."""

import os
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from local.ports import free_ports, is_free
from local.processes import Command
from local.runner.console import Reporter, Silence
from local.runner.memory import family, pss_bytes
from local.runner.parts import Program, Step
from local.runner.state import StateDir
from local.runner.supervisor import State, Supervisor
from local.runner.zygote import Zygote
from local.topology import PORTS, Site, forked, topology

__all__ = ["PortsTaken", "Suite", "scratch_ports"]

# A slow or busy machine still gets there, and the lines show it moving; giving up would throw the start away.
# Also enough for downloading a Keycloak that makes its tables first.
_START_SECONDS = 600.0
# All a program needs of the shell that started us; settings come through `env`, so that a
# STRIPE_API_KEY lying around in a developer's shell never reaches a test.
_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "MARQUEE_FONT_DIR")


class PortsTaken(Exception):
    """Other programs listen where we would; the message names each port and its variable."""


def scratch_ports() -> dict[str, int]:
    """A free port for every name in the topology."""
    return dict(zip(PORTS, free_ports(len(PORTS)), strict=True))


class Suite:
    """`ports` overrides ports by their name in `PORTS`; `env` is what a person would set in the shell.

    `import_first` is a folder that our programs look into before all others: a test's way into them.
    `only` starts these parts and no others.
    """

    def __init__(
        self,
        state_dir: Path,
        ports: Mapping[str, int] | None = None,
        env: Mapping[str, str] | None = None,
        reporter: Reporter | None = None,
        import_first: Path | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        given = dict(env or {})
        self.site = Site(StateDir(state_dir), {**_ports_from(given), **(ports or {})}, given)
        self._inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self._reporter = reporter or Silence()
        self._import_first = import_first
        self._only = only
        self._zygote = Zygote()
        self._supervisor: Supervisor | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bring everything up, or raise AlreadyRunning, PortsTaken or StartFailed with nothing left."""
        state = self.site.state
        state.lock()
        try:
            self._refuse_taken_ports()
            parts = [self._with_environment(part) for part in self._wanted()]
            self._supervisor = Supervisor(parts, state.log_path, self._reporter, state.write_status)
            self._supervisor.start(_START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._supervisor:
            self._supervisor.stop()
            self._supervisor = None
        self._zygote.close()
        self.site.state.unlock()

    def hurry(self) -> None:
        """A stop under way waits for nobody any more."""
        if self._supervisor:
            self._supervisor.hurry()

    def is_alive(self) -> bool:
        return self._supervisor is not None and self._supervisor.is_alive()

    # --- single programs, by their name in the topology ------------------------------------------

    def kill(self, name: str) -> None:
        """kill -9 of the program and its workers; the runner restarts it like after any crash."""
        self._running.kill(name)

    def restart(self, name: str, env: Mapping[str, str] | None = None) -> None:
        """Stop and start one program, from now on with `env` on top; answers when it is ready."""
        self._running.restart(name, env)
        self.wait_ready(name)

    def halt(self, name: str, *, hard: bool = False) -> None:
        """Stop a program (`hard`: kill -9) and leave it down until `restart`."""
        self._running.halt(name, hard=hard)

    def wait_ready(self, name: str, timeout_seconds: float = 90.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        while self._running.state(name) is not State.READY:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is {self._running.state(name)} after {timeout_seconds:g} s")
            time.sleep(0.02)

    def pid(self, name: str) -> int:
        """The process the runner started: for a service, gunicorn's arbiter."""
        pid = self._running.pid(name)
        if pid is None:
            raise ProcessLookupError(f"{name} is not running")
        return pid

    def pids(self, name: str) -> list[int]:
        """That process and all below it: for a service, its gunicorn worker is the last."""
        return family(self.pid(name))

    def url(self, name: str) -> str:
        """The address browsers use: http://localhost:<port>."""
        return self.site.browser_url(name)

    def database_url(self, service: str) -> str:
        return self.site.database_url(service)

    @property
    def redis_url(self) -> str:
        return self.site.valkey.url()

    def log_path(self, name: str) -> Path:
        return self.site.state.log_path(name)

    def memory_bytes(self) -> int:
        """Proportional memory of all programs together."""
        return sum(pss_bytes(pid) for pid in family(os.getpid()) if pid != os.getpid())

    # --- before the start ------------------------------------------------------------------------

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("the suite is not started")
        return self._supervisor

    def _refuse_taken_ports(self) -> None:
        taken = {name: port for name, port in self.site.needed_ports().items() if not is_free(port)}
        if taken:
            raise PortsTaken("\n".join(_complaint(name, port) for name, port in taken.items()))

    def _wanted(self) -> list[Program | Step]:
        parts = topology(self.site)
        if self._only is not None:
            return [part for part in parts if part.name in self._only]
        return forked(parts, self._zygote) if sys.platform == "linux" else parts

    def _with_environment(self, part: Program | Step) -> Program | Step:
        """What the person set reaches our programs, below what the topology decides."""
        if isinstance(part, Program) and part.command.env is not None:
            return replace(part, command=self._inheriting(part.command))
        if isinstance(part, Step) and isinstance(part.run, Command) and part.run.env is not None:
            return replace(part, run=self._inheriting(part.run))
        return part

    def _inheriting(self, command: Command) -> Command:
        env = {**self._inherited, **self.site.given, **(command.env or {})}
        if self._import_first:
            env["PYTHONPATH"] = f"{self._import_first}{os.pathsep}{env['PYTHONPATH']}"
        return replace(command, env=env)


def _ports_from(environment: Mapping[str, str]) -> dict[str, int]:
    return {name: int(environment.get(variable) or default) for name, (variable, default) in PORTS.items()}


def _complaint(name: str, port: int) -> str:
    variable, _ = PORTS[name]
    other = port + 10_000 if port < 50_000 else port - 10_000
    return (
        f"Port {port} ({name}) is taken by another program. "
        f"Stop that program, or choose another port: {variable}={other} make run"
    )
