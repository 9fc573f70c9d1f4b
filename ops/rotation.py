"""A secret's way from an old value to a new one, as a list in its file: add, promote, retire.

What a list means is the same everywhere: the first is in use, all are accepted (docs/operations.md). So after each
step every program is restarted before the next one, and at no moment do two of them disagree.
"""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from marquee.settings import several

__all__ = ["STEPS", "WrongStep", "add", "promote", "retire", "rotate"]


class WrongStep(SystemExit):
    """That step is not the next one; the file is as it was."""


def add(value: str, make: Callable[[], str]) -> str:
    """old → old,new"""
    now = several(value)
    if len(now) != 1:
        raise WrongStep(f"there are {len(now)} values, not one: is a rotation under way?")
    return f"{now[0]},{make()}"


def promote(value: str, _: Callable[[], str]) -> str:
    """old,new → new,old"""
    now = several(value)
    if len(now) != 2:
        raise WrongStep(f"there are {len(now)} values, not two: add one first")
    return f"{now[1]},{now[0]}"


def retire(value: str, _: Callable[[], str]) -> str:
    """new,old → new"""
    now = several(value)
    if len(now) != 2:
        raise WrongStep(f"there are {len(now)} values, not two: there is nothing to retire")
    return now[0]


STEPS = {"add": add, "promote": promote, "retire": retire}


def rotate(step: str, path: Path, given: str = "") -> None:
    """Take `step` with the secret in `path`; the new value is `given`, or made to suit the file's name."""
    value = path.read_text().strip()
    changed = STEPS[step](value, lambda: given or _make(path.name, value))
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(
        os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, path.stat().st_mode & 0o777), "w"
    ) as file:
        file.write(changed)
    unfinished.rename(path)


def _make(name: str, value: str) -> str:
    match name.replace("-", "_"):
        case "ticket_signing_keys":
            newest = max(int(key.partition(":")[0]) for key in several(value))
            return f"{newest % 255 + 1}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
        case "session_key":
            return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        case "stripe_webhook_secret" | "stripe_api_key" | "smtp_url":
            raise WrongStep(f"{name} comes from its provider: give it with --value-file")
    return secrets.token_urlsafe(32)
