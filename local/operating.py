"""The operator's commands on the one-machine run: `python -m local backup FOLDER`, `restore BACKUP`, `check`.

The work is done by `ops`, as everywhere; here it is told where this run's databases and Stripe are.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.runner.state import AlreadyRunning
from local.runner.supervisor import StartFailed
from local.servers import find_postgres
from local.site import Site
from local.suite import PortsTaken, Suite
from local.topology import ROOT, WITH_DATABASE

__all__ = ["OPERATIONS", "operate"]

OPERATIONS = ("backup", "restore", "check")
# To bring a backup back there must be databases to fill and a Stripe to ask, and nobody who uses them.
_FOR_RESTORE = ("cluster", "postgres", "databases", "stripe")


def operate(what: str, state_dir: Path, given: Mapping[str, str], options: Sequence[str]) -> int:
    if what != "restore":
        return run_ops(Suite(state_dir, env=given).site, what, *options)
    try:
        with Suite(state_dir, env=given, only=_FOR_RESTORE) as suite:
            # Its events are of a time that the databases will not know; what is missing is sent again.
            shutil.rmtree(suite.site.state.path / "valkey", ignore_errors=True)
            return run_ops(suite.site, what, *options)
    except (AlreadyRunning, PortsTaken, StartFailed) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


def run_ops(site: Site, *arguments: str) -> int:
    environment = {**os.environ, **_environment(site)}
    # Paths are meant from where the person stands.
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments], env=environment, cwd=Path.cwd(), check=False
    ).returncode


def _environment(site: Site) -> dict[str, str]:
    """What the commands of `ops` need to know of this run."""
    urls = {f"DATABASE_URL_{name.upper()}": site.database_url(name) for name in WITH_DATABASE}
    stripe = {name: str(value) for name, value in site.stripe_keys.items()}
    path = os.pathsep.join((str(ROOT), str(ROOT / "shared")))
    return {**urls, **stripe, "PG_BIN": str(find_postgres()), "PYTHONPATH": path}
