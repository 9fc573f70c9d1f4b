"""`.ci/run` with every step played: what it leaves out is counted and named, and is no failure."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "run"
# A test that passed and one that was skipped, into the file that is asked for on the command line or by `make test`.
PYTEST = """#!/bin/sh
for word in "$@" $PYTEST_ADDOPTS; do case $word in --junitxml=*) report=${word#*=};; esac; done
echo '<testsuites><testsuite tests="2" failures="0" errors="0" skipped="1"><testcase classname="tests.it" name="a"/>
<testcase classname="tests.payment" name="b"><skipped message="needs Go"/></testcase></testsuite></testsuites>' >"$report"
"""
FINE = "#!/bin/sh\n"


@pytest.fixture
def ci(tmp_path: Path):
    """`ci(lab=…, docker=…)`: the last lines and the status, where these programs are what a shell script says."""
    house, programs = tmp_path / "house", tmp_path / "programs"
    for folder in (house / ".ci", house / ".venv/bin", programs, tmp_path / "shared/swarm-lab"):
        folder.mkdir(parents=True)

    def run(lab: str | None, docker: str, seconds: int = 0, broken: str = "") -> tuple[list[str], int]:
        # Should packages be missing, nothing is written outside of here.
        text = SCRIPT.read_text().replace("/usr/sbin/policy-rc.d", str(tmp_path / "policy-rc.d"))
        scripts = {
            house / ".ci/run": text,
            house / ".venv/bin/pytest": PYTEST,
            programs / "make": f"{FINE}[ $1 != test ] || exec .venv/bin/pytest\n[ $1 != '{broken}' ]\n",
            programs / "apt-get": FINE,
            programs / "docker": docker,
            tmp_path / "shared/swarm-lab/lab": lab,
        }
        for path, script in scripts.items():
            if script is not None:
                path.write_text(script)
                path.chmod(0o755)
        # The script asks its shell how long it has been running.
        env = {"PATH": f"{programs}:{os.environ['PATH']}", "SECONDS": str(seconds)}
        done = subprocess.run(
            ["bash", house / ".ci/run"], cwd=house, env=env, capture_output=True, text=True, timeout=60
        )
        return done.stdout.splitlines(), done.returncode

    return run


NO_DOCKER = f"{FINE}exit 1\n"


@pytest.mark.parametrize(
    ("lab", "docker", "seconds", "reason"),
    [
        (None, NO_DOCKER, 0, "is not there"),
        (FINE, FINE, 0, "there is a Docker here already"),
        (f"{FINE}[ $1 != up ]\n", NO_DOCKER, 0, "no Docker can run here"),
        (FINE, NO_DOCKER, 2500, "41 minutes are over"),
    ],
    ids=["no lab", "somebody's Docker", "no Docker", "no time"],
)
def test_a_swarm_that_is_left_out_is_counted_and_named_at_the_end(ci, lab, docker, seconds, reason):
    said, status = ci(lab, docker, seconds)

    *_, named, skipped, total = said
    assert named.startswith("== left out: swarm: ")
    assert named.endswith(reason)
    assert (skipped, total, status) == ("4 skipped", "3 passed, 0 failed", 0)


def test_tests_that_skip_themselves_are_named_with_their_reason(ci):
    said, status = ci(FINE, NO_DOCKER)

    assert said[-3:] == ["== left out: tests.payment: needs Go (4)", "4 skipped", "4 passed, 0 failed"]
    assert status == 0


def test_what_is_left_out_hides_no_failure(ci):
    said, status = ci(f"{FINE}[ $1 != base-images ]\n", NO_DOCKER)

    assert said[-1] == "3 passed, 0 failed"
    assert status == 1


def test_a_step_that_failed_keeps_no_other_from_running(ci):
    said, status = ci(FINE, NO_DOCKER, broken="lint")

    assert any(line.startswith("== lint: FAILED") for line in said)
    assert any(line.startswith("== swarm: fine") for line in said)
    assert status == 1
