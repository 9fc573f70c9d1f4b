"""Looking at the stack: until it is well, now, or what it says."""

import os
import subprocess
import time

from swarm import Failed, Service, Swarm

# A first start on a small machine starts forty programs at once.
PATIENCE_SECONDS = float(os.environ.get("DEPLOY_TIMEOUT") or 900)
SETTLED_SECONDS = 3


def wait(swarm: Swarm, before: list[Service], *, going_back: bool = False) -> None:
    """Until every service runs as wanted. Failed when one was taken back, stopped half way, or time is up."""
    began, said, well_since = time.monotonic(), "", None
    earlier = {service.name: service.update_began for service in before}
    while True:
        services = swarm.services()
        waiting = [service for service in services if not service.is_well]
        line = ", ".join(f"{service.name} {service.count}" for service in waiting)
        if line and line != said:
            print(f"{time.monotonic() - began:4.0f} s  waiting for {line}", flush=True)
        said = line
        if failed := [s for s in services if _was_refused(s, earlier, going_back=going_back)]:
            raise Failed(_explained(swarm, failed))
        if waiting:
            well_since = None
        elif well_since is None:
            well_since = time.monotonic()
        elif time.monotonic() - well_since >= SETTLED_SECONDS:
            print(f"{len(services)} services are well after {time.monotonic() - began:.0f} s", flush=True)
            return
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise Failed(f"Not well after {PATIENCE_SECONDS:.0f} s.\n{_explained(swarm, waiting)}")
        time.sleep(1)


def show(swarm: Swarm) -> int:
    services = swarm.services()
    if not services:
        raise Failed(f"{swarm.stack} is not deployed.")
    rows = [("SERVICE", "RUNNING", "IMAGE", "LAST CHANGE", "ON")]
    for service in services:
        where = " ".join(service.nodes) or "-"
        rows.append((service.name, service.count, service.image, service.update or "-", where))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join([*(word.ljust(width) for word, width in zip(row, widths)), row[4]]))
    unwell = [service for service in services if not service.is_well]
    for service in unwell:
        print(
            f"\n{service.name} is not well: {'; '.join(service.troubles) or service.update_message or 'starting'}"
        )
    return 1 if unwell else 0


def follow_logs(swarm: Swarm, names: list[str]) -> None:
    """Of all services, or of those named, until Ctrl-C."""
    chosen = names or [service.name for service in swarm.services()]
    if not chosen:
        raise Failed(f"{swarm.stack} is not deployed.")
    readers = [
        subprocess.Popen(
            [*swarm.docker, "service", "logs", "--follow", "--raw", "--tail", "20", f"{swarm.stack}_{name}"]
        )
        for name in chosen
    ]
    try:
        for reader in readers:
            reader.wait()
    finally:
        for reader in readers:
            reader.terminate()


def _was_refused(service: Service, earlier: dict[str, str], *, going_back: bool) -> bool:
    """Whether the change that just began was given up. What happened before it does not count."""
    if service.update_began == earlier.get(service.name, "") and not going_back:
        return False
    given_up = {"paused", "rollback_paused"} | (set() if going_back else {"rollback_completed"})
    return service.update in given_up


def _explained(swarm: Swarm, services: list[Service]) -> str:
    return "\n\n".join(_trouble_of(swarm, service) for service in services)


def _trouble_of(swarm: Swarm, service: Service) -> str:
    word = {
        "rollback_completed": "the new version did not get well, the one before it runs",
        "paused": "the change stopped half way",
        "rollback_paused": "the change and the way back both stopped half way",
    }.get(service.update, f"{service.count} running")
    troubles = "".join(f"\n    {trouble}" for trouble in service.troubles)
    told = swarm.log(f"{swarm.stack}_{service.name}", "--tail", "12")
    lines = "".join(f"\n    | {line[:220]}" for line in told[-12:])
    return f"{service.name}: {word}.{troubles}{lines}"
