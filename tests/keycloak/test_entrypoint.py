"""How Keycloak starts in production: what the entry point takes, makes and refuses."""

import os
import re
import subprocess
from pathlib import Path

import pytest

KEYCLOAK = Path(__file__).resolve().parents[2] / "keycloak"
GIVEN = {
    "KC_DB_URL": "jdbc:postgresql://postgres-keycloak:5432/keycloak",
    "KC_DB_USERNAME": "keycloak",
    "KC_HOSTNAME": "https://marquee.example",
    "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
    "MARQUEE_WEB_URL": "https://marquee.example",
    "MARQUEE_AUTH_URL": "https://marquee.example",
    "MARQUEE_AUTH_INTERNAL_URL": "http://auth:5000",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation whose kc.sh tells how it was called."""
    program = tmp_path / "bin" / "kc.sh"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nconfig=${1#--config-file=}; shift\necho "arguments: $*"\nstat -c "mode: %a" "$config"\n'
        'sed "s/^/file: /" "$config"\ncat /proc/self/environ | tr "\\0" "\\n"\n'
    )
    program.chmod(0o755)
    for name in ("KC_DB_PASSWORD", "KC_BOOTSTRAP_ADMIN_PASSWORD"):
        (tmp_path / name).write_text(f"secret {name}\n")
    return tmp_path


def files(home: Path) -> dict[str, str]:
    return {f"{name}_FILE": str(home / name) for name in ("KC_DB_PASSWORD", "KC_BOOTSTRAP_ADMIN_PASSWORD")}


def start(home: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(KEYCLOAK / "entrypoint.sh")],
        env={"PATH": os.environ["PATH"], "KEYCLOAK_HOME": str(home), "TMPDIR": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def variables(output: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def test_it_starts_the_optimized_server_with_the_realm_and_secrets_from_files(home: Path) -> None:
    started = start(home, GIVEN | files(home))

    assert started.stdout.startswith("arguments: start --optimized --import-realm\n"), started.stderr
    assert "\nfile: db-password=secret KC_DB_PASSWORD\n" in started.stdout
    assert "\nfile: bootstrap-admin-password=secret KC_BOOTSTRAP_ADMIN_PASSWORD\n" in started.stdout


@pytest.mark.parametrize("as_files", [True, False])
def test_no_password_is_in_its_environment_and_nobody_else_reads_the_file(home: Path, as_files: bool) -> None:
    names = ("KC_DB_PASSWORD", "KC_BOOTSTRAP_ADMIN_PASSWORD")
    given = files(home) if as_files else {name: f"secret {name}" for name in names}

    started = start(home, GIVEN | given)

    assert "\nmode: 600\n" in started.stdout
    environment = [line for line in started.stdout.splitlines() if not line.startswith("file: ")]
    assert [line for line in environment if "secret KC_" in line] == []


def test_a_password_that_keycloak_would_read_otherwise_is_refused(home: Path) -> None:
    (home / "KC_DB_PASSWORD").write_text("costs$much")

    refused = start(home, GIVEN | files(home))

    assert refused.returncode == 1
    assert "KC_DB_PASSWORD: choose one without" in refused.stderr


def test_each_variable_of_the_realm_file_is_set(home: Path) -> None:
    """Keycloak takes one that is not as the value itself: `${MARQUEE_WEB_SECRET}` would be the secret."""
    named = set(re.findall(r"\$\{(\w+)\}", (KEYCLOAK / "marquee-realm.json").read_text()))
    seen = variables(start(home, GIVEN | files(home)).stdout)

    assert {name for name in named if not seen.get(name)} == set()


def test_clients_begin_with_secrets_that_nobody_knows(home: Path) -> None:
    first, second = (variables(start(home, GIVEN | files(home)).stdout) for _ in range(2))
    secrets = [
        seen[name] for seen in (first, second) for name in seen if re.fullmatch(r"MARQUEE_\w+_SECRET", name)
    ]

    assert len(secrets) == len(set(secrets)) == 14
    assert all(len(secret) == 44 for secret in secrets)


@pytest.mark.parametrize("gone", GIVEN)
def test_it_does_not_start_half_configured(home: Path, gone: str) -> None:
    refused = start(home, {name: value for name, value in GIVEN.items() if name != gone} | files(home))

    assert refused.returncode == 1
    assert refused.stderr == f"keycloak: not set: {gone}\n"
    assert refused.stdout == ""


def test_it_does_not_start_without_its_secret_files(home: Path) -> None:
    (home / "KC_DB_PASSWORD").unlink()

    assert start(home, GIVEN | files(home)).returncode != 0


def test_the_image_carries_no_demo_people() -> None:
    assert "demo" not in (KEYCLOAK / "Dockerfile").read_text()
