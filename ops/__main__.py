"""Backup, restore, the check of the books, and rotation of secrets.

Environment: DATABASE_URL_<SERVICE> of every service, DATABASE_URL_KEYCLOAK where its database shall be in the backup;
STRIPE_API_KEY (and STRIPE_API_BASE) for what Stripe says; REDIS_URL and RABBITMQ_URL (and their …_PASSWORD) for what
a restore empties; PG_BIN for PostgreSQL's programs. Each also as …_FILE.
"""

import argparse
import sys
import time
from pathlib import Path

from ops.addresses import databases
from ops.backup import back_up, backups_in
from ops.forgetting import forget
from ops.invariants import open_books
from ops.ledger import intents, stripe_client
from ops.manifest import Manifest
from ops.restore import restore
from ops.rotation import STEPS, rotate

_SHOWN = 5


def main(arguments: list[str]) -> int:
    wanted = _parser().parse_args(arguments)
    match wanted.command:
        case "backup":
            back_up(databases(), wanted.into, keep=wanted.keep, say=_say, name=wanted.name)
        case "list":
            show(wanted.folder)
        case "verify":
            manifest = Manifest.read(wanted.backup)
            manifest.verify(wanted.backup)
            _say(f"{wanted.backup}: whole, of {manifest.at:%Y-%m-%d %H:%M:%S} UTC\n")
        case "restore":
            client = None if wanted.without_stripe else stripe_client()
            if client is None and not wanted.without_stripe:
                _say("STRIPE_API_KEY is not set: money that moved since the backup would stay unknown.\n")
                _say("Set it, or say --without-stripe.\n")
                return 2
            restore(
                wanted.backup, databases(), client=client, replace=wanted.replace, forget=forget, say=_say
            )
        case "check":
            return check(wanted.wait, wanted.quiet, without_stripe=wanted.without_stripe)
        case "rotate":
            given = wanted.value_file.read_text().strip() if wanted.value_file else ""
            rotate(wanted.step, wanted.file, given)
            _say(f"{wanted.file.name}: {wanted.step} done; now restart the programs that read it\n")
    return 0


def show(folder: Path) -> None:
    for backup in backups_in(folder):
        manifest = Manifest.read(backup)
        size = sum(part.bytes for part in manifest.parts) / 1e6
        _say(f"{backup.name}  {len(manifest.parts)} databases, {size:.1f} MB\n")


def check(wait_seconds: float, quiet_seconds: float, *, without_stripe: bool) -> int:
    """0 when every invariant holds, at the latest after `wait_seconds`; else 1, with what is wrong in words."""
    client = None if without_stripe else stripe_client()
    deadline = time.monotonic() + wait_seconds
    while True:
        books = open_books(databases(), intents(client) if client else ())
        wrong = books.violations(quiet_seconds=quiet_seconds, moment_seconds=min(60.0, quiet_seconds))
        books.close()
        if client is None:
            # Without Stripe's side there is nothing to hold against ours.
            wrong = {
                name: rows for name, rows in wrong.items() if "Stripe" not in name and "charge" not in name
            }
        if not wrong or time.monotonic() > deadline:
            break
        time.sleep(1)
    for name, rows in wrong.items():
        _say(f"WRONG  {name}: {len(rows)}\n")
        for row in rows[:_SHOWN]:
            _say(f"         {', '.join(map(str, row))}\n")
    told = "without Stripe's ledger" if client is None else "with Stripe's ledger"
    _say(f"{'the books are not in order' if wrong else 'all invariants hold'}, {told}\n")
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    one = commands.add_parser("backup", help="all databases as they are at one moment; Marquee may run")
    one.add_argument("into", type=Path, help="the folder of the backups")
    one.add_argument("--keep", type=int, default=14, help="how many to keep, 0 for all (14)")
    one.add_argument("--name", default="", help="instead of the time")

    one = commands.add_parser("list", help="which backups there are, oldest first")
    one.add_argument("folder", type=Path)

    one = commands.add_parser("verify", help="whether a backup is whole")
    one.add_argument("backup", type=Path)

    one = commands.add_parser("restore", help="bring a backup back; the services must be down")
    one.add_argument("backup", type=Path)
    one.add_argument("--replace", action="store_true", help="remove what the databases hold now")
    one.add_argument("--without-stripe", action="store_true", help="do not look for money that moved since")

    one = commands.add_parser("check", help="whether seats, money and tickets agree")
    one.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="for what is under way (0)")
    one.add_argument(
        "--quiet", type=float, default=1200, metavar="SECONDS", help="older than that is stuck (1200)"
    )
    one.add_argument("--without-stripe", action="store_true")

    one = commands.add_parser("rotate", help="the next step of a secret's rotation")
    one.add_argument("step", choices=STEPS)
    one.add_argument("file", type=Path, help="the secret's file")
    one.add_argument("--value-file", type=Path, help="holds the new value, where a provider gave it")
    return parser


def _say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
