"""python -m marquee.typography [CACHE_DIR]: build the fonts ahead of time, print where they are."""

import sys
from pathlib import Path

from marquee.typography.cache import default_cache_dir, ensure_fonts


def main(arguments: list[str]) -> None:
    cache_dir = Path(arguments[0]) if arguments else default_cache_dir()
    print(ensure_fonts(cache_dir))


if __name__ == "__main__":
    main(sys.argv[1:])
