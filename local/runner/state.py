"""The folder a run keeps everything in, and the lock that makes it one run at a time."""

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import IO, Any

from local.servers import Postgres

__all__ = ["AlreadyRunning", "StateDir"]

_DATA = ("valkey", "issuer", "keycloak", "stripe", "mailbox", "files", "logs", "secrets")


class AlreadyRunning(Exception):
    """Another run works in this folder."""


class StateDir:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: IO[str] | None = None

    def folder(self, name: str) -> Path:
        folder = self.path / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log_path(self, name: str) -> Path:
        return self.folder("logs") / f"{name}.log"

    # --- one at a time ---------------------------------------------------------------------------

    def lock(self) -> None:
        """Take the folder for this process. The kernel lets go of it however the process ends."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = (self.path / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise AlreadyRunning(self._who_runs()) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def unlock(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None

    def is_running(self) -> bool:
        try:
            self.lock()
        except AlreadyRunning:
            return True
        self.unlock()
        return False

    def _who_runs(self) -> str:
        pid = (self.path / "lock").read_text().strip()
        return (
            f"Marquee is already running in {self.path} (process {pid}). "
            "See it with `make status`, stop it with Ctrl-C where it runs, "
            "or set MARQUEE_STATE_DIR to run another beside it."
        )

    # --- what others may read --------------------------------------------------------------------

    def write_status(self, status: dict[str, Any]) -> None:
        unfinished = self.path / "status.json.unfinished"
        unfinished.write_text(json.dumps(status))
        unfinished.rename(self.path / "status.json")

    def read_status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads((self.path / "status.json").read_text())
        return status

    # --- starting afresh -------------------------------------------------------------------------

    def reset(self) -> None:
        """Remove what runs have left. Only what we made: the folder might be somebody's home."""
        if not self.path.is_dir():
            return
        self.lock()
        try:
            Postgres(self.path / "postgres", port=0).erase()
            for name in _DATA:
                shutil.rmtree(self.path / name, ignore_errors=True)
            for name in ("status.json", "lock"):
                (self.path / name).unlink(missing_ok=True)
        finally:
            self.unlock()
        if not any(self.path.iterdir()):
            self.path.rmdir()
