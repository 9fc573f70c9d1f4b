"""`make backup`, `make restore` and `make rotate` on the swarm, without a Docker: what they ask of it and refuse."""

import importlib
from pathlib import Path

import pytest

from tests.stack.test_commands import GIVEN, fake_docker, run

ROOT = Path(__file__).resolve().parents[2]
# A task of `ops` appears once the service is updated, and ends as it should.
JOB = """"service inspect"*) echo 0;;
"service update"*) touch FOLDER/updated;;
"service ps"*) [ ! -e FOLDER/updated ] || echo task1;;
"inspect --type task"*) echo '[{"ID":"task1","Status":{"State":"STATE","Err":"task: non-zero exit (1)"}}]';;
"service logs"*) echo one moment of 7 databases;;"""
# One node that keeps the data, all images there, and a stack that is well at once.
SWARM = """info*) echo active true;;
"node ls -q") echo a;;
"node inspect a") echo '[{"ID":"a","Description":{"Hostname":"one"},"Spec":{"Labels":{"data":"true"}}}]';;
"image inspect"*) echo there;;"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    run(folder, "secrets", **GIVEN)
    return folder


def job(folder: Path, state: str) -> str:
    return fake_docker(folder, JOB.replace("FOLDER", str(folder)).replace("STATE", state))


def told(folder: Path) -> str:
    return (folder / "told").read_text()


def deployer(folder: Path, secret: str) -> str:
    """Instead of `docker stack deploy -c`: notes what the secret's file says."""
    program = folder / "deploy"
    program.write_text(f'#!/bin/sh\ncat "$SECRETS_DIR/{secret}" >>{folder}/seen\necho >>{folder}/seen\n')
    program.chmod(0o755)
    return str(program)


def test_a_backup_is_one_task_beside_the_databases_and_its_words_are_shown(secrets, tmp_path):
    done = run(secrets, "backup", "--keep", "3", DOCKER=job(tmp_path, "complete"))

    assert done.returncode == 0, done.stderr
    assert "one moment of 7 databases" in done.stdout
    assert (
        "service update --detach --replicas 1 --args python -m ops backup /backups --keep 3 marquee_ops"
        in told(tmp_path)
    )
    assert told(tmp_path).splitlines()[-1] == "service scale --detach marquee_ops=0"


def test_a_log_that_docker_never_ends_is_read_as_far_as_it_goes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docker" / "stack")
    docker = fake_docker(tmp_path, '"service logs"*) echo 3 of 7 databases; exec sleep 3600;;')

    swarm = importlib.import_module("swarm").Swarm(docker=[docker], log_seconds=1)

    assert swarm.log("task1") == ["3 of 7 databases"]


def test_a_job_that_fails_ends_the_command_and_leaves_no_task(secrets, tmp_path):
    done = run(secrets, "check", DOCKER=job(tmp_path, "failed"))

    assert done.returncode == 1
    assert "ops check did not succeed" in done.stderr
    assert told(tmp_path).splitlines()[-1] == "service scale --detach marquee_ops=0"


def test_a_job_whose_task_somebody_took_away_is_not_waited_for(secrets, tmp_path):
    done = run(secrets, "backup", DOCKER=fake_docker(tmp_path, '"service inspect"*) echo 0;;'))

    assert done.returncode == 1
    assert "somebody deployed or stopped" in done.stderr


def test_two_jobs_are_not_done_at_once(secrets, tmp_path):
    refused = run(secrets, "backup", DOCKER=fake_docker(tmp_path, '"service inspect"*) echo 1;;'))

    assert refused.returncode == 1
    assert "under way" in refused.stderr
    assert "service update" not in told(tmp_path)


def test_a_restore_touches_nothing_unless_told_that_what_is_there_may_go(secrets, tmp_path):
    refused = run(secrets, "restore", "evening", DOCKER=job(tmp_path, "complete"))

    assert refused.returncode == 1
    assert "make restore FROM=evening REPLACE=1" in refused.stderr
    assert not (tmp_path / "told").exists()


def task(name: str, node: str, state: str) -> str:
    found = f'"ID":"{name}","ServiceID":"s1","NodeID":"{node}","DesiredState":"remove","CreatedAt":"1"'
    return (
        f'{{{found},"Spec":{{"ContainerSpec":{{"Image":"marquee/auth:1"}}}},"Status":{{"State":"{state}"}}}}'
    )


DRAINING = f""""service ls"*) echo s1;;
"stack ps"*) echo t1 t2 t3;;
"node ls"*) echo n1 n2;;
"node inspect"*) echo '[{{"ID":"n1","Description":{{"Hostname":"one"}},"Status":{{"State":"ready"}}}},'
    echo '{{"ID":"n2","Description":{{"Hostname":"two"}},"Status":{{"State":"down"}}}}]';;
"service inspect"*) echo '[{{"ID":"s1","Spec":{{"Name":"marquee_auth","Mode":{{"Replicated":{{"Replicas":0}}}},'
    echo '"TaskTemplate":{{"ContainerSpec":{{"Image":"marquee/auth:1"}}}}}}}}]';;
"inspect --type task"*) [ -e FOLDER/looked ] && state=shutdown || state=running; touch FOLDER/looked
    echo '[{task("t1", "n1", "'$state'")},{task("t2", "n2", "running")}]'; exit 1;;"""


def test_programs_that_still_drain_are_waited_for(tmp_path, monkeypatch):
    """Swarm counts them as gone from the moment it told them to stop, and they are not: they use their database.

    One task is gone already when it is asked about; one is on a lost node, where nothing ends any more.
    """
    monkeypatch.syspath_prepend(ROOT / "docker" / "stack")
    docker = fake_docker(tmp_path, DRAINING.replace("FOLDER", str(tmp_path)))
    operating, swarm = importlib.import_module("operating"), importlib.import_module("swarm")
    monkeypatch.setattr(operating.time, "sleep", lambda _: (tmp_path / "waited").touch())

    operating._halt(swarm.Swarm(docker=[docker]), ["auth"])

    assert "service scale --detach marquee_auth=0" in told(tmp_path)
    assert (tmp_path / "waited").exists()


def test_a_rotation_deploys_after_each_step(secrets, tmp_path):
    old = (secrets / "db_movies").read_text()

    done = run(
        secrets,
        "rotate",
        "db_movies",
        DOCKER=fake_docker(tmp_path, SWARM),
        STACK_DEPLOY=deployer(tmp_path, "db_movies"),
    )

    assert done.returncode == 0, done.stderr
    new = (secrets / "db_movies").read_text()
    assert (tmp_path / "seen").read_text().splitlines() == [f"{old},{new}", f"{new},{old}", new]


def test_a_rotation_whose_deploy_fails_stops_there_and_goes_on_later(secrets, tmp_path):
    docker = fake_docker(tmp_path, SWARM)
    old = (secrets / "db_movies").read_text()

    failed = run(secrets, "rotate", "db_movies", DOCKER=docker, STACK_DEPLOY="false")
    [kept, new] = (secrets / "db_movies").read_text().split(",")
    assert (failed.returncode, kept) == (1, old)

    assert run(secrets, "rotate", "db_movies", DOCKER=docker, STACK_DEPLOY="true").returncode == 0
    assert (secrets / "db_movies").read_text() == new


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("nothing", "There are: db_superuser, db_auth"),
        ("keycloak_db", "docs/operations/rotation.md"),
        ("smtp_url", "make rotate SECRET=smtp_url SMTP_URL=..."),
        ("stripe_webhook_secret", "comes from its provider"),
    ],
)
def test_what_cannot_be_rotated_by_itself_says_why(secrets, tmp_path, secret, said):
    before = {file.name: file.read_text() for file in secrets.iterdir()}

    refused = run(secrets, "rotate", secret, DOCKER=fake_docker(tmp_path, SWARM), STACK_DEPLOY="true")

    assert refused.returncode == 1
    assert said in refused.stderr
    assert {file.name: file.read_text() for file in secrets.iterdir()} == before
