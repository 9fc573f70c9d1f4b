"""Form fields as Stripe nests them (`metadata[order]=7`, `expand[0]=card`), read and checked by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from local.stripe_fake.errors import InvalidParameter, Json

_KEY_PARTS = re.compile(r"[^\[\]]+")
_MAX_METADATA_KEYS = 50


def unflatten(fields: Iterable[tuple[str, str]]) -> Json:
    """Turn flat `a[b][0]=c` pairs into nested dicts; lists come out as lists."""
    tree: Json = {}
    for flat_name, value in fields:
        path = _KEY_PARTS.findall(flat_name)
        if not path:
            continue
        _place(tree, path, flat_name.endswith("[]"), value)
    return {name: _lists_as_lists(child) for name, child in tree.items()}


def _place(tree: Json, path: list[str], appends: bool, value: str) -> None:
    *branches, leaf = path
    node = tree
    for branch in branches:
        child = node.setdefault(branch, {})
        if not isinstance(child, dict):
            raise InvalidParameter("Invalid hash", param=path[0])
        node = child
    if appends:
        entries = node.setdefault(leaf, {})
        entries[str(len(entries))] = value
    else:
        node[leaf] = value


def _lists_as_lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    children = {name: _lists_as_lists(child) for name, child in node.items()}
    if children and all(name.isdigit() for name in children):
        return [children[name] for name in sorted(children, key=int)]
    return children


class Parameters:
    """One call's parameters: read each by kind, then `refuse_others()` names what nobody read."""

    def __init__(self, values: Json, prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def is_text(self, name: str) -> bool:
        return isinstance(self._values.get(name), str)

    def text(self, name: str, default: str | None = None, max_length: int = 5000) -> str | None:
        """An empty value is Stripe's way to unset a field: it reads as None."""
        value = self._take(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise InvalidParameter(f"Invalid string: {value}", param=self._full(name))
        if len(value) > max_length:
            raise InvalidParameter(
                f"Invalid string: {value[:20]}...; must be at most {max_length} characters",
                param=self._full(name),
            )
        return value or None

    def needed_text(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise self._missing(name)
        return value

    def integer(self, name: str, default: int | None = None, minimum: int | None = None) -> int | None:
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"-?\d{1,18}", value):
            raise InvalidParameter(
                f"Invalid integer: {value}", code="parameter_invalid_integer", param=self._full(name)
            )
        number = int(value)
        if minimum is not None and number < minimum:
            raise InvalidParameter(
                f"This value must be greater than or equal to {minimum}.",
                code="parameter_invalid_integer",
                param=self._full(name),
            )
        return number

    def needed_integer(self, name: str, minimum: int | None = None) -> int:
        value = self.integer(name, minimum=minimum)
        if value is None:
            raise self._missing(name)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise InvalidParameter(f"Invalid boolean: {value}", param=self._full(name))
        return value == "true"

    def choice(self, name: str, allowed: Iterable[str], default: str | None = None) -> str | None:
        value = self.text(name)
        if value is None:
            return default
        options = tuple(allowed)
        if value not in options:
            raise InvalidParameter(
                f"Invalid {name}: must be one of {', '.join(options)}", param=self._full(name)
            )
        return value

    def nested(self, name: str) -> Parameters:
        value = self._take(name)
        if value is not None and not isinstance(value, dict):
            raise InvalidParameter("Invalid hash", param=self._full(name))
        return Parameters(value or {}, self._full(name))

    def entries(self, name: str) -> list[Parameters]:
        value = self._take(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise InvalidParameter("Invalid array", param=self._full(name))
        return [Parameters(entry, f"{self._full(name)}[{number}]") for number, entry in enumerate(value)]

    def texts(self, name: str) -> list[str]:
        value = self._take(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise InvalidParameter("Invalid array", param=self._full(name))
        return value

    def metadata(self, before: Json | None = None) -> Json:
        """Merge into `before`: an empty value removes that key, an empty `metadata` removes all."""
        value = self._take("metadata")
        if value == "":
            return {}
        if isinstance(value, str):
            raise InvalidParameter("Invalid hash", param=self._full("metadata"))
        merged = dict(before or {})
        for key, entry in enumerate(value) if isinstance(value, list) else (value or {}).items():
            if not isinstance(entry, str):
                raise InvalidParameter("Metadata values must be strings", param=self._full("metadata"))
            merged[str(key)] = entry
        merged = {key: entry for key, entry in merged.items() if entry != ""}
        _check_metadata_size(merged)
        return merged

    def refuse_others(self) -> None:
        unknown = [name for name in self._values if name not in self._read]
        if unknown:
            name = self._full(unknown[0])
            raise InvalidParameter(
                f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            )

    def _take(self, name: str) -> Any:
        self._read.add(name)
        return self._values.get(name)

    def _full(self, name: str) -> str:
        return f"{self._prefix}[{name}]" if self._prefix else name

    def _missing(self, name: str) -> InvalidParameter:
        full = self._full(name)
        return InvalidParameter(f"Missing required param: {full}.", code="parameter_missing", param=full)


def _check_metadata_size(metadata: Json) -> None:
    if len(metadata) > _MAX_METADATA_KEYS:
        raise InvalidParameter(f"Metadata can have at most {_MAX_METADATA_KEYS} keys", param="metadata")
    for key, value in metadata.items():
        if len(key) > 40 or len(value) > 500:
            raise InvalidParameter(
                "Metadata keys can be up to 40 characters long and values up to 500", param=f"metadata[{key}]"
            )
