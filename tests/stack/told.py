"""What documents tell people to type."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LINE = re.compile(r"^(?:#   )?((?:make secrets|docker compose -f) .*?)(?: {2,}.*)?$", re.MULTILINE)


def for_developers(document: str) -> list[str]:
    """The lines that bring up the developers' face on a fresh clone."""
    text = (ROOT / document).read_text()
    return [line for line in _LINE.findall(text) if line.startswith("docker") or line.endswith("STAND_INS=1")]
