"""TCP ports on 127.0.0.1: which are free, and which answer."""

import atexit
import socket
from collections import deque

__all__ = ["answers", "free_port", "free_ports", "is_free"]

# A suite takes its time until it listens on the last of its ports, and another looks for its own meanwhile.
_MOST_HELD = 200
_held: deque[socket.socket] = deque()


def free_ports(count: int) -> list[int]:
    """Different ports nobody listens on now, and that nobody else is given as long as this process has use for them."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
        # From now on servers may listen beside it: they all ask for the same.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _held.extend(probes)
    while len(_held) > _MOST_HELD:
        _held.popleft().close()
    return [probe.getsockname()[1] for probe in probes]


@atexit.register
def _let_go() -> None:
    while _held:
        _held.popleft().close()


def free_port() -> int:
    return free_ports(1)[0]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, so that connections of the last run still closing down do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
