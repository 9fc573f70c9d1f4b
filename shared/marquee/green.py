"""PostgreSQL under gevent: while one request waits for its answer, the others go on.

psycopg2 would stop the whole process to wait. Told to wait this way it keeps no `connect_timeout`, and it still stops
to look up a name; so here each server is tried by its number, and given up in time.
"""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import Any

import psycopg2
from gevent.lock import BoundedSemaphore
from gevent.socket import wait_read, wait_write
from psycopg2.extensions import (
    POLL_OK,
    POLL_READ,
    STATUS_BEGIN,
    STATUS_PREPARED,
    STATUS_READY,
    parse_dsn,
    set_wait_callback,
)

__all__ = ["at_most", "install"]

App = Callable[[Any, Any], Any]

CONNECTING_SECONDS = 2.0
# Any other state is one on the way there, of which psycopg2 does not name all.
_CONNECTED = (STATUS_READY, STATUS_BEGIN, STATUS_PREPARED)


def install() -> None:
    """For the whole process, which gevent has patched."""
    psycopg2.connect = partial(_connect_in_turn, psycopg2.connect)
    set_wait_callback(_wait)


def at_most(number: int, app: App) -> App:
    """Let so many requests work at once, as so many threads would; the others wait in line."""
    room = BoundedSemaphore(number)

    def admitting(environ: Any, start_response: Any) -> Any:
        with room:
            return app(environ, start_response)

    return admitting


def _connect_in_turn(connect: Callable[..., Any], dsn: str = "", **parameters: Any) -> Any:
    """psycopg2.connect: to the first of several hosts that takes us, as libpq would.

    Raises psycopg2.OperationalError, the last one's.
    """
    parameters = {**parse_dsn(dsn), **parameters}
    refused = psycopg2.OperationalError(f"no server is known by the name of {parameters.get('host')}")
    for server in _servers(parameters.get("host") or "", str(parameters.get("port") or "")):
        try:
            return connect(**{**parameters, **server})
        except psycopg2.OperationalError as error:
            refused = error
    raise refused


def _servers(hosts: str, ports: str) -> Iterator[dict[str, str]]:
    one_for_all = cycle(ports.split(","))
    for host, port in zip(hosts.split(","), one_for_all, strict=False):
        for number in _numbers(host):
            yield {"host": host, "port": port, "hostaddr": number}


def _numbers(host: str) -> list[str]:
    if not host or host.startswith("/"):  # a socket in a folder
        return [""]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return [str(address[0]) for *_, address in found]


def _wait(connection: Any) -> None:
    while (needed := connection.poll()) != POLL_OK:
        wait = wait_read if needed == POLL_READ else wait_write
        seconds = None if connection.status in _CONNECTED else CONNECTING_SECONDS
        wait(connection.fileno(), seconds, psycopg2.OperationalError("timeout expired"))
