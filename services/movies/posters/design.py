"""What a sheet will look like, before anything is drawn: inks, motif and layout."""

import re
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from services.movies.posters.facts import PosterFacts, dice, seed_of
from services.movies.posters.inks import GENRE_INKS, INK_SETS, WORD_INKS, InkSet
from services.movies.posters.lettering import UndrawableText, capitals, is_drawable
from services.movies.posters.motifs import GENRE_MOTIFS, MOTIFS, WORD_MOTIFS, Motif

# From this variant on, a word in the title no longer decides the motif, so that two films about the
# moon can hang side by side.
FREE_VARIANT = 4


class Layout(StrEnum):
    FOOT = "foot"
    HEAD = "head"
    SPINE = "spine"
    SMALL = "small"
    FILLED = "letters filled with the motif"
    STACKED = "letters in five heights"
    DISC = "letters with a disc"


LETTER_LAYOUTS = (Layout.FILLED, Layout.STACKED, Layout.DISC)


@dataclass(frozen=True)
class Design:
    title: str
    """In capitals, drawable."""
    inks: InkSet
    motif: Motif
    layout: Layout
    hinted: bool
    """A word of the title chose the motif."""
    framed: bool
    quiet: bool
    seed: str

    @property
    def signature(self) -> tuple[str, Layout]:
        """What two neighbours must not share; stacked letters and the disc hide the motif."""
        shown = "" if self.layout in (Layout.STACKED, Layout.DISC) else self.motif.name
        return shown, self.layout


def design_poster(facts: PosterFacts, variant: int = 0) -> Design:
    """Choose for this film; raises UndrawableText if no house font can write either of its titles."""
    seed = seed_of(facts, variant)
    throw, title = dice(seed, "design"), drawable_title(facts)
    words = _words(facts)
    inks = INK_SETS[_pick(throw, words, WORD_INKS, GENRE_INKS, facts.genre)]
    hints = WORD_MOTIFS if variant < FREE_VARIANT else {}
    motif = MOTIFS[_pick(throw, words, hints, GENRE_MOTIFS, facts.genre)]
    return Design(
        title=title,
        inks=inks,
        motif=motif,
        layout=_choose_letter_layout(throw, title, motif) or _choose_layout(throw, title, facts.year),
        hinted=not words.isdisjoint(hints),
        framed=facts.year < 1940,
        quiet=facts.year >= 2000,
        seed=seed,
    )


def _words(facts: PosterFacts) -> set[str]:
    return set(re.findall(r"\w+", (facts.english_title or facts.title).lower()))


def drawable_title(facts: PosterFacts) -> str:
    for title in (facts.title, facts.english_title):
        if title and is_drawable(title):
            return capitals(title)
    raise UndrawableText(f"no house font can write {facts.title!r} or {facts.english_title!r}")


def _pick(
    throw: Random,
    words: set[str],
    by_word: dict[str, str],
    by_genre: dict[str, tuple[str, ...]],
    genre: str,
) -> str:
    from_genre = throw.choice(by_genre.get(genre, by_genre["Drama"]))
    return next((choice for word, choice in by_word.items() if word in words), from_genre)


def split_picture(title: str) -> tuple[str, str]:
    """What may become the picture, and what stays: "2001" and "A SPACE ODYSSEY", or a short title whole."""
    first, _, rest = title.partition(" ")
    number = first.strip(":")
    if number.isdecimal() and len(number) <= 4:
        return number, rest
    # A fraction such as the one in 8½ falls apart when it is stretched.
    whole = _letters(title) <= 5 and all(c.isdecimal() or not c.isnumeric() for c in title)
    return (title, "") if whole else ("", title)


def _letters(title: str) -> int:
    return sum(character.isalnum() for character in title)


def _choose_letter_layout(throw: Random, title: str, motif: Motif) -> Layout | None:
    picture, _ = split_picture(title)
    wanted = throw.random() < 0.75
    treatment = throw.choice((Layout.STACKED, Layout.STACKED, Layout.DISC))
    if not picture:
        return None
    if _letters(picture) <= 2:
        return Layout.DISC
    if not wanted:
        return None
    if _letters(picture) == 5:
        return Layout.STACKED
    return Layout.FILLED if motif.fills_letters else treatment


def _choose_layout(throw: Random, title: str, year: int) -> Layout:
    layouts = [layout for layout in _layouts_of(year) if _carries(layout, title)]
    return throw.choice(layouts)


def _layouts_of(year: int) -> tuple[Layout, ...]:
    if year < 1940:
        return Layout.FOOT, Layout.HEAD
    if year < 1960:
        return Layout.FOOT, Layout.SPINE
    if year < 1980:
        return Layout.HEAD, Layout.FOOT, Layout.FOOT
    if year < 2000:
        return Layout.FOOT, Layout.SPINE, Layout.HEAD
    return Layout.SMALL, Layout.FOOT, Layout.HEAD


def _carries(layout: Layout, title: str) -> bool:
    longest = {Layout.SPINE: 16, Layout.SMALL: 34}
    return len(title) <= longest.get(layout, len(title))
