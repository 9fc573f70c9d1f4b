"""Secrets made on the first start and kept in files only their owner can read."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

__all__ = ["Keyring", "random_word"]


def random_word() -> str:
    return secrets.token_urlsafe(32)


class Keyring:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, make: Callable[[], str] = random_word) -> str:
        """The secret called `name`, made now if this is the first time."""
        path = self._folder / name
        if not path.exists():
            self._write(path, make())
        return path.read_text()

    def _write(self, path: Path, secret: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = path.with_name(f"{path.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret)
        unfinished.rename(path)
