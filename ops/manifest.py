"""What a backup says of itself: written last, so that a folder without it is none."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

__all__ = ["Damaged", "Manifest", "Part", "checksum"]

NAME = "manifest.json"
FORMAT = 1


class Damaged(SystemExit):
    """Not a whole backup; nothing was changed."""


@dataclass(frozen=True)
class Part:
    """One database: its dump, and the number of the migration its tables are at."""

    database: str
    file: str
    bytes: int
    sha256: str
    schema: str | None


@dataclass(frozen=True)
class Manifest:
    """`at` is the moment that the backup shows; `server` the version of PostgreSQL it came from."""

    at: datetime
    server: str
    parts: list[Part]

    def write(self, folder: Path) -> None:
        body = {"format": FORMAT, "at": self.at.isoformat(), "server": self.server}
        parts = [asdict(part) for part in self.parts]
        (folder / NAME).write_text(json.dumps({**body, "parts": parts}, indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises Damaged."""
        try:
            body: dict[str, Any] = json.loads((folder / NAME).read_text())
        except FileNotFoundError:
            raise Damaged(f"{folder} holds no finished backup (no {NAME})") from None
        if body["format"] != FORMAT:
            raise Damaged(f"{folder} is of another format ({body['format']}); use the Marquee that made it")
        return cls(
            datetime.fromisoformat(body["at"]), body["server"], [Part(**part) for part in body["parts"]]
        )

    def verify(self, folder: Path) -> None:
        """Every file is there and says what it said. Raises Damaged, naming each that does not."""
        wrong = [part.file for part in self.parts if not _is_whole(folder / part.file, part)]
        if wrong:
            raise Damaged(f"damaged or missing in {folder}: {', '.join(wrong)}")


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_whole(path: Path, part: Part) -> bool:
    return path.is_file() and path.stat().st_size == part.bytes and checksum(path) == part.sha256
