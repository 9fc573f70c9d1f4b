"""PostgreSQL's own programs: from PG_BIN, or wherever the shell finds them."""

import os
import shutil
import subprocess
from pathlib import Path

from ops.addresses import Address

__all__ = ["ProgramFailed", "run"]


class ProgramFailed(SystemExit):
    """pg_dump or pg_restore gave up; the message is what it said."""


def run(program: str, *options: str, at: Address | None = None) -> str:
    folder = os.environ.get("PG_BIN")
    path = str(Path(folder) / program) if folder else shutil.which(program)
    if not path or not Path(path).exists():
        raise ProgramFailed(
            f"{program} is not here: install PostgreSQL's client programs, or set PG_BIN to their folder"
        )
    finished = subprocess.run(  # noqa: S603 - our own options
        [path, *options],
        env=at.program_environment() if at else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise ProgramFailed(f"{program} failed:\n{finished.stderr.strip()}")
    return finished.stdout
