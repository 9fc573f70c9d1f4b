"""Nothing outlives the runner, however it ends."""

import signal
import subprocess
import sys

import pytest

from tests.local.runner.programs import is_alive, wait_until

RUNNER = """
import signal, sys, time
from pathlib import Path
from local.processes import Command
from local.runner.console import Silence
from local.runner.parts import Program
from local.runner.supervisor import Supervisor

folder = Path(sys.argv[1])
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
parts = [Program(name, name, Command((sys.executable, "-u", "-c", deaf)), lambda: True) for name in ("one", "two")]
supervisor = Supervisor(parts, lambda name: folder / f"{name}.log", Silence())
supervisor.start(60)
print(supervisor.pid("one"), supervisor.pid("two"), flush=True)
time.sleep(60)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_children_end_with_the_runner(tmp_path, ending):
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    children = [int(word) for word in runner.stdout.readline().split()]
    assert wait_until(lambda: all((tmp_path / f"{name}.log").read_text() for name in ("one", "two")))

    runner.send_signal(ending)
    runner.communicate()

    assert len(children) == 2
    assert wait_until(lambda: not any(is_alive(pid) for pid in children))
