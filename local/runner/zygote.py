"""One process imports what all our programs share, and forks a copy of itself for each of them.

Why: a suite is some twenty Python programs, and each spends most of its start on the same imports
and half of its memory on what these leave behind. Imported once and forked, they cost that once. It is a matter
of this one machine: a program does not know whether it was forked or came through `python -m`, and where there
is no zygote (macOS) it comes through `python -m`.

Here is the runner's end: `Zygote.start` launches the process (local/runner/forking.py), and `Zygote.fork` stands
in for `launch`. Both ends speak over a socket: a request carries the command as JSON, the log the program writes
to, and a pipe of its own, through which the zygote tells first its pid and, when it has ended, its exit status.
The kernel passes death on: the zygote dies with the runner, its children with the zygote.
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from typing import IO

from local.processes import Command, Process, launch

__all__ = ["NUMBER", "READY", "Forked", "Zygote"]

READY = b"ready"
NUMBER = struct.Struct("i")


class Zygote:
    """The runner's end. `start` and `fork` belong to the supervisor's thread."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def start(self, command: Command, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Launch the zygote; the socket is new each time, so that no request outlives the one it was made to."""
        self.close()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            end = theirs.fileno()
            return launch(replace(command, argv=(*command.argv, str(end))), output, pass_fds=(end,))

    def ready(self) -> bool:
        """Whether everything is imported. The word stays in the socket: the next question has the same answer."""
        if self._socket is None:
            return False
        try:
            return self._socket.recv(len(READY), socket.MSG_PEEK | socket.MSG_DONTWAIT) == READY
        except OSError:
            return False

    def fork(self, command: Command, output: IO[bytes]) -> Process:
        """Start the `python -m ...` of `command` as a fork. A zygote still importing is waited for; where it has
        died, the program starts the long way, like any other.
        """
        reports, theirs = os.pipe()
        try:
            self._ask(command, [output.fileno(), theirs])
        except OSError:
            pass  # it is gone, as the empty pipe will say
        finally:
            os.close(theirs)
        if said := os.read(reports, NUMBER.size):
            [pid] = NUMBER.unpack(said)
            return Forked(pid, reports)
        os.close(reports)
        return launch(command, output)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def _ask(self, command: Command, descriptors: list[int]) -> None:
        if self._socket is None:
            raise BrokenPipeError("the zygote was not started")
        python, _, *arguments = command.argv
        if python != sys.executable or arguments[0] != "-m":
            raise ValueError(f"{command.argv} is not a Python module")
        request = {
            "arguments": arguments[1:],
            "env": dict(command.env or os.environ),
            "cwd": str(command.cwd or os.getcwd()),
            "death_signal": int(command.death_signal),
        }
        socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)


class Forked:
    """A child of the zygote: to the supervisor what `Popen` is for a child of our own."""

    def __init__(self, pid: int, reports: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._reports = reports
        self._reading = threading.Lock()  # others than the supervisor ask whether it lives

    def poll(self) -> int | None:
        return self._read(timeout_seconds=0)

    def wait(self) -> int | None:
        return self._read(timeout_seconds=None)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _read(self, timeout_seconds: float | None) -> int | None:
        with self._reading:
            if self.returncode is None and select.select([self._reports], [], [], timeout_seconds)[0]:
                status = os.read(self._reports, NUMBER.size)
                # Nothing: the zygote died without a word, and its children with it.
                [self.returncode] = NUMBER.unpack(status) if status else [-signal.SIGKILL]
                os.close(self._reports)
            return self.returncode
