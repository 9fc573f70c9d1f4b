"""A backup brought back: into empty databases, then migrated, then caught up with what happened at Stripe since.

The services must be down: they would write into what is being written, and act on half of it.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import stripe

from marquee.db import Database
from marquee.migrate import knows, migrate
from ops.addresses import Address
from ops.manifest import Damaged, Manifest, Part
from ops.programs import run
from services.payment.recovery import settle_since

__all__ = ["InUse", "NotEmpty", "restore"]

Say = Callable[[str], object]
# As far back as the relay fills a broker that lost its memory; inboxes, kept longer, absorb what was heard before.
_SEND_AGAIN = "2 days"


class NotEmpty(SystemExit):
    """A database holds tables already; nothing was changed."""


class InUse(SystemExit):
    """Somebody is connected who would disturb; nothing was changed."""


@dataclass(frozen=True)
class Restored:
    manifest: Manifest
    seconds: float


def restore(
    folder: Path,
    addresses: Mapping[str, Address],
    *,
    client: stripe.StripeClient | None,
    replace: bool,
    say: Say,
    forget: Callable[[Say], object] = lambda say: None,
) -> Restored:
    """Bring the backup in `folder` back. Raises Damaged, NotEmpty and InUse before anything is changed.

    `replace`: what the databases hold is removed. Without `client` nothing is asked of Stripe. `forget` empties what
    else remembers.
    """
    began = time.perf_counter()
    manifest = Manifest.read(folder)
    manifest.verify(folder)
    _require_known(manifest)
    targets = [(part, _target(part, addresses)) for part in manifest.parts]
    _require_quiet(targets)
    if not replace:
        _require_empty(targets)
    say(f"backup of {manifest.at:%Y-%m-%d %H:%M:%S} UTC, all files whole\n")
    forget(say)
    for part, address in targets:
        if replace:
            _empty(address)
        _bring_back(folder, part, address, say)
    if client:
        found = settle_since(_payment_books(addresses), client, manifest.at)
        told = ", ".join(f"{count} {what}" for what, count in found.items())
        say(f"  found at Stripe since the backup, and taken up: {told}\n")
    took = time.perf_counter() - began
    say(f"restored in {took:.1f} s\n")
    return Restored(manifest, took)


def _bring_back(folder: Path, part: Part, address: Address, say: Say) -> None:
    began = time.perf_counter()
    options = ("--no-owner", "--no-privileges", "--no-comments", "--exit-on-error", "--single-transaction")
    run("pg_restore", *options, f"--dbname={address.without_password()}", str(folder / part.file), at=address)
    schema = migrate(part.database, address.url) if part.schema else "not ours"
    again = _send_again(address) if part.schema else 0
    with closing(address.connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    took = time.perf_counter() - began
    say(
        f"  {part.database:<13}{took:6.1f} s, schema {part.schema} → {schema}, {again} events to be sent again\n"
    )


def _send_again(address: Address) -> int:
    """What was sent shortly before the backup may not have been heard by then."""
    with closing(address.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox SET published_at = NULL, broker_epoch = NULL"
            " WHERE published_at > (SELECT max(published_at) FROM outbox) - %s::interval",
            (_SEND_AGAIN,),
        )
        return cursor.rowcount


def _empty(address: Address) -> None:
    with closing(address.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner")
        cursor.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")


# --- what must be so before ------------------------------------------------------------------------------------


def _target(part: Part, addresses: Mapping[str, Address]) -> Address:
    if part.database not in addresses:
        raise Damaged(
            f"the backup holds {part.database}, but DATABASE_URL_{part.database.upper()} is not set"
        )
    return addresses[part.database]


def _require_known(manifest: Manifest) -> None:
    newer = [
        part.database for part in manifest.parts if part.schema and not knows(part.database, part.schema)
    ]
    if newer:
        raise Damaged(f"made by a newer Marquee ({', '.join(newer)}): restore it with that one")


def _require_quiet(targets: list[tuple[Part, Address]]) -> None:
    busy = {
        part.database: names
        for part, address in targets
        if (
            names := _asked(
                address,
                "SELECT DISTINCT coalesce(nullif(application_name, ''), 'somebody') FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
            )
        )
    }
    if busy:
        told = "; ".join(f"{database}: {', '.join(names)}" for database, names in busy.items())
        raise InUse(f"Stop the services first. Connected to {told}")


def _require_empty(targets: list[tuple[Part, Address]]) -> None:
    tables = (
        "SELECT tablename::text FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    full = [part.database for part, address in targets if _asked(address, tables)]
    if full:
        raise NotEmpty(f"not empty: {', '.join(full)}. Restore into an empty Marquee, or say --replace")


def _asked(address: Address, query: str) -> list[str]:
    with closing(address.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return [str(row[0]) for row in cursor.fetchall()]


def _payment_books(addresses: Mapping[str, Address]) -> Database:
    return Database(addresses["payment"].url, pool_size=1, name="marquee-ops")
