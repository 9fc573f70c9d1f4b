"""The twenty ink sets: flat colours that were chosen together."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class InkSet:
    name: str
    paper: str
    first: str
    second: str
    text: str
    dark: bool = False

    @property
    def overprint(self) -> str:
        """What the two inks make on top of each other: multiplied, or screened on dark paper.

        Worked out here and not left to blend modes, which a page's security policy, a PDF and a
        mail program each treat in their own way.
        """
        blend = _screen if self.dark else _multiply
        return _to_hex(
            blend(a, b) for a, b in zip(_channels(self.first), _channels(self.second), strict=True)
        )

    @property
    def reversed(self) -> "InkSet":
        """Paper and first ink changed over, for a picture inside letters."""
        return InkSet(self.name, self.first, self.paper, self.second, self.text, self.dark)

    def tint(self, ink: str, strength: float) -> str:
        """An ink as if printed at `strength` (0 to 1) on this paper."""
        pairs = zip(_channels(self.paper), _channels(ink), strict=True)
        return _to_hex(round(paper + (full - paper) * strength) for paper, full in pairs)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _to_hex(channels: Iterable[int]) -> str:
    return "#" + "".join(f"{channel:02X}" for channel in channels)


def _multiply(a: int, b: int) -> int:
    return a * b // 255


def _screen(a: int, b: int) -> int:
    return 255 - (255 - a) * (255 - b) // 255


INK_SETS = {
    inks.name: inks
    for inks in (
        InkSet("rally", "#EFEAE0", "#E2452F", "#1F4E8C", "#151413"),
        InkSet("taxi", "#F2C230", "#1B1A19", "#D9381E", "#1B1A19"),
        InkSet("night", "#10203A", "#F3E4C2", "#E8623A", "#F3E4C2", dark=True),
        InkSet("rose", "#EDB9C0", "#C51F33", "#17324D", "#161212"),
        InkSet("mint", "#A3CDB8", "#0D4A43", "#F5F0E2", "#0C2724"),
        InkSet("noir", "#121212", "#F2EFE6", "#D9283C", "#F2EFE6", dark=True),
        InkSet("garden", "#F3EFE5", "#14796C", "#F0A33C", "#16211F"),
        InkSet("cobalt", "#2549A3", "#F7E8C9", "#F59AA4", "#F7E8C9", dark=True),
        InkSet("brick", "#DB4E28", "#1A1210", "#F8E4C6", "#1A1210"),
        InkSet("fog", "#D9E0E3", "#2B343B", "#8AA3B0", "#1A2126"),
        InkSet("pine", "#133E31", "#EBE4CD", "#E6AA33", "#EBE4CD", dark=True),
        InkSet("sky", "#C3D8EA", "#1A3B70", "#EA5A2B", "#10203A"),
        InkSet("apricot", "#F6D6AB", "#7C1E2C", "#1C6068", "#2A1214"),
        InkSet("sodium", "#1B1B20", "#F4C54A", "#3F7FB6", "#F4C54A", dark=True),
        InkSet("plum", "#F1E3DA", "#5B1A3A", "#E97D5A", "#2B0E1D"),
        InkSet("leaf", "#E7E2C6", "#2E6B3E", "#E8553A", "#14231A"),
        InkSet("harbour", "#16323F", "#F0E7D2", "#F2B23E", "#F0E7D2", dark=True),
        InkSet("coral", "#F59C84", "#23203A", "#FBEBD6", "#1C1726"),
        InkSet("wine", "#5A1526", "#F4DFC8", "#E98A4B", "#F4DFC8", dark=True),
        InkSet("ice", "#EAF1F2", "#0F5E78", "#F05A4A", "#0E2530"),
    )
}

GENRE_INKS = {
    "Science fiction": ("night", "cobalt", "fog", "sodium", "ice", "harbour"),
    "Horror": ("noir", "brick", "wine", "taxi", "plum"),
    "Romance": ("rose", "apricot", "wine", "plum", "coral"),
    "Comedy": ("taxi", "sky", "garden", "mint", "coral"),
    "Crime": ("noir", "sodium", "fog", "harbour"),
    "Thriller": ("brick", "noir", "sodium", "taxi", "leaf"),
    "Drama": ("garden", "apricot", "rally", "fog", "plum", "ice", "leaf", "coral", "sky", "mint"),
    "Western": ("brick", "apricot", "sodium"),
    "Adventure": ("pine", "brick", "sky", "leaf"),
    "Fantasy": ("pine", "cobalt", "mint", "harbour"),
    "Musical": ("rose", "cobalt", "taxi", "coral"),
    "War": ("brick", "pine", "fog"),
    "History": ("apricot", "pine", "brick", "leaf"),
    "Animation": ("cobalt", "mint", "sky", "coral"),
    "Documentary": ("fog", "taxi", "ice", "leaf"),
}

# A colour word in the title wins over the genre.
WORD_INKS = {
    "red": "rose",
    "rose": "rose",
    "blue": "cobalt",
    "green": "pine",
    "gold": "sodium",
    "black": "noir",
    "moon": "night",
    "fire": "brick",
    "texas": "brick",
    "samurai": "apricot",
    "desire": "mint",
    "sun": "sky",
}
