"""How much memory a family of processes really takes (Linux)."""

from collections.abc import Collection
from pathlib import Path

__all__ = ["family", "pss_bytes"]


def family(pid: int, without: Collection[int] = ()) -> list[int]:
    """`pid` and everything below it, except those of `without` and what is below them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:  # grows while it is walked
        found.extend(sorted(set(children.get(member, [])).difference(without)))
    return found


def pss_bytes(pid: int) -> int:
    """Memory of a process, shared pages divided among those who share them; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _parent(entry: Path) -> int | None:
    try:
        # The name of the program stands in brackets and may hold anything, so count from behind it.
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
