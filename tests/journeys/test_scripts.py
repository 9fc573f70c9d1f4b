"""The scripts in scripts/, run as an operator runs them, on the running suite."""

import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

from local.ports import free_port
from local.topology import PORTS

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
COMMANDS = ("consume_api", "populate", "stress", "wait-for")


def run(script, *arguments, env=None, seconds=140):
    return subprocess.run(
        [sys.executable, str(SCRIPTS / script), *arguments],
        env={"PATH": os.environ["PATH"], **(env or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
    )


@pytest.fixture
def here(house):
    """What the suite's ports and folder are called in the shell."""
    ports = {variable: str(house.suite.site.ports[name]) for name, (variable, _) in PORTS.items()}
    return {**ports, "MARQUEE_STATE_DIR": str(house.suite.site.state.path)}


@pytest.fixture
def loaded(monkeypatch):
    """A script as a module, for what the running suite would never do."""
    monkeypatch.syspath_prepend(str(SCRIPTS))

    def loaded(name):
        loader = SourceFileLoader(name.replace("-", "_"), str(SCRIPTS / name))
        module = module_from_spec(spec_from_loader(loader.name, loader))
        loader.exec_module(module)
        return module

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return loaded


# --- by themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", COMMANDS)
def test_every_script_can_be_run_and_explains_itself(script):
    told = run(script, "--help")

    assert os.access(SCRIPTS / script, os.X_OK)
    assert told.returncode == 0
    assert "usage:" in told.stdout
    assert f"`scripts/{script}`" in (ROOT / "docs/operations/scripts.md").read_text()


def test_the_scripts_know_the_ports_of_make_run(loaded):
    sys.modules.pop("deployment", None)
    known = loaded("deployment.py").PORTS

    assert known == {name: PORTS[name] for name in known}


def test_wait_for_runs_the_command_once_everybody_answers():
    waited = run("wait-for", "--timeout", "5", "--", "echo", "there")
    assert waited.returncode == 2, "it needs something to wait for"


def test_wait_for_names_what_was_not_there_and_runs_nothing():
    port = free_port()

    waited = run("wait-for", "--timeout", "0.5", f"localhost:{port}", "--", "echo", "there")

    assert waited.returncode == 1
    assert f"localhost:{port}" in waited.stderr
    assert waited.stdout == ""


def test_nothing_but_this_machine_is_stressed_unasked():
    refused = run("stress", "--base", "https://cinema.example")

    assert refused.returncode == 1
    assert "--allow-remote" in refused.stderr


class Answered:
    def __init__(self, status):
        self.status, self.json = status, {"id": status}


@pytest.mark.parametrize(
    ("statuses", "complaint"),
    [
        ((201, 201, 409), "should have one winner"),
        ((409, 409, 409), "should have one winner"),
        ((201, 409, 500), "got a 5xx"),
        ((201, 409, 503), "got a 5xx"),
        ((201, 201, 503), "should have one winner"),
        ((201, 409, None), "should have one winner"),
        ((201, 429, 429), "rate limit"),
    ],
)
def test_stress_notices_a_seat_sold_twice_or_lost(loaded, statuses, complaint):
    stress = loaded("stress")
    answers = [Answered(status) if status else None for status in statuses]

    with pytest.raises(stress.Fault, match=complaint):
        stress.judge("A1", list(statuses), answers)


def test_stress_is_content_with_one_winner_and_refusals(loaded):
    answers = [Answered(409), Answered(201), Answered(409)]
    winner, hold = loaded("stress").judge("A1", ["ann", "bob", "eve"], answers)

    assert (winner, hold) == ("bob", {"id": 201})


def test_a_live_key_is_never_used(loaded):
    script = loaded("consume_api")
    given = script.arguments("").parse_args(["--stripe-key", "pk_live_123"])

    with pytest.raises(script.Fault, match="never a live one"):
        script.Deployment(given).stripe_key  # noqa: B018


# --- on the running suite -------------------------------------------------------------------------------------


@pytest.mark.journey
def test_the_consumer_walks_through_everything_and_may_do_so_again(here):
    for _ in range(2):
        walked = run("consume_api", env=here)

        assert walked.returncode == 0, walked.stdout + walked.stderr
        assert walked.stdout.endswith("ALL FINE\n")
        assert walked.stdout.count("ok    ") > 10


@pytest.mark.journey
def test_the_consumer_stops_at_the_first_fault(house, here):
    with house.without("ticket-worker"):
        walked = run("consume_api", "--patience", "10", env=here)

    assert walked.returncode == 1
    assert walked.stderr.startswith("FAILED: waited 10 s in vain for reservation")


@pytest.mark.journey
def test_the_consumer_waits_for_readiness_only_so_long(house, here):
    walked = run("consume_api", "--wait", "0.2", env={**here, "REVIEW_PORT": str(free_port())})

    assert walked.returncode == 1
    assert "review is not ready" in walked.stderr


@pytest.mark.journey
def test_under_stress_each_seat_has_one_owner(house, here):
    database = house.suite.database_url("movies")

    stressed = run(
        "stress", "--buyers", "8", "--seats", "3", "--threads", "8", "--database", database, env=here
    )

    assert stressed.returncode == 0, stressed.stdout + stressed.stderr
    assert stressed.stdout.count("1 x 201, ") == 3
    assert "database: 3 claims, 3 live seats, the same" in stressed.stdout


@pytest.mark.journey
def test_stress_stops_by_itself(here):
    stressed = run("stress", "--buyers", "200", "--seconds", "0.5", env=here)

    assert stressed.returncode == 1
    assert "not finished after 0.5 s" in stressed.stderr


@pytest.mark.journey
def test_wait_for_becomes_the_command_when_all_is_there(house):
    at = f"localhost:{house.suite.site.ports['postgres']}"

    waited = run("wait-for", at, f"{house.suite.url('web')}/readyz", "--", "echo", "there")

    assert (waited.returncode, waited.stdout) == (0, "there\n")


@pytest.mark.journey
def test_populating_twice_adds_nothing_the_second_time(house, here):
    administrator = {
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": "an-admin-for-a-test",
    }
    house.suite.restart("issuer", administrator)
    keycloak = {"KEYCLOAK_URL": house.suite.url("issuer"), "KEYCLOAK_ADMIN_PASSWORD": "an-admin-for-a-test"}

    first = run("populate", env={**here, **keycloak, "POPULATE_PASSWORD": "popcorn-and-a-film"})
    again = run("populate", env={**here, **keycloak})

    assert first.returncode == 0, first.stderr
    assert "people: 4 added (user1, user2, user3, user4)" in first.stdout
    assert again.stdout.splitlines() == [
        "cinemas: 0 added",
        "films: 0 added",
        "screenings: 0 added",
        "people: 0 added",
    ]
    assert house.token("user1", "popcorn-and-a-film")
