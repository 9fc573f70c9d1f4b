import os
from collections.abc import Callable, Iterator

import pytest

from local.ports import free_port
from local.runner import supervisor as module
from local.runner.parts import Program, Step, stopping_order
from local.runner.probes import accepts, answers_http
from local.runner.supervisor import StartFailed, State, Supervisor
from tests.local.runner.programs import Recorder, always, is_alive, python, sleeper, wait_until

LISTENER = """
import socket, sys, time
time.sleep(float(sys.argv[2]))
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)
"""
HTTP_SERVER = """
import http.server, sys, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.monotonic() > born + 0.3 else 503)
        self.end_headers()
    def log_message(self, *_): pass
born = time.monotonic()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready")
time.sleep(60)
"""
WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("child", child.pid)
time.sleep(60)
"""
GOODBYE = """
import pathlib, signal, sys, time
def leave(*_):
    with open(sys.argv[2], "a") as book: book.write(sys.argv[1] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
pathlib.Path(sys.argv[2] + "." + sys.argv[1]).touch()
time.sleep(60)
"""


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def supervise(tmp_path, recorder) -> Iterator[Callable[..., Supervisor]]:
    made = []

    def make(*parts: Program | Step) -> Supervisor:
        made.append(Supervisor(parts, lambda name: tmp_path / f"{name}.log", recorder))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_a_program_waits_until_the_one_before_it_is_ready(supervise, recorder):
    port = free_port()
    first = Program("first", "First", python(LISTENER, port, 0.3), accepts(port))
    second = sleeper("second", after=("first",))

    supervise(first, second).start(60)

    assert recorder.steps == ["First", "second"]


def test_an_http_program_is_ready_when_it_says_so(supervise):
    port = free_port()
    program = Program("http", "HTTP", python(HTTP_SERVER, port), answers_http(port, "/readyz"))

    supervise(program).start(60)

    assert answers_http(port, "/readyz")()


def test_steps_run_once_and_in_order(supervise, tmp_path):
    book = tmp_path / "book"
    write = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    steps = [
        Step("a", "A", python(write, book, "a")),
        Step("b", "B", lambda: book.write_text(book.read_text() + "b"), ("a",)),
        Step("c", "C", python(write, book, "c"), ("b",)),
    ]

    supervise(*steps).start(60)

    assert book.read_text() == "abc"


def test_a_failing_step_ends_the_start_with_its_last_words(supervise):
    broken = Step("broken", "Migrations", python("raise SystemExit('no such table')"))
    later = sleeper("later", after=("broken",))
    supervisor = supervise(broken, later)

    with pytest.raises(StartFailed, match=r"(?s)Migrations: exit status 1.*no such table"):
        supervisor.start(60)

    assert supervisor.state("later") is State.WAITING


def test_a_failing_function_ends_the_start_with_its_reason(supervise):
    def refuse() -> None:
        raise RuntimeError("the disk is full")

    with pytest.raises(StartFailed, match="Files: the disk is full"):
        supervise(Step("files", "Files", refuse)).start(60)


def test_a_program_that_never_comes_up_ends_the_start(supervise, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_DELAY_SECONDS", 0.01)
    broken = Program("broken", "Broken", python("raise SystemExit('KEY is not set')"), lambda: False)

    with pytest.raises(StartFailed, match=r"(?s)Broken: ended with status 1.*KEY is not set"):
        supervise(broken).start(60)


def test_a_start_that_takes_too_long_names_what_is_missing(supervise):
    never = Program("slow", "Slow", python("import time; time.sleep(60)"), lambda: False)

    with pytest.raises(StartFailed, match=r"not ready after 0 s: slow"):
        supervise(never).start(0.3)


def test_a_crashed_program_is_started_again(supervise, recorder):
    supervisor = supervise(sleeper("shaky"))
    supervisor.start(60)
    first = supervisor.pid("shaky")

    supervisor.kill("shaky")

    assert wait_until(lambda: supervisor.state("shaky") is State.READY)
    assert supervisor.pid("shaky") not in {first, None}
    assert ("shaky", "killed by SIGKILL; restart in 0.5 s") in recorder.troubles


def test_each_crash_doubles_the_pause_up_to_a_limit(supervise, recorder, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_LONGEST_DELAY_SECONDS", 0.05)
    supervisor = supervise(sleeper("shaky"))
    supervisor.start(60)

    for _ in range(5):
        supervisor.kill("shaky")
        assert wait_until(lambda: supervisor.state("shaky") is State.READY)

    pauses = [message.rpartition(" in ")[2] for _, message in recorder.troubles]
    assert pauses == ["0.01 s", "0.02 s", "0.04 s", "0.05 s", "0.05 s"]


def test_after_a_steady_time_the_pause_is_short_again(supervise, recorder, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_STEADY_SECONDS", 0.0)
    supervisor = supervise(sleeper("shaky"))
    supervisor.start(60)

    for _ in range(3):
        supervisor.kill("shaky")
        assert wait_until(lambda: supervisor.state("shaky") is State.READY)

    assert {message.rpartition(" in ")[2] for _, message in recorder.troubles} == {"0.01 s"}


def test_a_crash_takes_the_workers_along(supervise, tmp_path):
    supervisor = supervise(Program("parent", "Parent", python(WITH_CHILD), always))
    supervisor.start(60)
    log = tmp_path / "parent.log"
    assert wait_until(lambda: "child" in log.read_text())
    child = int(log.read_text().split()[1])

    supervisor.kill("parent")

    assert wait_until(lambda: not is_alive(child))


def test_a_halted_program_stays_down_until_it_is_restarted(supervise, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_DELAY_SECONDS", 0.01)
    supervisor = supervise(sleeper("broker"))
    supervisor.start(60)

    supervisor.halt("broker", hard=True)
    assert not wait_until(lambda: supervisor.pid("broker") is not None, seconds=0.3)

    supervisor.restart("broker")
    assert wait_until(lambda: supervisor.state("broker") is State.READY)


def test_a_restart_can_bring_new_variables(supervise, tmp_path):
    tell = "import os, time; print('FAIL_AT is', os.environ.get('FAIL_AT')); time.sleep(60)"
    supervisor = supervise(Program("worker", "Worker", python(tell), always))
    supervisor.start(60)

    supervisor.restart("worker", {"FAIL_AT": "C3"})

    assert wait_until(lambda: "FAIL_AT is C3" in (tmp_path / "worker.log").read_text())


def test_those_who_rely_on_others_stop_first(supervise, tmp_path):
    book = tmp_path / "book"
    parts = [
        Program(name, name, python(GOODBYE, name, book), (tmp_path / f"book.{name}").exists, after)
        for name, after in (("database", ()), ("service", ("database",)), ("page", ("service",)))
    ]
    supervisor = supervise(*parts)
    supervisor.start(60)

    supervisor.stop()

    assert book.read_text().split() == ["page", "service", "database"]


def test_who_does_not_listen_is_killed(supervise, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0.2)
    supervisor = supervise(
        Program("stubborn", "Stubborn", python(STUBBORN), (tmp_path / "stubborn.log").exists)
    )
    supervisor.start(60)
    assert wait_until(lambda: "ready" in (tmp_path / "stubborn.log").read_text())
    pid = supervisor.pid("stubborn")

    supervisor.stop()

    assert not is_alive(pid)


def test_a_hurried_stop_waits_for_nobody(supervise, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_GRACE_SECONDS", 30)
    supervisor = supervise(Program("stubborn", "Stubborn", python(STUBBORN), always))
    supervisor.start(60)
    assert wait_until(lambda: "ready" in (tmp_path / "stubborn.log").read_text())
    pid = supervisor.pid("stubborn")

    supervisor.hurry()
    supervisor.stop()

    assert not is_alive(pid)


def test_warnings_of_programs_reach_the_person(supervise, recorder):
    warn = """
import json, time
print(json.dumps({"level": "info", "event": "started"}))
print(json.dumps({"level": "warning", "event": "Redis is slow"}))
time.sleep(60)
"""
    supervise(Program("movies", "Movies", python(warn), always)).start(60)

    assert wait_until(lambda: bool(recorder.troubles))
    assert recorder.troubles == [("movies", "warning Redis is slow")]


def test_children_do_not_get_the_terminals_ctrl_c(supervise):
    supervisor = supervise(sleeper("calm"))
    supervisor.start(60)

    assert os.getpgid(supervisor.pid("calm")) != os.getpgid(0)


def test_groups_stop_in_reverse_of_what_they_need():
    parts = [sleeper("a"), sleeper("b"), sleeper("c", after=("a",)), sleeper("d", after=("c", "b"))]

    assert stopping_order(parts) == [["d"], ["c"], ["a", "b"]]
