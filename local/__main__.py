"""`python -m local`: all of Marquee on this machine. Also `status`, `reset`, `backup`, `restore`, `check`, `rotate`."""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from dotenv import dotenv_values

from local.operating import OPERATIONS, operate
from local.runner.console import Console
from local.runner.memory import family, pss_bytes
from local.runner.state import AlreadyRunning, StateDir
from local.runner.supervisor import SETTLED, StartFailed
from local.servers import ProgramMissing
from local.suite import PortsTaken, Suite
from local.topology import ROOT
from local.welcome import welcome

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("what", nargs="?", default="run", choices=("run", "status", "reset", *OPERATIONS))
    found, others = parser.parse_known_args(arguments)
    what = str(found.what)
    if others and what not in OPERATIONS:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    given = _given()
    if given.get("IDENTITY", "issuer") not in ("", "issuer", "keycloak"):
        parser.error("IDENTITY is issuer (the stand-in) or keycloak (the real one)")
    state_dir = Path(given.get("MARQUEE_STATE_DIR") or ROOT / ".local")
    match what:
        case "status":
            return show_status(StateDir(state_dir))
        case "reset":
            return reset(StateDir(state_dir))
        case "backup" | "restore" | "check" | "rotate":
            return operate(what, state_dir, given, others)
    return run(state_dir, given)


def run(state_dir: Path, given: dict[str, str]) -> int:
    """Start everything, stay until asked to stop, stop everything."""
    console = Console()
    suite = Suite(state_dir, env=given, reporter=console)
    _stop_on_signals(suite, console)
    console.say(f"Marquee starts; its data and logs are in {state_dir}")
    try:
        suite.start()
        console.say(welcome(suite.site))
        while suite.is_alive():
            time.sleep(1)
    except KeyboardInterrupt:
        suite.stop()
        return 0
    except (AlreadyRunning, PortsTaken, ProgramMissing, StartFailed) as problem:
        console.say(f"\nMarquee could not start.\n{problem}")
        return 1
    console.say("\nMarquee stopped: its supervisor failed.")
    return 1


def show_status(state: StateDir) -> int:
    """Ends with an error when not everything runs that should."""
    if not state.is_running():
        sys.stdout.write(f"Marquee is not running in {state.path}\n")
        return 1
    status = state.read_status()
    pids = {part["pid"] for part in status["parts"]}
    for part in status["parts"]:
        pid = part["pid"]
        memory = sum(map(pss_bytes, family(pid, without=pids))) if pid else 0  # of a zygote: itself
        size = f"{memory / 1e6:5.0f} MB" if memory else " " * 8
        restarts = f"{part['restarts']} restarts" if part["restarts"] else ""
        row = f"{part['name']:<20} {part['state']:<9} {pid or '':>8} {size}  {part['address']:<24} {restarts}"
        sys.stdout.write(f"{row.rstrip()}\n")
    total = sum(pss_bytes(pid) for pid in family(status["runner_pid"]))
    sys.stdout.write(f"{'all together':<39} {total / 1e6:5.0f} MB\n")
    return 0 if all(part["state"] in SETTLED for part in status["parts"]) else 1


def reset(state: StateDir) -> int:
    try:
        state.reset()
    except AlreadyRunning as problem:
        sys.stdout.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"Removed the data in {state.path}; the next `make run` starts afresh.\n")
    return 0


def _stop_on_signals(suite: Suite, console: Console) -> None:
    """The first signal stops in good order, the second without waiting."""

    def stop(*_: object) -> None:
        for name in _STOP_SIGNALS:
            signal.signal(name, lambda *_: suite.hurry())
        console.say("\nMarquee stops. (Again to stop without waiting.)")
        raise KeyboardInterrupt

    for name in _STOP_SIGNALS:
        signal.signal(name, stop)


def _given() -> dict[str, str]:
    """What the person set: the file .env, and above it the shell."""
    in_file = {name: value for name, value in dotenv_values(ROOT / ".env").items() if value}
    return {**in_file, **os.environ}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
