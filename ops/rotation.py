"""A secret's way from an old value to a new one, as a list in its file: add, promote, retire.

What a list means is the same everywhere: the first is in use, all are accepted (docs/operations/rotation.md). So after each
step every program is restarted before the next one, and at no moment do two of them disagree.

With Python's own library only: `make rotate` runs where nothing else is installed.
"""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["STEPS", "WrongStep", "add", "advance", "new_value", "promote", "retire", "rotate"]

Say = Callable[[str], object]
# How long something made with the old value may still be around (docs/operations/rotation.md). Of those without a
# time only a person knows.
KEPT = {
    "session_key": timedelta(hours=12),
    "web_secret_key": timedelta(days=60),
    "ticket_signing_keys": None,
    "stripe_webhook_secret": None,
}
_NOBODYS = timedelta(0)


class WrongStep(SystemExit):
    """That step is not the next one; the file is as it was."""


def add(value: str, make: Callable[[], str]) -> str:
    """old → old,new"""
    now = _values(value)
    if len(now) != 1:
        raise WrongStep(f"there are {len(now)} values, not one: is a rotation under way?")
    return f"{now[0]},{make()}"


def promote(value: str, _: Callable[[], str]) -> str:
    """old,new → new,old"""
    now = _values(value)
    if len(now) != 2:
        raise WrongStep(f"there are {len(now)} values, not two: add one first")
    return f"{now[1]},{now[0]}"


def retire(value: str, _: Callable[[], str]) -> str:
    """new,old → new"""
    now = _values(value)
    if len(now) != 2:
        raise WrongStep(f"there are {len(now)} values, not two: there is nothing to retire")
    return now[0]


STEPS = {"add": add, "promote": promote, "retire": retire}


def rotate(step: str, path: Path, given: str = "") -> None:
    """Take `step` with the secret in `path`; the new value is `given`, or made to suit the file's name."""
    value = path.read_text().strip()
    _write(path, STEPS[step](value, lambda: given or new_value(path.name, value)), path.stat().st_mode)


def advance(
    path: Path, *, name: str, given: str, roll_out: Callable[[], object], say: Say, retire_now: bool
) -> bool:
    """Take the secret in `path` as far as it may go today; True when the old value is gone.

    `roll_out` brings what the file says to every program, and costs nothing where they have it already. May be
    interrupted anywhere and repeated: a note beside the file tells which of two values is the new one.
    """
    note = _Note(path)
    if len(_values(path.read_text())) == 1 and not note.is_there:
        value = given or new_value(name, path.read_text())
        note.begin(value)
        rotate("add", path, value)
    if note.is_last_of(path):
        say(f"{name}: everybody gets to know the new one\n")
        roll_out()
        rotate("promote", path)
    if len(_values(path.read_text())) == 2:
        say(f"{name}: the new one comes into use\n")
        roll_out()
        since = note.in_use_since()
        if not retire_now and (reason := _still_needed(name, since)):
            say(f"{name}: the new one is in use. {reason}\n")
            return False
        rotate("retire", path)
    say(f"{name}: the old one goes\n")
    roll_out()
    note.remove()
    say(f"{name}: rotated\n")
    return True


def new_value(name: str, value: str) -> str:
    """Of the shape that the readers of the secret called `name` want; `value` is what it is now."""
    match name.replace("-", "_"):
        case "ticket_signing_keys":
            newest = max((int(key.partition(":")[0]) for key in _values(value)), default=0)
            return f"{newest % 255 + 1}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
        case "session_key":
            return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        case "stripe_webhook_secret" | "stripe_publishable_key" | "stripe_api_key" | "smtp_url":
            raise WrongStep(f"{name} comes from its provider: give it the new value")
    return secrets.token_urlsafe(32)


class _Note:
    """Beside the secret: by which mark to know the new value, and since when everybody uses it."""

    def __init__(self, secret: Path) -> None:
        self._path = secret.with_name(f".{secret.name}.rotation")

    @property
    def is_there(self) -> bool:
        return self._path.exists()

    def begin(self, value: str) -> None:
        self._keep({"new": _mark(value)})

    def is_last_of(self, secret: Path) -> bool:
        now = _values(secret.read_text())
        if len(now) == 2 and not self.is_there:
            raise WrongStep(f"{secret} holds two values, begun by hand: finish it by hand, leaving one")
        return len(now) == 2 and _mark(now[1]) == self._told()["new"]

    def in_use_since(self) -> datetime:
        told = self._told()
        told.setdefault("in_use_since", datetime.now(UTC).isoformat())
        self._keep(told)
        return datetime.fromisoformat(told["in_use_since"])

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _told(self) -> dict[str, str]:
        told: dict[str, str] = json.loads(self._path.read_text())
        return told

    def _keep(self, told: dict[str, str]) -> None:
        _write(self._path, json.dumps(told), 0o600)


def _still_needed(name: str, since: datetime) -> str:
    kept = KEPT.get(name, _NOBODYS)
    if kept is None:
        return f"The old one stays until you say that nothing needs it: make rotate SECRET={name} RETIRE=1"
    until = since + kept
    if datetime.now(UTC) < until:
        return (
            f"What the old one made is around until {until:%Y-%m-%d %H:%M} UTC: then the same command again"
        )
    return ""


def _mark(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _values(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _write(path: Path, text: str, mode: int) -> None:
    """Complete or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o777), "w") as file:
        file.write(text)
    unfinished.chmod(mode & 0o777)
    unfinished.rename(path)
