import json

import pytest

from local.runner.keyring import Keyring
from local.runner.state import AlreadyRunning, StateDir


def test_a_second_run_is_told_that_one_is_running(tmp_path):
    first = StateDir(tmp_path)
    first.lock()
    try:
        with pytest.raises(AlreadyRunning, match=r"already running in .* \(process \d+\)"):
            StateDir(tmp_path).lock()
    finally:
        first.unlock()


def test_the_folder_is_free_again_after_a_run(tmp_path):
    first = StateDir(tmp_path)
    first.lock()
    first.unlock()

    assert not StateDir(tmp_path).is_running()


def test_reset_removes_what_runs_left(tmp_path):
    state = StateDir(tmp_path / ".local")
    Keyring(state.path / "secrets").get("session-key")
    (state.folder("postgres") / "superuser-password").write_text("secret")
    state.log_path("movies").write_text("started")
    state.write_status({"parts": []})

    state.reset()

    assert not state.path.exists()


def test_reset_spares_what_is_not_ours(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    state = StateDir(tmp_path)
    state.folder("valkey")

    state.reset()

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_reset_refuses_while_running(tmp_path):
    running = StateDir(tmp_path)
    running.lock()
    running.folder("valkey")
    try:
        with pytest.raises(AlreadyRunning):
            StateDir(tmp_path).reset()
        assert (tmp_path / "valkey").exists()
    finally:
        running.unlock()


def test_status_is_read_as_it_was_written(tmp_path):
    state = StateDir(tmp_path)
    state.write_status({"runner_pid": 7, "parts": []})

    assert state.read_status() == {"runner_pid": 7, "parts": []}
    assert json.loads((tmp_path / "status.json").read_text())["runner_pid"] == 7


def test_a_secret_is_made_once(tmp_path):
    first = Keyring(tmp_path / "secrets").get("secret-key")

    assert Keyring(tmp_path / "secrets").get("secret-key") == first
    assert len(first) > 32


def test_only_the_owner_can_read_secrets(tmp_path):
    folder = tmp_path / "secrets"
    Keyring(folder).get("secret-key")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "secret-key").stat().st_mode & 0o777 == 0o600
