"""`python -m local status` and `reset`, and what a run says when it cannot start."""

import os
import signal
import socket

import pytest

from local.__main__ import _STOP_SIGNALS, main
from local.runner.state import StateDir
from local.suite import scratch_ports
from local.topology import PORTS


@pytest.fixture(autouse=True)
def _own_signal_handlers():
    saved = {name: signal.getsignal(name) for name in _STOP_SIGNALS}
    yield
    for name, handler in saved.items():
        signal.signal(name, handler)


@pytest.fixture
def state(tmp_path, monkeypatch) -> StateDir:
    monkeypatch.setenv("MARQUEE_STATE_DIR", str(tmp_path / "state"))
    return StateDir(tmp_path / "state")


@pytest.fixture
def running(state):
    state.lock()
    yield state
    state.unlock()


def test_status_without_a_run_says_so(state, capsys):
    assert main(["status"]) == 1
    assert f"not running in {state.path}" in capsys.readouterr().out


def test_status_shows_each_part_with_its_memory(running, capsys):
    part = {"name": "movies", "title": "Movies", "state": "ready", "pid": os.getpid(), "restarts": 2}
    running.write_status({"runner_pid": os.getpid(), "parts": [part | {"address": "http://localhost:5002"}]})

    assert main(["status"]) == 0

    row = capsys.readouterr().out.splitlines()[0].split()
    assert row[:3] == ["movies", "ready", str(os.getpid())]
    assert int(row[3]) > 10
    assert row[-3:] == ["http://localhost:5002", "2", "restarts"]


@pytest.mark.parametrize(
    ("state_of_it", "code"), [("done", 0), ("starting", 1), ("crashed", 1), ("halted", 1)]
)
def test_status_ends_with_an_error_when_not_all_is_well(running, state_of_it, code):
    part = {"title": "", "pid": None, "restarts": 0, "address": ""}
    parts = [part | {"name": "movies", "state": "ready"}, part | {"name": "ticket", "state": state_of_it}]
    running.write_status({"runner_pid": os.getpid(), "parts": parts})

    assert main(["status"]) == code


def test_reset_while_running_is_refused(running, capsys):
    running.folder("stripe")

    assert main(["reset"]) == 1

    assert "already running" in capsys.readouterr().out
    assert (running.path / "stripe").exists()


def test_reset_says_what_it_did(state, capsys):
    state.folder("stripe")

    assert main(["reset"]) == 0

    assert not state.path.exists()
    assert f"Removed the data in {state.path}" in capsys.readouterr().out


def test_a_second_run_is_refused_in_words(running, capsys):
    assert main(["run"]) == 1
    assert "Marquee is already running" in capsys.readouterr().out


def test_a_run_on_a_taken_port_names_the_variable(state, capsys, monkeypatch):
    for name, port in scratch_ports().items():
        monkeypatch.setenv(PORTS[name][0], str(port))
    with socket.create_server(("127.0.0.1", int(os.environ["REVIEW_PORT"]))):
        assert main([]) == 1

    assert "REVIEW_PORT=" in capsys.readouterr().out
