"""The zygote's own process: `python -m local.runner.forking <modules> <socket>`. What for: local/runner/zygote.py.

One thread and no open connection: only what may be shared is here before a fork.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import site
import socket
import sys
from collections.abc import Callable
from typing import Any

from local.processes import leash
from local.runner.zygote import NUMBER, READY

_LONGEST_REQUEST = 1_000_000


def main() -> None:
    *modules, descriptor = sys.argv[1:]
    requests = socket.socket(fileno=int(descriptor))
    gc.disable()  # what is collected leaves holes, and what later fills them is no longer shared
    for name in modules:
        importlib.import_module(name)
    gc.freeze()
    requests.send(READY)
    if run := _Nursery(requests).watch():
        run()


class _Nursery:
    """Forks on request and tells how each child ended."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._reports: dict[int, int] = {}  # pid: the pipe its end is told through
        self._woken, self._waker = socket.socketpair()

    def watch(self) -> Callable[[], None] | None:
        """Returns in each child, with what it is to run; in the zygote once the runner is gone."""
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            asked, _, _ = select.select([self._requests, self._woken], [], [])
            if self._woken in asked:
                self._woken.recv(4096)
                self._tell_of_the_dead()
            if self._requests in asked:
                message, descriptors, _, _ = socket.recv_fds(self._requests, _LONGEST_REQUEST, 2)
                if not message:
                    return None
                if run := self._fork(json.loads(message), *descriptors):
                    return run

    def _fork(self, request: dict[str, Any], output: int, report: int) -> Callable[[], None] | None:
        bind_to_zygote = leash(signal.Signals(request["death_signal"]))
        pid = os.fork()
        if pid == 0:
            bind_to_zygote()
            os.setpgid(0, 0)
            self._leave(output, report)
            return lambda: _become(request)
        os.setpgid(pid, pid)  # here too: whoever hears of its pid may kill the group at once
        os.close(output)
        self._reports[pid] = report
        _tell(report, pid)
        return None

    def _leave(self, output: int, report: int) -> None:
        """In the child: let go of everything that is the zygote's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for descriptor in (output, report, *self._reports.values()):
            os.close(descriptor)
        for end in (self._requests, self._woken, self._waker):
            end.close()

    def _tell_of_the_dead(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while found := os.waitpid(-1, os.WNOHANG):
                pid, status = found
                if not pid:
                    return
                report = self._reports.pop(pid)
                _tell(report, os.waitstatus_to_exitcode(status))
                os.close(report)


def _tell(report: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody wants to know any more
        os.write(report, NUMBER.pack(number))


def _become(request: dict[str, Any]) -> None:
    """Be what `python -m` with these arguments would be; ends, well or badly, as that would."""
    gc.enable()
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = request["arguments"]
    if sys.modules.pop("sitecustomize", None):
        site.execsitecustomize()  # it looks at the environment, and ours is another
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
