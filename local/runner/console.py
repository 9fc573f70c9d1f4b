"""What the person in front of the terminal gets to see: progress, warnings, crashes."""

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Protocol

__all__ = ["Console", "LogWatch", "Reporter", "Silence", "last_lines", "last_reason", "worth_showing"]

_LOUD_LEVELS = {"warning", "error", "critical"}
# Of gunicorn its lost workers, of PostgreSQL what stops it; their other lines say the same thing again.
_LOUD_WORDS = ("[CRITICAL]", "] Worker (pid:", "FATAL:", "PANIC:")
_EXPECTED = "the database system is starting up"  # the answer to our own question whether it is ready
_LINE_LIMIT = 300


class Reporter(Protocol):
    def progress(self, title: str, remark: str) -> None: ...
    def trouble(self, name: str, message: str) -> None: ...


class Silence:
    """For runs inside tests: the log files say it all."""

    def progress(self, title: str, remark: str) -> None:
        pass

    def trouble(self, name: str, message: str) -> None:
        pass


class Console:
    """One line per step, each with the seconds since the start."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._colours = sys.stdout.isatty()

    def progress(self, title: str, remark: str) -> None:
        seconds = f"{time.monotonic() - self._begun:6.1f} s"
        self.say(f"{self._paint(seconds, '2')}  {title:<28} {self._paint(remark.rstrip(), '2')}")

    def trouble(self, name: str, message: str) -> None:
        self.say(f"{self._paint(f'{name:>12} |', '33')} {message}")

    def say(self, text: str) -> None:
        with contextlib.suppress(
            OSError
        ):  # the terminal may be closed; Marquee stops in good order all the same
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours else text


class LogWatch:
    """Follows a log file that a program writes, and picks the lines a person should see."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def new_trouble(self) -> list[str]:
        if not self._path.exists():
            return []
        if self._path.stat().st_size < self._position:
            self._position = 0
        with self._path.open("rb") as log:
            log.seek(self._position)
            fresh = log.read()
        self._position += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        shown = (worth_showing(line.decode(errors="replace")) for line in lines)
        return [line for line in shown if line]


def worth_showing(line: str) -> str:
    """The short form of a warning or worse, "" for everything else."""
    if line.startswith("{"):
        return _from_json(line)
    loud = any(word in line for word in _LOUD_WORDS) and _EXPECTED not in line
    return line[:_LINE_LIMIT] if loud else ""


def _from_json(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    if entry.get("level") not in _LOUD_LEVELS:
        return ""
    words = [entry["level"], str(entry.get("event", ""))]
    if reason := str(entry.get("exception", "")).strip():
        words.append(f"({reason.splitlines()[-1]})")
    return " ".join(words)[:_LINE_LIMIT]


def last_reason(path: Path) -> str:
    """The line a program most likely died of: the last it wrote that is not a log entry."""
    lines = last_lines(path).splitlines()
    spoken = [line for line in lines if line.strip() and not line.startswith(("{", "[", " "))]
    return spoken[-1][:_LINE_LIMIT] if spoken else ""


def last_lines(path: Path, count: int = 12) -> str:
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
