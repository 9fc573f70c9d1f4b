"""A forked program is the one `python -m` would have started, and ends like it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.processes import Command
from local.runner.parts import Program, Step
from local.runner.state import StateDir
from local.runner.supervisor import StartFailed, State, Supervisor
from local.runner.zygote import Forked, Zygote
from local.topology import PORTS, ROOT, Site, forked, topology
from tests.local.runner.programs import SLEEPER, Recorder, always, is_alive, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are forked on Linux only")

TELL = """
import os, sys
print(__name__, sys.argv[1:], os.environ["SERVICE"], os.environ.get("HOME"), os.getcwd())
print(os.getpgid(0) == os.getpid(), os.listdir("/proc/self/fd").__len__(), file=sys.stderr)
"""
FAIL = "raise SystemExit('no such table')"
RUNNER = """
import sys, time
from pathlib import Path
from tests.local.runner.test_zygote import child, nursery
from local.runner.console import Silence
from local.runner.supervisor import Supervisor
from local.runner.zygote import Zygote

folder, zygote = Path(sys.argv[1]), Zygote()
parts = [nursery(zygote, folder), child(zygote, folder, "sleeper", "deaf")]
supervisor = Supervisor(parts, lambda name: folder / f"{name}.log", Silence())
supervisor.start(60)
print(supervisor.pid("zygote"), supervisor.pid("sleeper"), flush=True)
time.sleep(60)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"


def module(folder: Path, name: str, *arguments: str, **env: str) -> Command:
    return Command((sys.executable, "-u", "-m", name, *arguments), env, cwd=folder)


def nursery(zygote: Zygote, folder: Path, *shared: str) -> Program:
    path = os.pathsep.join((str(folder), str(ROOT), str(ROOT / "shared")))
    command = module(ROOT, "local.runner.forking", *shared, PYTHONPATH=path)
    return Program("zygote", "Zygote", command, zygote.ready, launch=zygote.start)


def child(zygote: Zygote, folder: Path, name: str, *arguments: str, **env: str) -> Program:
    command = module(folder, *(arguments or (name,)), **env)
    return Program(name, name, command, always, ("zygote",), launch=zygote.fork)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, code in {"tell": TELL, "fail": FAIL, "sleeper": SLEEPER, "deaf": DEAF}.items():
        (tmp_path / f"{name}.py").write_text(code)
    return tmp_path


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def supervise(folder: Path, zygote: Zygote, recorder: Recorder) -> Iterator[Callable[..., Supervisor]]:
    made = []

    def make(*parts: Program | Step) -> Supervisor:
        made.append(
            Supervisor([nursery(zygote, folder), *parts], lambda name: folder / f"{name}.log", recorder)
        )
        return made[-1]

    yield make
    for each in made:
        each.stop()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_it_has_the_arguments_environment_folder_and_log_it_was_given(supervise, folder, zygote):
    program = module(folder, "tell", "one", "two", SERVICE="movies")

    supervise(Step("tell", "Tell", program, ("zygote",), zygote.fork)).start(60)

    said, group = (folder / "tell.log").read_text().splitlines()
    assert said == f"__main__ ['one', 'two'] movies None {folder}"
    assert group == "True 4"  # its input, its log twice, and the folder it is reading just then


def test_its_failure_reaches_the_person_with_its_last_words(supervise, folder, zygote):
    broken = Step("fail", "Migrations", module(folder, "fail"), ("zygote",), zygote.fork)

    with pytest.raises(StartFailed, match=r"(?s)Migrations: exit status 1.*no such table"):
        supervise(broken).start(60)


def test_a_killed_one_is_forked_anew(supervise, folder, zygote, recorder):
    supervisor = supervise(child(zygote, folder, "sleeper"))
    supervisor.start(60)
    first = supervisor.pid("sleeper")

    os.kill(first, signal.SIGKILL)

    assert wait_until(lambda: supervisor.pid("sleeper") not in {first, None})
    assert parent_of(supervisor.pid("sleeper")) == supervisor.pid("zygote")
    assert recorder.troubles == [("sleeper", "killed by SIGKILL; restart in 0.5 s")]


def test_it_is_asked_to_stop_like_any_other(supervise, folder, zygote):
    supervisor = supervise(child(zygote, folder, "sleeper"))
    supervisor.start(60)
    pid = supervisor.pid("sleeper")

    supervisor.stop()

    assert not is_alive(pid)
    assert supervisor.state("sleeper") is State.HALTED


def test_a_killed_zygote_takes_its_programs_along_and_all_come_back(supervise, folder, zygote, recorder):
    programs = [child(zygote, folder, name, "sleeper") for name in ("one", "two")]
    supervisor = supervise(*programs)
    supervisor.start(60)
    names = ("zygote", "one", "two")
    before = {name: supervisor.pid(name) for name in names}

    os.kill(before["zygote"], signal.SIGKILL)

    assert wait_until(lambda: not any(map(is_alive, before.values())))
    assert wait_until(lambda: all(supervisor.pid(name) not in {before[name], None} for name in names))
    # Whose turn comes a moment before the new zygote's starts the long way.
    parents = {parent_of(supervisor.pid(name)) for name in ("one", "two")}
    assert parents <= {supervisor.pid("zygote"), os.getpid()}
    assert {name for name, _ in recorder.troubles} == set(names)


def test_nothing_is_left_of_a_killed_runner(folder):
    path = os.pathsep.join((str(ROOT), str(ROOT / "shared")))
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    children = [int(word) for word in runner.stdout.readline().split()]
    assert wait_until(lambda: "deaf" in (folder / "sleeper.log").read_text())

    runner.kill()
    runner.communicate()

    assert len(children) == 2
    assert wait_until(lambda: not any(map(is_alive, children)))


def test_without_a_zygote_the_program_starts_the_long_way(folder, zygote):
    with (folder / "tell.log").open("wb") as log:
        process = zygote.fork(module(folder, "tell", SERVICE="movies"), log)

    assert not isinstance(process, Forked)
    assert process.wait() == 0
    assert "movies" in (folder / "tell.log").read_text()


def test_what_a_test_puts_before_all_programs_sees_each_with_its_own_environment(supervise, folder, zygote):
    (folder / "sitecustomize.py").write_text("import os; print('before', os.environ.get('SERVICE'))")
    program = module(folder, "tell", SERVICE="movies")

    supervise(Step("tell", "Tell", program, ("zygote",), zygote.fork)).start(60)

    assert (folder / "zygote.log").read_text() == "before None\n"
    assert (folder / "tell.log").read_text().startswith("before movies\n__main__")


@pytest.fixture
def real_parts(folder: Path, zygote: Zygote) -> dict[str, Program | Step]:
    site = Site(StateDir(folder), {name: port for name, (_, port) in PORTS.items()}, {})
    return {part.name: part for part in forked(topology(site), zygote)}


def test_the_real_one_has_one_thread_and_no_connection_to_share(folder, real_parts, recorder):
    supervisor = Supervisor([real_parts["zygote"]], lambda name: folder / f"{name}.log", recorder)
    supervisor.start(60)
    process = Path(f"/proc/{supervisor.pid('zygote')}")

    threads = [task.name for task in (process / "task").iterdir()]
    open_files = sorted(os.readlink(file).partition(":")[0] for file in (process / "fd").iterdir())
    supervisor.stop()

    assert len(threads) == 1
    # Its input, its log twice, the runner's socket, and the two ends that wake it.
    assert open_files == sorted(["/dev/null", *[str(folder / "zygote.log")] * 2, *["socket"] * 3])


def test_all_python_programs_are_forked_but_those_gevent_must_patch_first(real_parts, zygote):
    plain = {name for name, part in real_parts.items() if part.launch != zygote.fork}

    assert plain == {"zygote", "cluster", "databases", "postgres", "valkey", "fonts", "web", "movies"}
    assert all("zygote" in part.after for name, part in real_parts.items() if name not in plain)
