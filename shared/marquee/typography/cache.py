"""Where built fonts are kept: built once per machine, whoever asks first."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

from marquee.typography.recipe import FAMILIES

_PROJECT_ROOT = Path(__file__).resolve().parents[3]


@cache
def font_dir() -> Path:
    """The folder with all built files. Its name changes whenever their content could."""
    return ensure_fonts(default_cache_dir())


def default_cache_dir() -> Path:
    """MARQUEE_FONT_DIR, or .local/fonts in the project."""
    configured = os.environ.get("MARQUEE_FONT_DIR")
    return Path(configured) if configured else _PROJECT_ROOT / ".local" / "fonts"


def ensure_fonts(cache_dir: Path) -> Path:
    """Build into `cache_dir`/<key> unless it is there; safe when many processes start at once."""
    finished = cache_dir / build_key()
    if finished.is_dir():
        return finished
    cache_dir.mkdir(parents=True, exist_ok=True)
    with _one_builder_at_a_time(cache_dir):
        if not finished.is_dir():
            _build_aside_and_rename(finished)
    return finished


def build_key() -> str:
    """Names the inputs of the build: fonts, compilers and this package's own text."""
    packages = ["fonttools", "brotli", *(family.package for family in FAMILIES)]
    digest = hashlib.sha256("|".join(f"{name}={version(name)}" for name in packages).encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _one_builder_at_a_time(cache_dir: Path) -> Iterator[None]:
    with (cache_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_aside_and_rename(finished: Path) -> None:
    # Here, not above: fontTools' compilers are large, and most who ask find the fonts built.
    from marquee.typography.build import build_fonts

    # A build that is killed half way must not leave a folder that looks finished.
    aside = Path(tempfile.mkdtemp(prefix=".building-", dir=finished.parent))
    try:
        build_fonts(aside)
        aside.chmod(0o755)
        aside.rename(finished)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
