"""The house typefaces: web fonts, static cuts and their style sheet, built from installed packages.

Nothing here is downloaded, and no binary is committed: `font_dir()` builds the files on first use,
`python -m marquee.typography` builds them ahead of time.
"""

from pathlib import Path

from marquee.typography.cache import font_dir
from marquee.typography.recipe import BOARD, BOLD, FALLBACK, FALLBACK_BOLD, PRELOADED, TEXT, StaticCut

__all__ = [
    "BOARD",
    "BOLD",
    "FALLBACK",
    "FALLBACK_BOLD",
    "PRELOADED",
    "TEXT",
    "StaticCut",
    "cut_path",
    "font_dir",
]


def cut_path(cut: StaticCut) -> Path:
    """Where the TrueType file of a static cut is."""
    return font_dir() / cut.file_name
