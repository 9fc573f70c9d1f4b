"""The stack as Docker would see it: ${…} filled in, further files merged over the first."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")


def rendered(*files: str, **variables: str) -> dict[str, Any]:
    stack: dict[str, Any] = {}
    for name in files or ("docker-stack.yml",):
        raw = yaml.safe_load((ROOT / name).read_text())
        _merge(stack, {part: _filled(raw[part], variables) for part in raw if not part.startswith("x-")})
    return stack


def _filled(value: Any, variables: dict[str, str]) -> Any:
    match value:
        case str():
            return _VARIABLE.sub(lambda found: _value(found, variables), value)
        case list():
            return [_filled(item, variables) for item in value]
        case dict():
            return {name: _filled(item, variables) for name, item in value.items()}
    return value


def _value(found: re.Match[str], variables: dict[str, str]) -> str:
    return "$" if found["dollar"] else variables.get(found["name"]) or found["default"] or ""


def _merge(below: dict[str, Any], above: dict[str, Any]) -> None:
    for name, value in above.items():
        match below.get(name), value:
            case dict() as old, dict() as new:
                _merge(old, new)
            case list() as old, list() as new:
                below[name] = old + new
            case _:
                below[name] = value
