"""Look at parked events and put them back: `python -m marquee.messaging.replay notification [--all | ID..]`.

Without `--all` or ids it only lists. RABBITMQ_URL or REDIS_URL say where the broker is, with their passwords beside.
"""

from __future__ import annotations

import argparse
import sys

from marquee.messaging.broker import connect
from marquee.messaging.topology import SUBSCRIPTIONS
from marquee.messaging.transport import Broker
from marquee.settings import Variables

__all__ = ["main"]


class Brokers(Variables):
    redis_url: str = ""
    redis_password: str = ""
    rabbitmq_url: str | None = None
    rabbitmq_password: str = ""


def main(arguments: list[str], broker: Broker | None = None) -> None:
    wanted = _parse(arguments)
    at = broker or _broker()
    if wanted.all or wanted.ids:
        count = at.replay(wanted.group, ids=None if wanted.all else wanted.ids)
        sys.stdout.write(f"{count} events are back in the queue of {wanted.group}\n")
        return
    parked = at.parked(wanted.group)
    for one in parked:
        sys.stdout.write(f"{one.id}  {one.routing_key}  attempts {one.attempts}  {one.reason}\n")
    sys.stdout.write(f"{len(parked)} parked in {wanted.group}\n")


def _broker() -> Broker:
    where = Brokers.from_environment()
    return connect(where.rabbitmq_url, where.redis_url)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="marquee.messaging.replay")
    parser.add_argument("group", choices=sorted(SUBSCRIPTIONS))
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--all", action="store_true", help="put everything parked back")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
