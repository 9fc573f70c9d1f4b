"""Hanging many posters: no two neighbours alike."""

from collections.abc import Sequence

from services.movies.posters.design import FREE_VARIANT, Design, design_poster
from services.movies.posters.facts import PosterFacts

_VARIANTS = range(FREE_VARIANT + 12)
_ROW = 5
# A film about the moon gives its moon up only when another one hangs within two places.
_HINT_LOST = 15


def assign_variants(films: Sequence[PosterFacts]) -> list[int]:
    """One variant per film, in the order given, for `poster_svg`.

    Neighbours never share motif and layout; where there is a choice, a motif or an ink set does not
    come back within a row either. The first films decide for the later ones, so appending a film
    changes nothing that hangs already.
    """
    hung: list[Design] = []
    variants = []
    for facts in films:
        options = [(variant, design_poster(facts, variant)) for variant in _VARIANTS]
        by_word = options[0][1].hinted
        variant, design = min(
            options,
            key=lambda option: (
                _clash(option[1], hung) + _HINT_LOST * (by_word and not option[1].hinted),
                option[0],
            ),
        )
        hung.append(design)
        variants.append(variant)
    return variants


def _clash(design: Design, hung: list[Design]) -> int:
    """How much this sheet would repeat what hangs before it; the nearer the worse."""
    clash = 0
    for distance, other in enumerate(reversed(hung[-_ROW:])):
        nearness = _ROW - distance
        clash += 4 * nearness * (design.motif.name == other.motif.name)
        clash += 3 * nearness * (design.layout == other.layout and design.signature[0] == "")
        clash += nearness * (design.inks.name == other.inks.name)
        clash += 1000 * (distance == 0 and design.signature == other.signature)
    return clash
