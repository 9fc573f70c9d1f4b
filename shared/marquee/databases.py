"""A database and a role for each service, made by the server's superuser: `python -m marquee.databases`.

Environment: DATABASE_HOSTS, one or several ("postgres", "pg1,pg2:5433"); DATABASE_SUPERUSER (postgres);
DATABASE_PASSWORDS, a folder with the files db_superuser and db_<service>, and db_superuser_first where the server was
made with a password of its own. May run as often as you like; passwords are set to what the files say.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from marquee.settings import several

__all__ = ["PATIENCE_SECONDS", "SERVICES", "address_of", "ensure_database"]

SERVICES = ("auth", "movies", "payment", "ticket", "review", "notification")
_EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent")
_ROLE_SETTINGS = {
    "lock_timeout": "2s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
}
# Of what is done once per deploy: a failure of it would be taken for a failed deploy.
PATIENCE_SECONDS = 120.0

# `as_superuser("movies")` is a cursor in that database, committing by itself: CREATE DATABASE wants no transaction.
AsSuperuser = Callable[[str], AbstractContextManager[Any]]


def ensure_database(as_superuser: AsSuperuser, name: str, password: str) -> None:
    """Database `name`, owned by a role of the same name and closed to all others; safe to repeat."""
    with as_superuser("postgres") as cursor:
        _ensure_role(cursor, name, password)
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    with as_superuser(name) as cursor:
        for extension in _missing_extensions(cursor):
            cursor.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))


def _ensure_role(cursor: Any, name: str, password: str) -> None:
    role = sql.Identifier(name)
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
    is_there = cursor.fetchone() is not None
    verb = "ALTER" if is_there else "CREATE"
    cursor.execute(sql.SQL(f"{verb} ROLE {{}} LOGIN PASSWORD %s").format(role), (password,))
    if not is_there:
        # A provider's master user is no superuser: only as a member may it make a database for the role.
        cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
    for setting, value in _ROLE_SETTINGS.items():
        statement = sql.SQL("ALTER ROLE {} SET {} = %s").format(role, sql.Identifier(setting))
        cursor.execute(statement, (value,))


def _missing_extensions(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT name FROM pg_available_extensions WHERE installed_version IS NULL AND name = ANY(%s)",
        (list(_EXTENSIONS),),
    )
    return [name for (name,) in cursor.fetchall()]


# --- as told by the environment ---------------------------------------------------------------------------


def address_of(service: str) -> str:
    """The URL of a service's own database, under its own role."""
    return f"postgresql+psycopg2://{service}:{quote(_password(service), safe='')}@{_hosts()}/{service}"


def main() -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for service in SERVICES:
        while not _has_its_database(service):
            if time.monotonic() > deadline:
                raise SystemExit("PostgreSQL does not answer.")
            time.sleep(1)
    sys.stdout.write(f"databases: {', '.join(SERVICES)}\n")


def _has_its_database(service: str) -> bool:
    try:
        ensure_database(_as_superuser, service, _password(service))
    except psycopg2.OperationalError as error:
        sys.stderr.write(f"PostgreSQL does not answer: {str(error).strip()}\n")
        return False
    return True


@contextmanager
def _as_superuser(database: str) -> Iterator[Any]:
    connection = _connect_as_superuser(database)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _connect_as_superuser(database: str) -> Any:
    """With the password in use, or with an older one, which then becomes the one in use."""
    current, *older = _superuser_passwords()
    try:
        return _connection(database, current)
    except psycopg2.OperationalError as error:
        if "authentication failed" not in str(error) or not older:
            raise
    for password in older:
        with suppress(psycopg2.OperationalError), closing(_connection(database, password)) as connection:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD %s").format(sql.Identifier(_superuser())), (current,)
                )
            break
    return _connection(database, current)


def _connection(database: str, password: str) -> Any:
    return psycopg2.connect(
        f"postgresql://{_superuser()}:{quote(password, safe='')}@{_hosts()}/{database}",
        connect_timeout=10,
        target_session_attrs="read-write",
    )


def _superuser() -> str:
    return os.environ.get("DATABASE_SUPERUSER", "postgres")


def _superuser_passwords() -> list[str]:
    """The one in use first."""
    files = [Path(os.environ["DATABASE_PASSWORDS"], name) for name in ("db_superuser", "db_superuser_first")]
    return [password for file in files if file.exists() for password in several(file.read_text())]


def _hosts() -> str:
    return os.environ["DATABASE_HOSTS"]


def _password(name: str) -> str:
    """The one in use; while it is being rotated the file holds others too."""
    return several(Path(os.environ["DATABASE_PASSWORDS"], f"db_{name}").read_text())[0]


if __name__ == "__main__":
    main()
