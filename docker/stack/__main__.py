"""`python3 docker/stack COMMAND`: what the Makefile's targets for Docker Swarm do. Nothing beyond Python is needed."""

import argparse
import sys

import deploying
import operating
import vault
import watching
from swarm import Failed, Swarm


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker/stack", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, **more: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, **more)
        added.set_defaults(run=run)
        return added

    command("secrets", lambda _: vault.complete(), help="make the secrets that are missing")
    command("deploy", lambda _: deploying.deploy(Swarm()), help="bring what is described to run, and wait")
    command(
        "environment", lambda _: deploying.print_environment(), help="what the stack file's ${…} stand for"
    )
    command("is-up", lambda _: 0 if Swarm().is_up() else 1, help="exit 0 when the stack is deployed")
    command("status", lambda _: watching.show(Swarm()), help="every service, and what is wrong with it")
    logs = command("logs", lambda o: watching.follow_logs(Swarm(), o.services), help="follow the logs")
    logs.add_argument("services", nargs="*")
    scale = command(
        "scale", lambda o: deploying.scale(Swarm(), o.service, o.replicas), help="for now and later"
    )
    scale.add_argument("service")
    scale.add_argument("replicas", type=int)
    rollback = command(
        "rollback", lambda o: deploying.roll_back(Swarm(), o.services), help="one version back"
    )
    rollback.add_argument("services", nargs="*")
    command("stop", lambda _: deploying.stop(Swarm()), help="remove everything but the volumes")
    back_up = command(
        "backup", lambda o: operating.back_up(Swarm(), o.keep), help="all databases, as they are"
    )
    back_up.add_argument("--keep", type=int, default=14)
    command("backups", lambda _: operating.list_backups(Swarm()), help="which backups there are")
    check = command(
        "check", lambda o: operating.check(Swarm(), o.wait), help="seats, money and tickets agree"
    )
    check.add_argument("--wait", type=float, default=0)
    restore = command(
        "restore",
        lambda o: operating.restore(Swarm(), o.backup, replace=o.replace),
        help="bring a backup back; nobody is served meanwhile",
    )
    restore.add_argument("backup")
    restore.add_argument("--replace", action="store_true")
    rotate = command(
        "rotate",
        lambda o: operating.rotate(Swarm(), o.secret, retire_now=o.retire),
        help="a new secret in the place of the old one, while everybody is served",
    )
    rotate.add_argument("secret")
    rotate.add_argument("--retire", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
