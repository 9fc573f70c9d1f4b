"""Cut the files of the recipe; the same inputs always give the same bytes."""

import shutil
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from marquee.typography.recipe import FAMILIES, STATIC_CUTS, WEB_FONTS, Family, StaticCut, WebFont
from marquee.typography.stylesheet import font_face_css

_ENGLISH_ON_WINDOWS = (3, 1, 0x409)
# Paper and posters place glyphs one by one, so a static cut needs no layout tables.
_LAYOUT_TABLES = ("GSUB", "GPOS", "GDEF", "DSIG", "STAT", "MVAR")


def build_fonts(out_dir: Path) -> None:
    """Write web fonts, static cuts, licences and fonts.css into `out_dir`, which may not exist yet."""
    out_dir.mkdir(parents=True, exist_ok=True)
    for font in WEB_FONTS:
        _cut_web_font(font, out_dir)
    for cut in STATIC_CUTS:
        _cut_static(cut, out_dir)
    for family in FAMILIES:
        shutil.copyfile(family.licence, out_dir / _licence_name(family))
    (out_dir / "fonts.css").write_text(font_face_css(), encoding="utf-8")


def _cut_web_font(font: WebFont, out_dir: Path) -> None:
    # Subset first: narrowing the axes of a tenth of the glyphs takes a tenth of the time.
    ttf = _subset(_open(font.family), parse_unicode_range(font.characters))
    ttf = instancer.instantiateVariableFont(ttf, dict(font.axes), inplace=True)
    ttf.flavor = "woff2"
    ttf.save(out_dir / font.file_name)


def _subset(ttf: TTFont, characters: set[int]) -> TTFont:
    options = subset.Options()
    options.layout_features = [*options.layout_features, "tnum"]
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = ["*"]  # the licence asks for its notice to travel with the font
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(ttf)
    return ttf


def _cut_static(cut: StaticCut, out_dir: Path) -> None:
    ttf = instancer.instantiateVariableFont(_open(cut.family), dict(cut.axes), inplace=True)
    for table in _LAYOUT_TABLES:
        if table in ttf:
            del ttf[table]
    _rename(ttf, cut)
    ttf.save(out_dir / cut.file_name)


def _rename(ttf: TTFont, cut: StaticCut) -> None:
    # A PDF keeps its fonts apart by PostScript name, and all cuts of a family come with the same one.
    family, style = cut.postscript_name.split("-")
    names = {1: f"{family} {style}", 2: "Regular", 4: f"{family} {style}", 6: cut.postscript_name}
    for name_id, text in names.items():
        ttf["name"].setName(text, name_id, *_ENGLISH_ON_WINDOWS)


def _open(family: Family) -> TTFont:
    return TTFont(family.variable_font, recalcTimestamp=False)


def _licence_name(family: Family) -> str:
    return f"LICENCE-{family.name.replace(' ', '-')}.txt"


def parse_unicode_range(text: str) -> set[int]:
    """The code points of "U+0000-00FF, U+0131"."""
    characters: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().removeprefix("U+").partition("-")
        characters.update(range(int(first, 16), int(last or first, 16) + 1))
    return characters
