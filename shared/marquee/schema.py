"""Has a service's database the schema its code was written for? `python -m marquee.schema movies` waits until it has.

The schema may be newer: migrations run before the new code starts, and the old code goes on serving beside them.
"""

import os
import sys
import time
from pathlib import Path

import psycopg2

from marquee.settings import several, with_password

_SERVICES = Path(__file__).resolve().parents[2] / "services"


def needed_revision(service: str) -> str:
    """The number of the newest migration this code came with."""
    return max(path.name[:4] for path in (_SERVICES / service / "migrations").glob("[0-9]*.py"))


def found_revision(database_url: str) -> str:
    """What the database has; "" before its first migration."""
    connection = psycopg2.connect(database_url.replace("+psycopg2", ""), connect_timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
            if cursor.fetchone() != (True,):
                return ""
            cursor.execute("SELECT coalesce(max(version_num), '') FROM alembic_version")
            (found,) = cursor.fetchone() or ("",)
            return str(found)
    finally:
        connection.close()


def wait_until_current(service: str, database_urls: list[str], *, every_seconds: float = 3.0) -> None:
    """Until one of the addresses leads to the schema: the same database under passwords old and new.

    Not more often: all programs of a first start wait together, and each look is a new connection.
    """
    said = ""
    while "" not in (reasons := [_reason_to_wait(service, url) for url in database_urls]):
        if reasons[0] != said:
            sys.stderr.write(f"{service} waits: {reasons[0]}\n")
        said = reasons[0]
        time.sleep(every_seconds)


def _reason_to_wait(service: str, database_url: str) -> str:
    needed = needed_revision(service)
    try:
        found = found_revision(database_url)
    except psycopg2.OperationalError as error:
        return f"the database does not answer: {str(error).strip()}"
    return "" if found >= needed else f"the schema is {found or 'not there'}, not {needed} yet"


def main(service: str) -> None:
    address, password_file = os.environ["DATABASE_URL"], os.environ.get("DATABASE_PASSWORD_FILE")
    # Several while one is being rotated: whichever fits.
    passwords = several(Path(password_file).read_text()) if password_file else []
    wait_until_current(service, [with_password(address, one) for one in passwords] or [address])


if __name__ == "__main__":
    main(sys.argv[1])
