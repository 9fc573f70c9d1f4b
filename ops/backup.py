"""A backup: every database as it was at one moment, in a folder named after that moment.

Typefaces, posters, the cache and what waits in the broker are not in it: they are made anew, or sent again from the
outboxes. Secrets are not in it either; keep them apart from the data they protect, but keep them.
"""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ops.addresses import Address
from ops.manifest import NAME, Manifest, Part, checksum
from ops.moment import one_moment
from ops.programs import run

__all__ = ["AlreadyThere", "back_up", "backups_in"]

Say = Callable[[str], object]
_UNFINISHED = ".unfinished"


class AlreadyThere(SystemExit):
    """There is a backup of this name; it is not touched."""


def back_up(addresses: Mapping[str, Address], into: Path, *, keep: int, say: Say, name: str = "") -> Path:
    """Make a backup in `into` and remove the oldest ones beyond `keep`; answers its folder."""
    folder = into / (name or datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ"))
    unfinished = folder.with_name(folder.name + _UNFINISHED)
    if folder.exists():
        raise AlreadyThere(f"{folder} is there already")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    began = time.perf_counter()
    with one_moment(addresses) as moment:
        say(f"one moment of {len(addresses)} databases: {moment.at:%Y-%m-%d %H:%M:%S.%f} UTC, ")
        say(f"writers waited {moment.held_up_seconds * 1000:.0f} ms\n")
        parts = [
            _dump(name, address, moment.snapshots[name], unfinished, say)
            for name, address in addresses.items()
        ]
    Manifest(moment.at, _server_version(next(iter(addresses.values()))), parts).write(unfinished)
    _make_durable(unfinished)
    unfinished.rename(folder)
    total = sum(part.bytes for part in parts)
    say(f"{folder}: {total / 1e6:.1f} MB in {time.perf_counter() - began:.1f} s\n")
    for old in backups_in(into)[:-keep] if keep else []:
        shutil.rmtree(old)
        say(f"removed {old.name}: {keep} are kept\n")
    return folder


def backups_in(folder: Path) -> list[Path]:
    """The finished ones, oldest first."""
    found = [path.parent for path in folder.glob(f"*/{NAME}") if not path.parent.name.endswith(_UNFINISHED)]
    return sorted(found, key=lambda path: Manifest.read(path).at)


def _dump(name: str, address: Address, snapshot: str, folder: Path, say: Say) -> Part:
    began = time.perf_counter()
    path = folder / f"{name}.dump"
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
    run("pg_dump", *options, f"--file={path}", f"--dbname={address.without_password()}", at=address)
    part = Part(name, path.name, path.stat().st_size, checksum(path), _schema(address))
    say(f"  {name:<13}{part.bytes / 1e6:8.1f} MB {time.perf_counter() - began:6.1f} s\n")
    return part


def _schema(address: Address) -> str | None:
    """The migration that the tables are at; none where they are not ours."""
    with closing(address.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return None
        cursor.execute("SELECT version_num FROM alembic_version")
        row = cursor.fetchone()
    return str(row[0]) if row else None


def _server_version(address: Address) -> str:
    with closing(address.connect()) as connection:
        return str(connection.info.parameter_status("server_version"))


def _make_durable(folder: Path) -> None:
    """On the disk before it counts as a backup."""
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
