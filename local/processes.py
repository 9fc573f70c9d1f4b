"""Starting a program that cannot outlive us, and ending it politely.

Linux tells a child when the *thread* that started it ends, so whoever launches must be a thread that stays.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

__all__ = ["Account", "Command", "Process", "end", "kill_group", "launch", "leash"]

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Account:
    """A system account a program is run as."""

    uid: int
    gid: int

    @classmethod
    def nobody(cls) -> "Account":
        entry = pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Command:
    """A program, how it is asked to stop, and what it is sent when its parent is gone."""

    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL


class Process(Protocol):
    """What the supervisor asks of a child, whoever its parent is."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int | None: ...
    def send_signal(self, sig: int) -> None: ...


def launch(command: Command, output: IO[bytes], *, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own (the terminal's Ctrl-C is ours to handle)."""
    account = command.account
    return subprocess.Popen(
        command.argv,
        env=None if command.env is None else dict(command.env),
        cwd=command.cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        pass_fds=pass_fds,
        preexec_fn=leash(command.death_signal),
    )


def end(process: subprocess.Popen[bytes], stop_signal: signal.Signals, within_seconds: float) -> bool:
    """Stop `process`; True when it went by itself, False when its whole group had to be killed."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(within_seconds)
    except subprocess.TimeoutExpired:
        kill_group(process)
        return False
    return True


def kill_group(process: Process) -> None:
    """Kill `process` and the children that stayed in its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def leash(death_signal: signal.Signals) -> Callable[[], None]:
    """What a child is to call first of all, so that it gets `death_signal` when the one who calls this ends."""
    parent = os.getpid()

    def bind_to_parent() -> None:
        if sys.platform == "linux":
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:  # it died before the leash was on
                os._exit(1)

    return bind_to_parent
