"""Where mails are kept: one .eml file each, the newest few hundred of them."""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

from local.mailbox.letters import Letter

_ID = re.compile(r"\d{8}T\d{12}-\d{4}")


class Letterbox:
    def __init__(self, folder: Path, keep: int = 500) -> None:
        self._folder = folder
        self._keep = keep
        self._lock = threading.Lock()
        self._counter = 0
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes, recipients: list[str]) -> str:
        """Keep a mail for good before its sender hears that it was accepted."""
        with self._lock:
            now = datetime.now(UTC)
            self._counter = (self._counter + 1) % 10_000
            letter_id = f"{now:%Y%m%dT%H%M%S%f}-{self._counter:04d}"
            envelope = f"X-Received-At: {now.isoformat()}\r\nX-Envelope-To: {', '.join(recipients)}\r\n"
            unfinished = self._folder / f".{letter_id}"
            unfinished.write_bytes(envelope.encode() + content)
            os.replace(unfinished, self._path(letter_id))
            self._forget_oldest()
        return letter_id

    def ids(self) -> list[str]:
        """Newest first: the name of a file begins with the time it came."""
        return sorted((path.stem for path in self._folder.glob("*.eml")), reverse=True)

    def find(self, letter_id: str) -> Letter | None:
        if not _ID.fullmatch(letter_id):
            return None
        try:
            return Letter(letter_id, self._path(letter_id).read_bytes())
        except FileNotFoundError:
            return None

    def newest(self, limit: int = 100) -> list[Letter]:
        found = (self.find(letter_id) for letter_id in self.ids()[:limit])
        return [letter for letter in found if letter is not None]

    def empty(self) -> int:
        with self._lock:
            ids = self.ids()
            for letter_id in ids:
                self._path(letter_id).unlink(missing_ok=True)
        return len(ids)

    def _path(self, letter_id: str) -> Path:
        return self._folder / f"{letter_id}.eml"

    def _forget_oldest(self) -> None:
        for letter_id in self.ids()[self._keep :]:
            self._path(letter_id).unlink(missing_ok=True)
