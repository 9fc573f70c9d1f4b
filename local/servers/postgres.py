"""A PostgreSQL of our own: TCP on 127.0.0.1, passwords checked, one role per database.

PostgreSQL refuses to run as root, so root starts it as `nobody`. Where that account cannot come
(a checkout below a 0700 home), programs and data move to a folder in /var/tmp named after `data_dir`.
"""

import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from local.processes import Account, Command
from marquee.databases import ensure_database

from .binaries import copied_postgres, copy_postgres, find_postgres
from .server import Server, ServerFailed

__all__ = ["Postgres"]

_SUPERUSER = "postgres"
# A scratch server may lose everything at a power cut, so it need not wait for the disk.
_SCRATCH_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    name = "PostgreSQL"

    def __init__(self, data_dir: Path, port: int, *, durable: bool = True) -> None:
        super().__init__(data_dir, port)
        self._durable = durable
        self._account = Account.nobody() if os.geteuid() == 0 else None

    # --- its files -------------------------------------------------------------------------------

    def prepare(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        _make_own_folder(self._home)
        if self._must_copy_programs:
            copy_postgres(find_postgres().resolve(), self._home)
        if not (self._cluster / "PG_VERSION").exists():
            self._create_cluster()

    def erase(self) -> None:
        """Remove all data. The server must not be running."""
        for folder in {self._home, self.data_dir}:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def _home(self) -> Path:
        data_dir = self.data_dir.resolve()
        if self._account is None or _open_to_all(data_dir):
            return data_dir
        return Path("/var/tmp") / f"marquee-{hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]}"  # noqa: S108

    @property
    def _cluster(self) -> Path:
        return self._home / "cluster"

    @property
    def _programs(self) -> Path:
        programs = find_postgres().resolve()
        return copied_postgres(programs, self._home) if self._must_copy_programs else programs

    @property
    def _must_copy_programs(self) -> bool:
        return self._account is not None and not _open_to_all(find_postgres().resolve() / "postgres")

    def _create_cluster(self) -> None:
        """Build the cluster beside its place and move it there, so that a half-made one is never used."""
        unfinished = self._cluster.with_name("cluster.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = unfinished.with_name("superuser-password")
        _write_private(password_file, secrets.token_urlsafe(24))
        if self._account:
            os.chown(unfinished, self._account.uid, self._account.gid)
            os.chown(password_file, self._account.uid, self._account.gid)
        self._run_initdb(unfinished, password_file)
        unfinished.rename(self._cluster)

    def _run_initdb(self, cluster: Path, password_file: Path) -> None:
        account = self._account
        finished = subprocess.run(
            [
                str(self._programs / "initdb"),
                f"--pgdata={cluster}",
                f"--username={_SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *self._locale_options(),
                *([] if self._durable else ["--no-sync"]),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if finished.returncode:
            said = finished.stderr or finished.stdout
            raise ServerFailed(f"PostgreSQL could not create its files:\n{said}")

    def _locale_options(self) -> list[str]:
        """Rules for letters that hold for every alphabet: with LC_CTYPE=C, trigrams see no Cyrillic."""
        name = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        if self._version() < 17:
            return [f"--locale={name}"]
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={name}"]

    def _version(self) -> int:
        said = subprocess.check_output([str(self._programs / "postgres"), "-V"], text=True)
        found = re.search(r"\d+", said)
        return int(found.group()) if found else 0

    # --- its process -----------------------------------------------------------------------------

    def command(self) -> Command:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **({} if self._durable else _SCRATCH_SETTINGS),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program = str(self._programs / "postgres")
        return Command(
            (program, "-D", str(self._cluster), "-p", str(self.port), *options),
            cwd=Path("/"),
            account=self._account,
            stop_signal=signal.SIGINT,  # its "fast" shutdown: does not wait for clients to leave
            death_signal=signal.SIGINT,
        )

    def ready(self) -> bool:
        try:
            with self._superuser() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    # --- its databases ---------------------------------------------------------------------------

    def url(self, name: str, password: str) -> str:
        return f"postgresql+psycopg2://{name}:{quote(password, safe='')}@127.0.0.1:{self.port}/{name}"

    def superuser_url(self, database: str = "postgres") -> str:
        password = quote(self._superuser_password(), safe="")
        return f"postgresql+psycopg2://{_SUPERUSER}:{password}@127.0.0.1:{self.port}/{database}"

    def ensure_database(self, name: str, password: str) -> str:
        """Make database `name`, owned by a role of the same name, and answer its URL; safe to repeat."""
        ensure_database(self._superuser, name, password)
        return self.url(name, password)

    def drop_database(self, name: str) -> None:
        """Remove database and role, whoever is still connected."""
        with self._superuser() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))

    @contextmanager
    def _superuser(self, database: str = "postgres") -> Iterator[Any]:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=_SUPERUSER,
            password=self._superuser_password(),
            dbname=database,
            connect_timeout=2,
        )
        try:
            connection.autocommit = True  # CREATE DATABASE does not run inside a transaction
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _superuser_password(self) -> str:
        return (self._home / "superuser-password").read_text()


def _open_to_all(path: Path) -> bool:
    """Whether every account may go through the folders above `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def _make_own_folder(folder: Path) -> None:
    """In /var/tmp anybody may have made a folder of this name before us."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise ServerFailed(f"{folder} belongs to somebody else; remove it, or set MARQUEE_STATE_DIR")
    folder.chmod(0o711)  # whatever the umask: the account must pass through


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
