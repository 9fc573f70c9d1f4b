"""What a poster is drawn from."""

import hashlib
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class PosterFacts:
    """A film as the sheet sees it. `english_title` steps in where no house font can write `title`."""

    title: str
    year: int
    genre: str
    directors: tuple[str, ...] = ()
    english_title: str = ""


def seed_of(facts: PosterFacts, variant: int) -> str:
    """Hex digits that stand for this sheet: the same film and variant always draw the same."""
    name = f"{facts.title}|{facts.year}" + (f"|{variant}" if variant else "")
    return hashlib.sha256(name.encode()).hexdigest()


def dice(seed: str, purpose: str) -> Random:
    """Random numbers for one purpose, so that a change in one part leaves the others as they were."""
    digest = hashlib.sha256(f"{seed}|{purpose}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - a drawing, not a secret
