"""Backup, restore, check, rotate: what `ops/` does, in a container beside the databases, and what has to be around it."""

import os
import shlex
import sys
import time
from pathlib import Path

import deploying
import vault
from swarm import ENDED, Failed, Swarm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ops.rotation import advance

_JOB = "ops"
_FOLDER = "/backups"


def back_up(swarm: Swarm, keep: int) -> None:
    run_job(swarm, "backup", _FOLDER, "--keep", str(keep))
    print(
        f"It lies where BACKUPS says, otherwise in the volume {swarm.stack}_backups of the node with the data."
    )


def list_backups(swarm: Swarm) -> None:
    run_job(swarm, "list", _FOLDER)


def check(swarm: Swarm, wait_seconds: float) -> None:
    run_job(swarm, "check", "--wait", str(wait_seconds))


def restore(swarm: Swarm, backup: str, *, replace: bool) -> None:
    """Stop what uses the databases, bring the backup back, start again. May be repeated when it was broken off."""
    if not replace:
        raise Failed(
            "This removes what the databases hold now and puts the backup in its place. If that is meant:\n"
            f"  make restore FROM={backup} REPLACE=1"
        )
    folder = f"{_FOLDER}/{backup}"
    run_job(swarm, "verify", folder)
    _halt(swarm, [service.name for service in swarm.services() if _uses_a_database(service.name)])
    try:
        run_job(swarm, "restore", folder, "--replace")
    except Failed as failure:
        raise Failed(
            f"{failure}\nNobody is served now. Once the reason is gone, the same command again; "
            "or, when nothing was changed yet, back to what was: make deploy"
        ) from None
    deploying.deploy(swarm)
    # The clients' secrets in Keycloak are those of the backup.
    swarm.run("service", "update", "--detach", "--force", f"{swarm.stack}_realm")
    deploying.watching.wait(swarm, [])
    check(swarm, 300)


def rotate(swarm: Swarm, name: str, *, retire_now: bool) -> None:
    swarm.require()
    given = os.environ.get(name.upper(), "")
    path = vault.path(name)
    if name in vault.BY_HAND:
        raise Failed(f"{name} is rotated by hand: docs/operations/rotation.md tells how")
    if name not in (*vault.MADE, *vault.GIVEN) or not path.exists():
        names = [known for known in (*vault.MADE, *vault.GIVEN) if known not in vault.BY_HAND]
        raise Failed(f"There is no secret {name} in {vault.FOLDER}. There are: {', '.join(names)}")
    if name in vault.REPLACED:
        _replace(swarm, name, given)
        return
    if name in vault.GIVEN and not given and os.environ.get("STAND_INS") == "1":
        given = vault.GIVEN[name]()
    try:
        advance(
            path,
            name=name,
            given=given,
            roll_out=lambda: deploying.deploy(swarm),
            say=lambda words: print(words, end="", flush=True),
            retire_now=retire_now,
        )
    except SystemExit as refusal:
        raise Failed(str(refusal)) from None


def run_job(swarm: Swarm, *words: str) -> None:
    """One container of the service `ops` that does this, its words as they come. Failed when it did not succeed."""
    service = f"{swarm.stack}_{_JOB}"
    if _replicas(swarm, service) != "0":
        raise Failed(
            f"Another such command is under way, or was broken off. If it was: docker service scale {service}=0"
        )
    earlier = set(_tasks(swarm, service))
    command = shlex.join(["python", "-m", "ops", *words])
    swarm.run("service", "update", "--detach", "--replicas", "1", "--args", command, service)
    try:
        task = _follow(swarm, service, earlier)
    finally:
        swarm.run("service", "scale", "--detach", f"{service}=0")
    if task["Status"]["State"] != "complete":
        reason = task["Status"].get("Err") or task["Status"]["State"]
        raise Failed(f"ops {words[0]} did not succeed: {reason}")


def _follow(swarm: Swarm, service: str, earlier: set[str]) -> dict:
    """Until the new task has ended; what it says is said here."""
    said, told_state = 0, ""
    while True:
        time.sleep(1)
        new = [task for task in _tasks(swarm, service) if task not in earlier]
        task = next(iter(swarm.describe("inspect", "--type", "task", *new[:1])), None) if new else None
        if task is None:
            if _replicas(swarm, service) == "0":
                raise Failed("Its task is gone: somebody deployed or stopped Marquee meanwhile. Try again.")
            continue
        state = task["Status"]["State"]
        lines = swarm.log(task["ID"])
        for line in lines[said:]:
            print(line, flush=True)
        said = max(said, len(lines))
        if state in ENDED:
            return task
        trouble = task["Status"].get("Err", "")
        if trouble and trouble != told_state:
            print(f"waiting: {trouble}", flush=True)
        told_state = trouble


def _replicas(swarm: Swarm, service: str) -> str:
    return swarm.run("service", "inspect", "--format", "{{.Spec.Mode.Replicated.Replicas}}", service).strip()


def _tasks(swarm: Swarm, service: str) -> list[str]:
    return swarm.ask("service", "ps", "-q", "--no-trunc", service).split()


def _uses_a_database(name: str) -> bool:
    return name.removesuffix("-worker") in (*vault.SERVICES, "keycloak")


def _halt(swarm: Swarm, names: list[str]) -> None:
    """Until the last of them has ended: programs that drain still use their database."""
    print(f"Stopping {', '.join(names)} ...", flush=True)
    swarm.run("service", "scale", "--detach", *(f"{swarm.stack}_{name}=0" for name in names))
    deadline = time.monotonic() + 180
    while left := [s.name for s in swarm.services() if s.name in names and s.alive]:
        if time.monotonic() > deadline:
            raise Failed(
                f"Still there: {', '.join(left)}. Nothing was changed; back to what was: make deploy"
            )
        time.sleep(1)


def _replace(swarm: Swarm, name: str, given: str) -> None:
    """What its provider accepts beside the old one for a while, and has made."""
    if not given:
        raise Failed(f"{name} comes from its provider:\n  make rotate SECRET={name} {name.upper()}=...")
    vault.replace(name, given)
    deploying.deploy(swarm)
    print(f"{name}: everybody uses the new one; now let the old one go at its provider")
