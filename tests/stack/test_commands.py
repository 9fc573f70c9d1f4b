"""`make secrets`, `make deploy` and what they say, without a Docker."""

import base64
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from local.topology import SERVICES, WITH_WORKER
from tests.stack.rendering import rendered
from tests.stack.told import for_developers

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {
    "STRIPE_API_KEY": "sk_live_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
    "SMTP_URL": "smtps://me:pw@mail.example",
}


@pytest.fixture
def secrets(tmp_path) -> Path:
    return tmp_path / "secrets"


def run(secrets: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "SECRETS_DIR": str(secrets), **variables}
    return subprocess.run(
        [sys.executable, ROOT / "docker" / "stack", *words],
        cwd=secrets.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def make(secrets: Path, target: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The same as an operator says it."""
    settings = {
        "PYTHON": sys.executable,
        "SECRETS_DIR": str(secrets),
        "SETTINGS": str(secrets.parent / "none.env"),
        **variables,
    }
    return subprocess.run(
        ["make", target, *(f"{name}={value}" for name, value in settings.items())],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_docker(folder: Path, answers: str) -> str:
    """A `docker` that answers by a shell `case` over its arguments and notes what it was told."""
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$*" >>{folder}/told\ncase "$*" in\n{answers}\nesac\n')
    program.chmod(0o755)
    return str(program)


def test_secrets_are_made_once_and_only_their_owner_reaches_them(secrets):
    assert run(secrets, "secrets", **GIVEN).returncode == 0
    first = {file.name: file.read_text() for file in secrets.iterdir()}

    again = run(secrets, "secrets")

    assert "new" not in again.stdout
    assert {file.name: file.read_text() for file in secrets.iterdir()} == first
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert first.pop("db_superuser_first") == first["db_superuser"]
    assert len(set(first.values())) == len(first)


def test_keys_have_the_shape_their_readers_want(secrets):
    run(secrets, "secrets", **GIVEN)

    number, _, seed = (secrets / "ticket_signing_keys").read_text().partition(":")
    assert (number, len(base64.b64decode(seed))) == ("1", 32)
    assert len(base64.urlsafe_b64decode((secrets / "session_key").read_text())) == 32
    assert (secrets / "stripe_api_key").read_text() == "sk_live_1"


def test_what_only_others_can_give_is_asked_for_by_name(secrets):
    refused = run(secrets, "secrets", STRIPE_API_KEY="sk_live_1")

    assert refused.returncode == 1
    assert "stripe_publishable_key, stripe_webhook_secret, smtp_url" in refused.stderr
    assert "STAND_INS=1" in refused.stderr


def test_stand_ins_need_nothing(secrets):
    assert run(secrets, "secrets", STAND_INS="1").returncode == 0
    assert (secrets / "stripe_api_key").read_text().startswith("sk_test_")


def test_a_changed_secret_has_another_name_and_the_others_keep_theirs(secrets):
    run(secrets, "secrets", **GIVEN)
    before = set(run(secrets, "environment").stdout.splitlines())
    (secrets / "db_movies").unlink()
    (secrets / "db_movies").write_text("another")

    after = set(run(secrets, "environment").stdout.splitlines())

    assert [line.partition("=")[0] for line in after - before] == ["export V_DB_MOVIES"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("info*) exit 1;;", "Docker does not answer"),
        ("info*) echo inactive false;;", "docker swarm init"),
    ],
)
def test_a_deploy_says_what_is_missing_first(secrets, tmp_path, answers, said):
    refused = run(secrets, "deploy", DOCKER=fake_docker(tmp_path, answers), **GIVEN)

    assert refused.returncode == 1
    assert said in refused.stderr


def test_without_docker_it_says_so(secrets):
    assert "There is no nowhere here" in run(secrets, "deploy", DOCKER="nowhere", **GIVEN).stderr
    assert run(secrets, "is-up", DOCKER="nowhere").returncode == 1


NODES = """info*) echo active true;;
"node ls -q") echo a;;
"node inspect a") echo '[{"ID":"a","Description":{"Hostname":"one"},"Spec":{"Labels":{}}}]';;
image*) exit 1;;"""


def test_the_only_node_keeps_the_data_and_images_have_to_be_there(secrets, tmp_path):
    refused = run(secrets, "deploy", DOCKER=fake_docker(tmp_path, NODES), VERSION="v1", **GIVEN)

    assert "node update --label-add data=true a" in (tmp_path / "told").read_text()
    assert "marquee/web:v1" in refused.stderr
    assert "make images" in refused.stderr


ALL_THERE = NODES.replace("image*) exit 1", "image*) echo there").replace("{}}}]", '{"data":"true"}}}]')


def test_images_are_built_on_what_is_named(secrets):
    pinned = f"postgres@sha256:{'0' * 64}"

    done = make(secrets, "images", DOCKER_BUILD="echo", STAND_INS="1", POSTGRES_IMAGE=pinned)

    built = [line for line in done.stdout.splitlines() if "-f docker/Dockerfile" in line]
    assert len(built) == 9
    assert [line for line in built if f"--build-arg POSTGRES_IMAGE={pinned}" not in line] == []


@pytest.mark.parametrize("way", [make, run])
def test_docker_is_told_the_same_however_it_is_asked(secrets, tmp_path, way):
    docker = fake_docker(tmp_path, f"{ALL_THERE}\nstack*) exit 1;;")

    refused = way(secrets, "deploy", DOCKER=docker, **GIVEN)

    assert refused.returncode != 0
    [told] = [line for line in (tmp_path / "told").read_text().splitlines() if line.startswith("stack")]
    assert told == f"stack deploy --with-registry-auth -c {ROOT / 'docker-stack.yml'} marquee"


def test_of_several_nodes_somebody_has_to_choose(secrets, tmp_path):
    other = '{"ID":"b","Description":{"Hostname":"two"},"Spec":{}},'
    two = NODES.replace("echo '[", f"echo '[{other}")
    refused = run(secrets, "deploy", DOCKER=fake_docker(tmp_path, two), **GIVEN)

    assert "docker node update --label-add data=true NODE" in refused.stderr
    assert "label-add" not in (tmp_path / "told").read_text()


WEB = {
    "Name": "marquee_web",
    "Mode": {"Replicated": {"Replicas": 1}},
    "TaskTemplate": {"ContainerSpec": {"Image": "marquee/web:2"}},
}
ONE_SERVICE = """'service ls'*) echo s1;; 'node ls'*) echo n1;;
'node inspect'*) echo '[{"ID": "n1", "Description": {"Hostname": "here"}}]';;"""


def one_service(spec: dict = WEB, **more: object) -> str:
    """A stack of web alone, or of another one, of which no task runs."""
    service = {"ID": "s1", "Spec": spec, **more}
    return f"{ONE_SERVICE}\n'service inspect'*) echo '{json.dumps([service])}';;"


def test_status_shows_what_is_wrong_and_ends_with_an_error(secrets, tmp_path):
    status = make(secrets, "status", DOCKER=fake_docker(tmp_path, one_service()))

    assert "web      0/1" in status.stdout
    assert "web is not well" in status.stdout
    assert status.returncode != 0


def test_going_back_says_so_where_the_last_deploy_changed_nothing(secrets, tmp_path):
    answers = f"'service rollback'*) exit 1;;\n{one_service(PreviousSpec=WEB)}"
    docker = fake_docker(tmp_path, answers)

    refused = run(secrets, "rollback", "web", DOCKER=docker)

    assert refused.returncode == 1
    assert "make deploy VERSION=" in refused.stderr


@pytest.mark.parametrize(
    "name", ["postgres", "rabbitmq", "redis", "keycloak", "migrate", "gateway", "stripe"]
)
def test_what_the_stack_file_has_no_number_for_is_not_scaled(secrets, tmp_path, name):
    docker = fake_docker(tmp_path, one_service({**WEB, "Name": f"marquee_{name}"}))

    refused = run(secrets, "scale", name, "2", DOCKER=docker, STAND_INS="1")

    assert refused.returncode == 1
    assert "can be scaled: web, auth, auth-worker, movies, movies-worker" in refused.stderr
    assert "service scale" not in (tmp_path / "told").read_text()
    assert not (tmp_path / "stack.env").exists()


@pytest.mark.parametrize("name", sorted({*SERVICES, *(f"{name}-worker" for name in WITH_WORKER)}))
def test_every_program_of_ours_is_scaled_now_and_in_the_next_deploy(secrets, tmp_path, name):
    docker = fake_docker(tmp_path, one_service({**WEB, "Name": f"marquee_{name}"}))

    run(secrets, "scale", name, "2", DOCKER=docker, DEPLOY_TIMEOUT="0.1")

    assert f"service scale --detach marquee_{name}=2\n" in (tmp_path / "told").read_text()
    [(variable, count)] = [line.split("=") for line in (tmp_path / "stack.env").read_text().splitlines()]
    stack = rendered(**{variable: count})["services"]
    assert stack[name]["deploy"]["replicas"] == "2"


UP = "-f docker-stack.yml -f docker-compose.override.yml up"


@pytest.mark.parametrize("document", ["docs/operations/deploy.md", "docker-compose.override.yml"])
def test_developers_are_told_to_make_the_secrets_first(document):
    assert for_developers(document) == ["make secrets STAND_INS=1", f"docker compose {UP} --build"]


def test_what_developers_make_first_is_all_that_the_stack_asks_for(secrets):
    assert make(secrets, "secrets", STAND_INS="1").returncode == 0

    files = {name: Path(one["file"]) for name, one in rendered(SECRETS_DIR=str(secrets))["secrets"].items()}
    assert [name for name, file in files.items() if not file.is_file()] == []
    # From here on, nothing has to be said any more.
    done = make(secrets, "dev", COMPOSE="echo told")
    assert done.returncode == 0
    assert f"told {UP} --detach\n" in done.stdout
