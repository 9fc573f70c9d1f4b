"""A scratch RabbitMQ from the system's package: its own ports, its own name daemon, its own folder."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from local.ports import free_ports

# The package's wrapper in /usr/sbin switches accounts and writes to /var; the program itself does not.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
WRAPPER = Path("/usr/sbin/rabbitmq-server")


class RabbitServer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port, self._dist_port, self._epmd_port = free_ports(3)
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "rabbitmq.conf").write_text("loopback_users = none\ndisk_free_limit.absolute = 50MB\n")

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"

    def start(self) -> None:
        with (self._folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                [PROGRAM],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        self._wait_until_open(150)  # a few seconds on a quiet machine

    def kill(self) -> None:
        """kill -9 of the server and everything it started, in the middle of whatever it does."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)

    def stop(self) -> None:
        """Scratch data needs no farewell."""
        self.kill()
        for name in ("epmd", "beam.smp", "erl_child_setup"):
            self._end_leftovers(name)

    def control(self, *arguments: str) -> str:
        done = subprocess.run(
            [PROGRAM.with_name("rabbitmqctl"), *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self._folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"marquee{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _wait_until_open(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self._process
            assert self._process.poll() is None, (self._folder / "output.log").read_text()[-2000:]
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    # The port opens a little before the broker talks AMQP.
                    connection.sendall(b"AMQP\x00\x00\x09\x01")
                    if connection.recv(1):
                        return
            except OSError:
                pass
            time.sleep(0.2)
        raise TimeoutError("RabbitMQ did not come up")

    def _end_leftovers(self, name: str) -> None:
        """The name daemon leaves the process group; it is known by our own port in its environment."""
        mark = f"ERL_EPMD_PORT={self._epmd_port}".encode()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if (entry / "comm").read_text().strip() != name:
                    continue
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                continue
