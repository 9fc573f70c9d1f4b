"""The operator's commands on the one-machine run: `python -m local backup FOLDER`, `restore BACKUP`, `check`, `rotate`.

The work is done by `ops`, as everywhere; here it is told where this run's databases, Stripe and secrets are.
"""

import argparse
import os
import secrets
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
from local.topology import ROOT, SERVICES, WITH_DATABASE
from ops.rotation import advance

__all__ = ["OPERATIONS", "operate"]

OPERATIONS = ("backup", "restore", "check", "rotate")
# To bring a backup back there must be databases to fill and a Stripe to ask, and nobody who uses them.
_FOR_RESTORE = ("cluster", "postgres", "databases", "stripe")


def operate(what: str, state_dir: Path, given: Mapping[str, str], options: Sequence[str]) -> int:
    if what == "rotate":
        return rotate(Suite(state_dir, env=given).site, options)
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


# By the names they have everywhere, in the files this run keeps them in.
ROTATABLE = {
    **{f"db_{name}": f"database-password-{name}" for name in WITH_DATABASE},
    **{f"client_{name}": f"client-secret-{name}" for name in SERVICES},
    "web_secret_key": "secret-key",
    "session_key": "session-key",
    "ticket_signing_keys": "ticket-signing-keys",
    "stripe_webhook_secret": "stripe-webhook-secret",
}


def rotate(site: Site, options: Sequence[str]) -> int:
    """One instance of each, all started together: they get to know a new value when the next run starts."""
    parser = argparse.ArgumentParser(prog="python -m local rotate")
    parser.add_argument("secret", choices=ROTATABLE, metavar="SECRET", help=", ".join(ROTATABLE))
    parser.add_argument("--retire", action="store_true", help="the old one goes, whatever still needs it")
    wanted = parser.parse_args(options)
    path = site.state.path / "secrets" / ROTATABLE[wanted.secret]
    if not path.exists():
        sys.stderr.write(f"There is no {path} yet: the first `make run` makes it.\n")
        return 1
    # The bank is of this run too, and starts with the others.
    of_the_bank = wanted.secret.startswith("stripe")
    advance(
        path,
        name=wanted.secret,
        given=f"whsec_{secrets.token_hex(24)}" if of_the_bank else "",
        roll_out=lambda: None,
        say=sys.stdout.write,
        retire_now=wanted.retire or of_the_bank,
    )
    sys.stdout.write("It counts from the next start of `make run` on.\n")
    return 0


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
