"""A scratch pgbouncer from the system's package, lending a PostgreSQL's connections by the transaction."""

import os
import shutil
import socket
from pathlib import Path

from sqlalchemy import make_url

from local.ports import free_port
from local.processes import Account, Command
from local.servers import Postgres
from local.servers.server import Server

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

# As one would set it up for Marquee: what the services ask for in `options` their roles have anyway.
SETTINGS = """
[databases]
* = host=127.0.0.1 port={server_port} auth_user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 10
max_client_conn = 500
auth_type = scram-sha-256
auth_file = {users}
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1
ignore_startup_parameters = options, extra_float_digits
"""


class PgBouncer(Server):
    name = "pgbouncer"

    def __init__(self, data_dir: Path, postgres: Postgres) -> None:
        super().__init__(data_dir, free_port())
        self._postgres = postgres
        self._account = Account.nobody() if os.geteuid() == 0 else None

    def prepare(self) -> None:
        users, password = self.data_dir / "users.txt", make_url(self._postgres.superuser_url()).password
        users.write_text(f'"postgres" "{password}"\n')
        users.chmod(0o600)
        if self._account:
            os.chown(users, self._account.uid, self._account.gid)
        (self.data_dir / "pgbouncer.ini").write_text(
            SETTINGS.format(server_port=self._postgres.port, port=self.port, users=users)
        )

    def command(self) -> Command:
        return Command((PROGRAM, str(self.data_dir / "pgbouncer.ini")), account=self._account)

    def ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def instead_of(self, url: str) -> str:
        """The same database, through here."""
        return make_url(url).set(port=self.port).render_as_string(hide_password=False)
