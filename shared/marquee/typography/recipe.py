"""What is built: which axes of which family, for which characters, into which file."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import fontpkg_archivo
import fontpkg_literata
import fontpkg_roboto_condensed

AxisLimits: TypeAlias = MappingProxyType[str, float | tuple[float, float]]


@dataclass(frozen=True)
class Family:
    name: str
    package: str
    root: Path
    file_name: str

    @property
    def variable_font(self) -> Path:
        return self.root / "files" / self.file_name

    @property
    def licence(self) -> Path:
        return self.root / "LICENSE"


@dataclass(frozen=True)
class WebFont:
    """A variable WOFF2 file that keeps some axes and the characters of one range."""

    file_name: str
    family: Family
    axes: AxisLimits
    characters: str
    """As `unicode-range` in CSS writes it: "U+0000-00FF, U+0131"."""


@dataclass(frozen=True)
class StaticCut:
    """One instance of a variable font as plain TrueType, for paper and for posters."""

    file_name: str
    family: Family
    axes: AxisLimits
    postscript_name: str


def _axes(**limits: float | tuple[float, float]) -> AxisLimits:
    return MappingProxyType(limits)


ARCHIVO = Family("Archivo", "fontpkg-archivo", fontpkg_archivo.ROOT, "Archivo[wdth,wght].ttf")
LITERATA = Family("Literata", "fontpkg-literata", fontpkg_literata.ROOT, "Literata[opsz,wght].ttf")
ROBOTO = Family(
    "Roboto Condensed", "fontpkg-roboto-condensed", fontpkg_roboto_condensed.ROOT, "RobotoCondensed[wght].ttf"
)
FAMILIES = (ARCHIVO, LITERATA, ROBOTO)

LATIN = (
    "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+2000-206F, U+20AC, "
    "U+2122, U+2190-2193, U+2212, U+2215, U+FEFF, U+FFFD"
)
# Vietnamese is part of it. Combining marks are not: texts are stored composed (NFC).
LATIN_EXT = (
    "U+0100-0130, U+0132-0151, U+0154-024F, U+02BD-02C5, U+02C7-02D9, U+1E00-1EFF, U+20A0-20AB, "
    "U+20AD-20C0, U+2113"
)
GREEK_CYRILLIC = (
    "U+0370-03FF, U+0400-045F, U+0490-0493, U+049A-049B, U+04A2-04A3, U+04AE-04B1, U+04BA-04BB, "
    "U+04D8-04D9, U+04E8-04E9, U+2116"
)

_HOUSE_AXES = _axes(wdth=(62, 100), wght=(400, 800))
_PEOPLE_AXES = _axes(opsz=14, wght=(400, 700))

WEB_FONTS = (
    WebFont("archivo-latin.woff2", ARCHIVO, _HOUSE_AXES, LATIN),
    WebFont("archivo-latin-ext.woff2", ARCHIVO, _HOUSE_AXES, LATIN_EXT),
    WebFont("literata-latin.woff2", LITERATA, _PEOPLE_AXES, LATIN),
    WebFont("literata-latin-ext.woff2", LITERATA, _PEOPLE_AXES, LATIN_EXT),
    WebFont("literata-greek-cyrillic.woff2", LITERATA, _PEOPLE_AXES, GREEK_CYRILLIC),
    WebFont("roboto-condensed-greek-cyrillic.woff2", ROBOTO, _axes(wght=(400, 800)), GREEK_CYRILLIC),
)
PRELOADED = ("archivo-latin.woff2",)

BOARD = StaticCut("archivo-62-800.ttf", ARCHIVO, _axes(wdth=62, wght=800), "Archivo-Board")
TEXT = StaticCut("archivo-94-400.ttf", ARCHIVO, _axes(wdth=94, wght=400), "Archivo-Text")
BOLD = StaticCut("archivo-94-700.ttf", ARCHIVO, _axes(wdth=94, wght=700), "Archivo-TextBold")
FALLBACK = StaticCut("roboto-condensed-400.ttf", ROBOTO, _axes(wght=400), "RobotoCondensed-Text")
FALLBACK_BOLD = StaticCut("roboto-condensed-700.ttf", ROBOTO, _axes(wght=700), "RobotoCondensed-TextBold")
STATIC_CUTS = (BOARD, TEXT, BOLD, FALLBACK, FALLBACK_BOLD)
