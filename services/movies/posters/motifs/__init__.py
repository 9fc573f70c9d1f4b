"""The twenty-seven motifs, and which films they suit."""

from collections.abc import Callable
from dataclasses import dataclass

from services.movies.posters.motifs import city, nature, sky, stage, turning
from services.movies.posters.motifs.field import Field

__all__ = ["GENRE_MOTIFS", "MOTIFS", "WORD_MOTIFS", "Field", "Motif"]


@dataclass(frozen=True)
class Motif:
    name: str
    draw: Callable[[Field], str]
    bleeds: bool = False
    """Runs to the edges of the paper; the title then stands on a clean band."""
    takes_halftone: bool = True
    """Calm enough for an edge of dots."""
    fills_letters: bool = False
    """Still to be recognised when it is seen only through the title."""


MOTIFS = {
    motif.name: motif
    for motif in (
        Motif("orbit", sky.draw_orbit, fills_letters=True),
        Motif("rings", sky.draw_rings, bleeds=True, fills_letters=True),
        Motif("crescent", sky.draw_crescent),
        Motif("road", sky.draw_road, bleeds=True),
        Motif("slats", city.draw_slats, bleeds=True, takes_halftone=False),
        Motif("halves", turning.draw_halves),
        Motif("spiral", turning.draw_spiral, bleeds=True, fills_letters=True),
        Motif("windows", city.draw_windows, takes_halftone=False),
        Motif("waves", nature.draw_waves, bleeds=True, fills_letters=True),
        Motif("teeth", nature.draw_teeth, bleeds=True),
        Motif("eye", nature.draw_eye, bleeds=True),
        Motif("tiles", stage.draw_tiles, takes_halftone=False),
        Motif("balls", stage.draw_balls),
        Motif("maze", city.draw_maze, takes_halftone=False, fills_letters=True),
        Motif("ridges", nature.draw_ridges, bleeds=True, fills_letters=True),
        Motif("spears", city.draw_spears, bleeds=True, takes_halftone=False),
        Motif("stairs", city.draw_stairs, bleeds=True),
        Motif("petals", nature.draw_petals),
        Motif("curtain", stage.draw_curtain, bleeds=True),
        Motif("crowd", stage.draw_crowd, takes_halftone=False),
        Motif("rain", nature.draw_rain, bleeds=True, takes_halftone=False, fills_letters=True),
        Motif("fold", city.draw_fold),
        Motif("moire", turning.draw_moire, bleeds=True, takes_halftone=False),
        Motif("doors", city.draw_doors, bleeds=True),
        Motif("pool", sky.draw_pool),
        Motif("sunburst", sky.draw_sunburst, bleeds=True, fills_letters=True),
        Motif("thread", stage.draw_thread),
    )
}

GENRE_MOTIFS = {
    "Science fiction": ("orbit", "road", "moire", "sunburst", "pool", "crowd"),
    "Horror": ("teeth", "eye", "moire", "doors", "rain"),
    "Romance": ("halves", "petals", "thread", "pool", "rain"),
    "Comedy": ("tiles", "balls", "sunburst", "crowd", "thread"),
    "Crime": ("slats", "maze", "rain", "doors", "windows"),
    "Thriller": ("spiral", "fold", "eye", "doors", "stairs"),
    "Drama": ("windows", "ridges", "fold", "halves", "waves", "thread", "pool", "crowd", "doors"),
    "Western": ("road", "ridges", "sunburst"),
    "Adventure": ("ridges", "spears", "waves", "sunburst"),
    "Fantasy": ("pool", "petals", "rings", "curtain"),
    "Musical": ("curtain", "petals", "tiles", "thread"),
    "War": ("spears", "fold", "teeth"),
    "History": ("stairs", "spears", "doors"),
    "Animation": ("rings", "waves", "balls", "pool"),
    "Documentary": ("spears", "windows", "moire", "crowd"),
}

# A word of the title that says what to draw wins over the genre.
WORD_MOTIFS = {
    "moon": "crescent",
    "moonlight": "crescent",
    "lune": "crescent",
    "vertigo": "spiral",
    "labyrinth": "maze",
    "sea": "waves",
    "water": "waves",
    "river": "waves",
    "train": "road",
    "trains": "road",
    "sun": "road",
    "texas": "road",
    "road": "road",
    "days": "windows",
    "window": "windows",
    "night": "slats",
    "third": "slats",
    "star": "orbit",
    "space": "orbit",
    "fire": "petals",
    "flower": "petals",
    "portrait": "petals",
    "metropolis": "stairs",
    "parasite": "stairs",
    "samurai": "spears",
    "wings": "fold",
    "rain": "rain",
    "memories": "rain",
    "umbrellas": "rain",
    "playtime": "tiles",
    "shoes": "curtain",
    "persona": "halves",
    "eye": "eye",
    "eyes": "eye",
    "clock": "rings",
    "noon": "sunburst",
    "tokyo": "windows",
}
