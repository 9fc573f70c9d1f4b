"""Deploy, scale, go back, stop: each may be repeated, and each waits until what it asked for has come true."""

import hashlib
import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import vault
import watching
from swarm import DOCKER, Failed, Service, Swarm

ROOT = Path(__file__).resolve().parents[2]
STACK_FILE = ROOT / "docker-stack.yml"
STAND_INS_FILE = ROOT / "docker-stack.stand-ins.yml"
TLS_FILE = ROOT / "docker-stack.tls.yml"
SETTINGS_FILE = Path(os.environ.get("SETTINGS") or "stack.env")
CONFIGS = {
    "GATEWAY_START": "gateway/start.sh",
    "GATEWAY_NGINX": "gateway/nginx.conf",
    "GATEWAY_SITE": "gateway/site.conf",
    "GATEWAY_MAINTENANCE": "gateway/maintenance.html",
    "RABBITMQ": "docker/rabbitmq.conf",
    "PROMETHEUS": "monitoring/prometheus.yml",
    "ALERTS": "monitoring/alerts.yml",
    "DEMO_PEOPLE": "keycloak/demo/marquee-users-0.json",
}
# Ends with the option for the first file, so that a deployer of another shape can take its place.
_USUAL_DEPLOYER = shlex.join([*DOCKER, "stack", "deploy", "--with-registry-auth", "-c"])
STACK_DEPLOY = os.environ.get("STACK_DEPLOY") or _USUAL_DEPLOYER


def files() -> list[Path]:
    stand_ins = [STAND_INS_FILE] if os.environ.get("STAND_INS") == "1" else []
    own = [Path(name).resolve() for name in (os.environ.get("STACK_FILES") or "").split()]
    return [STACK_FILE, *stand_ins, *([TLS_FILE] if vault.has_tls() else []), *own]


def versions() -> dict[str, str]:
    """For the name of each secret and config: a digest of what it holds."""
    held = {name: vault.path(name.lower()) for name in map(str.upper, (*vault.NAMES, *vault.TLS))}
    held |= {name: ROOT / path for name, path in CONFIGS.items()}
    return {
        f"V_{name}": hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        for name, path in held.items()
        if path.exists()
    }


def environment() -> dict[str, str]:
    return {"STACK": Swarm().stack, "SECRETS_DIR": str(vault.FOLDER.resolve()), **versions()}


def print_environment() -> None:
    for name, value in environment().items():
        print(f"export {name}={shlex.quote(value)}")


def deploy(swarm: Swarm) -> None:
    swarm.require()
    vault.complete()
    _place_the_data(swarm)
    _require_images(swarm)
    before = swarm.services()
    first, *more = files()
    extra = [word for file in more for word in ("-c", str(file))]
    command = [*shlex.split(STACK_DEPLOY), str(first), swarm.stack, *extra]
    print(f"Deploying {swarm.stack}, version {os.environ.get('VERSION') or 'dev'} ...", flush=True)
    if subprocess.run(command, env=os.environ | environment(), check=False).returncode:
        raise Failed("Docker did not take it; the reason stands above. What ran before runs on.")
    watching.wait(swarm, before)
    print(f"Marquee is at {os.environ.get('PUBLIC_URL') or 'http://localhost:8081'}")


def scale(swarm: Swarm, service: str, replicas: int) -> None:
    """Only what the stack file has a number for: two PostgreSQL on one volume would spoil its data."""
    found, variables = _named(swarm, service), _replica_variables()
    variable = variables.get(found.name)
    if variable is None:
        raise Failed(f"{service} runs as the stack file says. These can be scaled: {', '.join(variables)}")
    swarm.run("service", "scale", "--detach", f"{swarm.stack}_{found.name}={replicas}")
    _remember(variable, str(replicas))
    print(f"{variable}={replicas} stands in {SETTINGS_FILE}, so that the next deploy keeps it.")
    watching.wait(swarm, [])


def roll_back(swarm: Swarm, names: list[str]) -> None:
    """To what each service was before its last change. Databases stay: old code reads the newer schema."""
    services = [_named(swarm, name) for name in names] or _of_the_last_version(swarm)
    services = [service for service in services if service.can_go_back]
    if not services:
        raise Failed(
            "There is nothing to go back to: the last deploy changed none of these services.\n"
            "  make deploy VERSION=... brings any version whose images are there"
        )
    before = swarm.services()
    for service in services:
        swarm.run("service", "rollback", "--detach", f"{swarm.stack}_{service.name}")
        print(f"{service.name}: going back from {service.image}")
    watching.wait(swarm, before, going_back=True)


def stop(swarm: Swarm) -> None:
    if not swarm.is_up():
        print(f"{swarm.stack} is not deployed.")
        return
    swarm.run("stack", "rm", swarm.stack)
    print(f"Removing {swarm.stack} ...", flush=True)
    deadline = time.monotonic() + 120
    while left := _left_over(swarm):
        if time.monotonic() > deadline:
            raise Failed(f"Still there: {', '.join(left)}. Look again with: docker stack ps {swarm.stack}")
        time.sleep(1)
    print("Stopped. The volumes stay; make deploy starts again with everything as it was.")


def _place_the_data(swarm: Swarm) -> None:
    """Databases run where their files are: on the node labelled data=true."""
    nodes = swarm.nodes()
    if any(node["Spec"].get("Labels", {}).get("data") == "true" for node in nodes):
        return
    if len(nodes) > 1:
        names = ", ".join(node["Description"]["Hostname"] for node in nodes)
        raise Failed(
            f"Which of {names} shall keep the data? Say it once:\n  docker node update --label-add data=true NODE"
        )
    swarm.run("node", "update", "--label-add", "data=true", nodes[0]["ID"])


def _require_images(swarm: Swarm) -> None:
    """With a registry the nodes pull; without one the images must be here."""
    if os.environ.get("REGISTRY"):
        return
    versions = {name: os.environ.get("VERSION") or "dev" for name in (*vault.SERVICES, "jobs")}
    versions["keycloak"] = os.environ.get("KEYCLOAK_VERSION") or "dev"
    if STAND_INS_FILE in files():
        versions["stand-ins"] = os.environ.get("STAND_INS_VERSION") or "dev"
    wanted = [f"marquee/{name}:{version}" for name, version in versions.items()]
    missing = [image for image in wanted if not swarm.ask("image", "inspect", "--format", "{{.Id}}", image)]
    if missing:
        raise Failed(f"These images are not built yet: {', '.join(missing)}.\n  make images")


def _named(swarm: Swarm, name: str) -> Service:
    services = {service.name: service for service in swarm.services()}
    if name not in services:
        raise Failed(
            f"There is no service {name}. There are: {', '.join(services) or 'none, the stack is not deployed'}"
        )
    return services[name]


def _replica_variables() -> dict[str, str]:
    """Service -> the variable that says how many of it run: movies-worker -> MOVIES_WORKER_REPLICAS."""
    text = "".join(file.read_text() for file in files())
    found = re.findall(r"\$\{((\w+)_REPLICAS)\b", text)
    return {name.lower().replace("_", "-"): variable for variable, name in found}


def _of_the_last_version(swarm: Swarm) -> list[Service]:
    """Programs of ours; their servers are rolled back only by name."""
    return [
        service for service in swarm.services() if "marquee/" in service.image and not service.is_one_shot
    ]


def _remember(variable: str, value: str) -> None:
    text = SETTINGS_FILE.read_text() if SETTINGS_FILE.exists() else ""
    kept = re.sub(rf"^{variable}=.*\n?", "", text, flags=re.MULTILINE)
    SETTINGS_FILE.write_text(f"{kept.rstrip()}\n{variable}={value}\n".lstrip())


def _left_over(swarm: Swarm) -> list[str]:
    mine = f"label=com.docker.stack.namespace={swarm.stack}"
    containers = swarm.ask("ps", "-a", "--filter", mine, "--format", "{{.Names}}").split()
    networks = swarm.ask("network", "ls", "--filter", mine, "--format", "{{.Name}}").split()
    return containers + networks
