"""Brings a topology up in order, keeps it up, and takes it down.

One thread does everything to the children: it launches them (so that they live exactly as long as that
thread), asks whether they are ready, restarts what crashed. Other threads send it orders.
"""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from local.processes import Command, Process, kill_group

from .console import LogWatch, Reporter, last_lines, last_reason
from .parts import Program, Step, stopping_order

__all__ = ["SETTLED", "StartFailed", "State", "Supervisor"]

_T = TypeVar("_T")

_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 10.0
_STEADY_SECONDS = 30.0  # up this long, and the next crash counts as the first again
_ATTEMPTS_AT_START = 4
_PROBE_PAUSE_SECONDS = 0.1
_TICK_SECONDS = 0.05
_LOG_PAUSE_SECONDS = 0.5
_GRACE_SECONDS = 6.0
_LOG_LIMIT_BYTES = 10_000_000


class StartFailed(Exception):
    """A part of the topology cannot run; the message says which and what it wrote last."""


class State(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    CRASHED = "crashed"
    HALTED = "halted"


SETTLED = frozenset((State.READY, State.DONE))


@dataclass
class _Watched:
    """One part and what became of it so far."""

    part: Program | Step
    log_path: Path
    log_watch: LogWatch
    state: State = State.WAITING
    process: Process | None = None
    answer: Future[Any] | None = None
    began_at: float = 0.0
    ready_at: float = 0.0
    next_at: float = 0.0
    crashes: int = 0
    restarts: int = 0
    extra_env: Mapping[str, str] = field(default_factory=dict)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None


class Supervisor:
    def __init__(
        self,
        parts: Sequence[Program | Step],
        log_path: Callable[[str], Path],
        reporter: Reporter,
        on_change: Callable[[dict[str, Any]], None] = lambda status: None,
    ) -> None:
        self._order = stopping_order(parts)
        self._watched = {part.name: self._watch(part, log_path(part.name)) for part in parts}
        self._reporter = reporter
        self._on_change = on_change
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._probes = ThreadPoolExecutor(max_workers=8, thread_name_prefix="probe")
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._up = threading.Event()
        self._failure: str | None = None
        self._running = True
        self._hurried = False
        self._logs_read_at = 0.0

    # --- for other threads -----------------------------------------------------------------------

    def start(self, timeout_seconds: float) -> None:
        """Bring everything up; raises StartFailed, after which `stop` is still due."""
        self._thread.start()
        self._up.wait(timeout_seconds)
        if self._failure:
            raise StartFailed(self._failure)
        if not self._up.is_set():
            raise StartFailed(f"not ready after {timeout_seconds:.0f} s: {', '.join(self._unfinished())}")

    def stop(self) -> None:
        """Take everything down, those who rely on others first."""
        self._running = False
        if self._thread.is_alive():
            self._thread.join()
        self._probes.shutdown()

    def hurry(self) -> None:
        """From now on nobody is waited for."""
        self._hurried = True

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def kill(self, name: str) -> None:
        """End a program the hard way; it is then restarted like after any crash."""
        self._order_done(lambda: self._kill(self._watched[name]))

    def restart(self, name: str, env: Mapping[str, str] | None = None) -> None:
        """Stop a program in its own time and start it anew, from now on with `env` on top."""
        self._order_done(lambda: self._restart(self._watched[name], env))

    def halt(self, name: str, *, hard: bool = False) -> None:
        """Stop a program and leave it down until `restart`."""
        self._order_done(lambda: self._halt(self._watched[name], hard))

    def state(self, name: str) -> State:
        return self._watched[name].state

    def pid(self, name: str) -> int | None:
        return self._watched[name].pid

    # --- the loop --------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._supervise()
        finally:
            self._stop_all()
            self._fail("the supervisor ended")  # for a start that still waits

    def _supervise(self) -> None:
        seen: object = None
        while self._running:
            self._obey()
            for watched in self._watched.values():
                self._advance(watched)
            self._tell_troubles()
            self._notice_the_end_of_the_start()
            if (now := self._fingerprint()) != seen:
                seen = now
                self._on_change(self._status())

    def _obey(self) -> None:
        """Wait one tick for an order, and carry it out."""
        try:
            order = self._orders.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            return
        order()

    def _order_done(self, action: Callable[[], _T]) -> _T:
        done: Future[_T] = Future()

        def carry_out() -> None:
            try:
                done.set_result(action())
            except Exception as error:  # noqa: BLE001 - it belongs to the thread that gave the order
                done.set_exception(error)

        self._orders.put(carry_out)
        while True:
            try:
                return done.result(timeout=1)
            except TimeoutError:
                if not self._thread.is_alive():
                    raise

    def _advance(self, watched: _Watched) -> None:
        match watched.state:
            case State.WAITING if self._may_begin(watched):
                self._begin(watched)
            case State.STARTING if isinstance(watched.part, Step):
                self._follow_step(watched, watched.part)
            case State.STARTING:
                self._await_readiness(watched)
            case State.READY if watched.pid is None:
                self._crashed(watched)
            case State.CRASHED if time.monotonic() >= watched.next_at:
                watched.restarts += 1
                self._begin(watched)

    def _may_begin(self, watched: _Watched) -> bool:
        return not self._failure and all(self._watched[name].state in SETTLED for name in watched.part.after)

    def _begin(self, watched: _Watched) -> None:
        watched.state = State.STARTING
        watched.began_at = time.monotonic()
        watched.answer = None
        part = watched.part
        if isinstance(part, Program):
            watched.process = self._launch(watched, part.command)
        elif isinstance(part.run, Command):
            watched.process = self._launch(watched, part.run)
        else:
            watched.answer = self._probes.submit(part.run)

    def _launch(self, watched: _Watched, command: Command) -> Process:
        env = {**(os.environ if command.env is None else command.env), **watched.extra_env}
        with watched.log_path.open("ab") as log:
            return watched.part.launch(replace(command, env=env), log)

    # --- steps -----------------------------------------------------------------------------------

    def _follow_step(self, watched: _Watched, step: Step) -> None:
        if watched.answer is not None:
            if not watched.answer.done():
                return
            error = watched.answer.exception()
            failed = str(error) if error else ""
        else:
            assert watched.process is not None
            if (code := watched.process.poll()) is None:
                return
            failed = f"exit status {code}, {self._last_words(watched)}" if code else ""
        if failed:
            watched.state = State.HALTED
            self._fail(f"{step.title}: {failed}")
        else:
            watched.state = State.DONE
            self._reporter.progress(step.title, _took(watched))

    # --- programs --------------------------------------------------------------------------------

    def _await_readiness(self, watched: _Watched) -> None:
        assert isinstance(watched.part, Program)
        if watched.pid is None:
            self._crashed(watched)
        elif watched.answer is None:
            if time.monotonic() >= watched.next_at:
                watched.answer = self._probes.submit(watched.part.ready)
        elif watched.answer.done():
            if watched.answer.exception() is None and watched.answer.result():
                self._is_ready(watched)
            watched.answer = None
            watched.next_at = time.monotonic() + _PROBE_PAUSE_SECONDS

    def _is_ready(self, watched: _Watched) -> None:
        assert isinstance(watched.part, Program)
        watched.state = State.READY
        watched.ready_at = time.monotonic()
        self._reporter.progress(watched.part.title, f"{_took(watched):<8}{watched.part.address}")

    def _crashed(self, watched: _Watched) -> None:
        """Plan the restart, later each time: 0.5 s, 1 s, 2 s ... 10 s."""
        assert watched.process is not None
        kill_group(watched.process)  # workers that lost their parent still hold the port
        if watched.ready_at and time.monotonic() - watched.ready_at > _STEADY_SECONDS:
            watched.crashes = 0
        watched.crashes += 1
        watched.ready_at = 0.0
        watched.state = State.CRASHED
        delay = min(_FIRST_DELAY_SECONDS * 2 ** (watched.crashes - 1), _LONGEST_DELAY_SECONDS)
        watched.next_at = time.monotonic() + delay
        ending = self._how_it_ended(watched, watched.process.returncode or 0)
        self._reporter.trouble(watched.part.name, f"{ending}; restart in {delay:g} s")
        if not self._up.is_set() and watched.crashes >= _ATTEMPTS_AT_START:
            self._fail(f"{watched.part.title}: {ending}, {self._last_words(watched)}")

    def _kill(self, watched: _Watched) -> None:
        if watched.process:
            kill_group(watched.process)
            self._advance(watched)  # so that nobody sees it ready any more

    def _halt(self, watched: _Watched, hard: bool) -> None:
        if hard and watched.process:
            kill_group(watched.process)
        else:
            self._stop([watched])
        watched.state = State.HALTED

    def _restart(self, watched: _Watched, env: Mapping[str, str] | None) -> None:
        if env is not None:
            watched.extra_env = env
        self._stop([watched])
        watched.restarts += 1
        watched.crashes = 0
        self._begin(watched)

    # --- the end ---------------------------------------------------------------------------------

    def _stop_all(self) -> None:
        for names in self._order:
            self._stop([self._watched[name] for name in names])
        for watched in self._watched.values():
            watched.state = State.HALTED
        self._on_change(self._status())

    def _stop(self, group: list[_Watched]) -> None:
        """Ask all of them at once, wait for all of them together."""
        processes = [(one, one.process) for one in group if one.process]
        for watched, process in processes:
            if process.poll() is None:
                process.send_signal(self._stop_signal(watched))
        deadline = time.monotonic() + _GRACE_SECONDS
        while any(process.poll() is None for _, process in processes):
            if self._hurried or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        for _, process in processes:
            kill_group(process)

    def _stop_signal(self, watched: _Watched) -> signal.Signals:
        part = watched.part
        command = part.command if isinstance(part, Program) else part.run
        return command.stop_signal if isinstance(command, Command) else signal.SIGTERM

    # --- telling ---------------------------------------------------------------------------------

    def _notice_the_end_of_the_start(self) -> None:
        if not self._up.is_set() and not self._unfinished():
            self._up.set()

    def _unfinished(self) -> list[str]:
        return [name for name, watched in self._watched.items() if watched.state not in SETTLED]

    def _fail(self, message: str) -> None:
        self._failure = self._failure or message
        self._up.set()

    def _tell_troubles(self) -> None:
        if time.monotonic() < self._logs_read_at + _LOG_PAUSE_SECONDS:
            return
        self._logs_read_at = time.monotonic()
        for name, watched in self._watched.items():
            for line in watched.log_watch.new_trouble():
                self._reporter.trouble(name, line)

    def _last_words(self, watched: _Watched) -> str:
        return f"the end of {watched.log_path}:\n{last_lines(watched.log_path)}"

    def _how_it_ended(self, watched: _Watched, code: int) -> str:
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        reason = last_reason(watched.log_path)
        return f"ended with status {code}" + (f" ({reason})" if code and reason else "")

    def _fingerprint(self) -> object:
        return [(watched.state, watched.pid) for watched in self._watched.values()]

    def _status(self) -> dict[str, Any]:
        return {
            "runner_pid": os.getpid(),
            "parts": [
                {
                    "name": name,
                    "title": watched.part.title,
                    "state": watched.state.value,
                    "pid": watched.pid,
                    "restarts": watched.restarts,
                    "address": getattr(watched.part, "address", ""),
                }
                for name, watched in self._watched.items()
            ],
        }

    @staticmethod
    def _watch(part: Program | Step, log_path: Path) -> _Watched:
        if log_path.exists() and log_path.stat().st_size > _LOG_LIMIT_BYTES:
            log_path.replace(log_path.with_suffix(".log.1"))
        return _Watched(part, log_path, LogWatch(log_path))


def _took(watched: _Watched) -> str:
    return f"{time.monotonic() - watched.began_at:.1f} s"
