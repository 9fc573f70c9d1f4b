import os
import subprocess
import sys

import pytest

from local.runner.memory import family, pss_bytes
from tests.local.runner.programs import SLEEPER


@pytest.fixture
def child():
    process = subprocess.Popen([sys.executable, "-c", SLEEPER])
    yield process.pid
    process.kill()
    process.wait()


def test_a_family_is_a_process_and_all_below_it(child):
    assert {os.getpid(), child} <= set(family(os.getpid()))
    assert family(child) == [child]


def test_a_member_that_is_counted_by_itself_is_left_out(child):
    assert child not in family(os.getpid(), without={child})


def test_what_is_gone_takes_no_memory(child):
    assert pss_bytes(child) > 0
    assert pss_bytes(2**22 + 1) == 0
