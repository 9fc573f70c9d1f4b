"""Python imports this at every start of a program that has this folder on its path; only tests put it there.

A program forked from the zygote finds some modules loaded already: these are wrapped at once.

A file `<point>.before` or `<point>.after` in MARQUEE_FAULT_DIR makes the program that comes to that point remove
the file and kill itself, as if somebody had pulled the plug.
"""

import functools
import importlib.abc
import importlib.machinery
import os
import signal
import sys
from pathlib import Path

from crash_points import POINTS


def _wrap_all(wanted):
    for module in wanted.keys() & sys.modules.keys():
        for point, qualname in wanted.pop(module):
            _wrap(sys.modules[module], qualname, point)
    sys.meta_path.insert(0, _Wrapping(wanted))


class _Wrapping(importlib.abc.MetaPathFinder):
    """Lets the usual finders find a module, and wraps its functions once it is loaded."""

    def __init__(self, wanted):
        self._wanted = wanted  # module: [(point, qualified name)]

    def find_spec(self, name, path, target=None):
        if name not in self._wanted:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            self._wrap_after_loading(spec)
        return spec

    def _wrap_after_loading(self, spec):
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            for point, qualname in self._wanted[spec.name]:
                _wrap(module, qualname, point)

        spec.loader.exec_module = exec_module


def _wrap(module, qualname, point):
    *path, name = qualname.split(".")
    owner = functools.reduce(getattr, path, module)
    function = getattr(owner, name)

    @functools.wraps(function)
    def dying(*args, **kwargs):
        _die_if_told(f"{point}.before")
        result = function(*args, **kwargs)
        _die_if_told(f"{point}.after")
        return result

    setattr(owner, name, dying)


def _die_if_told(name):
    try:
        os.unlink(_folder / name)
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _points_of_this_program():
    program = os.environ["SERVICE"] + ("-worker" if "WORKER_PORT" in os.environ else "")
    wanted = {}
    for point, (where, module, qualname) in POINTS.items():
        if where == program:
            wanted.setdefault(module, []).append((point, qualname))
    return wanted


if "MARQUEE_FAULT_DIR" in os.environ and "SERVICE" in os.environ:
    _folder = Path(os.environ["MARQUEE_FAULT_DIR"])
    _wrap_all(_points_of_this_program())
