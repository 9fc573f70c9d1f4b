"""A Valkey (the free Redis) that keeps what it is told and listens on 127.0.0.1 only."""

import socket

from local.processes import Command

from .binaries import find_valkey
from .server import Server

__all__ = ["Valkey"]


class Valkey(Server):
    name = "Valkey"

    def prepare(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)

    def command(self) -> Command:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.data_dir.resolve()),
            "appendonly": "yes",
            "save": "",
            # Streams carry messages: losing one to make room would lose an event.
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        return Command((str(find_valkey()), *arguments))

    def ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"
