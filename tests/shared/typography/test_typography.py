import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from marquee.typography import BOARD, FALLBACK, FALLBACK_BOLD, PRELOADED, StaticCut, cache, cut_path, font_dir
from marquee.typography.build import _cut_static, _cut_web_font, parse_unicode_range
from marquee.typography.recipe import STATIC_CUTS, WEB_FONTS, WebFont
from marquee.typography.stylesheet import FALLBACK_FACES, font_face_css

# Measured when the look was made; a page that preloads twice as much is a page that waits.
SIZE_LIMITS_BYTES = {
    "archivo-latin.woff2": 60_000,
    "archivo-latin-ext.woff2": 62_000,
    "literata-latin.woff2": 38_000,
    "literata-latin-ext.woff2": 31_000,
    "literata-greek-cyrillic.woff2": 33_000,
    "roboto-condensed-greek-cyrillic.woff2": 34_000,
}


def read_characters(path: Path) -> set[int]:
    return set(TTFont(path).getBestCmap())


def test_two_builds_give_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        _cut_web_font(WEB_FONTS[0], tmp_path / name)
        _cut_static(BOARD, tmp_path / name)
    for built in (tmp_path / "first").iterdir():
        assert built.read_bytes() == (tmp_path / "second" / built.name).read_bytes()


@pytest.mark.parametrize("font", WEB_FONTS, ids=lambda font: font.file_name)
def test_a_web_font_keeps_its_size_and_its_axes(font: WebFont):
    path = font_dir() / font.file_name
    assert path.stat().st_size <= SIZE_LIMITS_BYTES[font.file_name]
    axes = {axis.axisTag: (axis.minValue, axis.maxValue) for axis in TTFont(path)["fvar"].axes}
    assert axes == {tag: limits for tag, limits in font.axes.items() if isinstance(limits, tuple)}


@pytest.mark.parametrize("font", WEB_FONTS, ids=lambda font: font.file_name)
def test_figures_can_be_tabular_where_there_are_figures(font: WebFont):
    ttf = TTFont(font_dir() / font.file_name)
    if ord("0") in ttf.getBestCmap():
        assert "tnum" in {record.FeatureTag for record in ttf["GSUB"].table.FeatureList.FeatureRecord}


@pytest.mark.parametrize("cut", STATIC_CUTS, ids=lambda cut: cut.file_name)
def test_a_static_cut_is_plain_truetype_with_its_own_name(cut: StaticCut):
    ttf = TTFont(cut_path(cut))
    assert "fvar" not in ttf
    assert ttf["name"].getDebugName(6) == cut.postscript_name


@pytest.mark.parametrize("cut", [FALLBACK, FALLBACK_BOLD], ids=lambda cut: cut.file_name)
def test_the_fallback_cuts_know_greek_cyrillic_and_vietnamese(cut: StaticCut):
    text = "Κυνόδοντας ΈΡΩΣ Человек ЁЖ ґєї Mùi đu đủ xanh ẪẶ Dvořák Łódź"
    assert {ord(character) for character in text} <= read_characters(cut_path(cut))


def test_the_latin_files_do_not_overlap():
    ranges = {font.file_name: parse_unicode_range(font.characters) for font in WEB_FONTS}
    assert not ranges["archivo-latin.woff2"] & ranges["archivo-latin-ext.woff2"]


def test_every_face_in_the_style_sheet_is_on_disk():
    named = set(re.findall(r'url\("([^"]+)"\)', (font_dir() / "fonts.css").read_text()))
    assert named == {font.file_name for font in WEB_FONTS}
    assert all((font_dir() / name).is_file() for name in [*named, *PRELOADED])


def test_the_style_sheet_swaps_and_keeps_the_metrics():
    css = font_face_css()
    assert css.count("font-display: swap") == len(WEB_FONTS)
    assert css.count("line-gap-override: 0%") == len(FALLBACK_FACES)
    assert "size-adjust: 68.5%" in css


def test_the_licences_travel_with_the_fonts():
    texts = [path.read_text() for path in font_dir().glob("LICENCE-*.txt")]
    assert len(texts) == 3
    assert all("SIL OPEN FONT LICENSE" in text for text in texts)


def test_many_starters_build_once(tmp_path, monkeypatch):
    builds: list[Path] = []

    def build(out_dir: Path) -> None:
        builds.append(out_dir)
        (out_dir / "fonts.css").write_text("")

    monkeypatch.setattr("marquee.typography.build.build_fonts", build)
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(cache.ensure_fonts, [tmp_path] * 8))
    assert len(builds) == 1
    assert [folder.name for folder in folders] == [cache.build_key()]
    assert (folders.pop() / "fonts.css").exists()


def test_a_build_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def build(out_dir: Path) -> None:
        (out_dir / "half.woff2").write_text("")
        raise OSError("disk full")

    monkeypatch.setattr("marquee.typography.build.build_fonts", build)
    with pytest.raises(OSError, match="disk full"):
        cache.ensure_fonts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_the_folder_can_be_chosen_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MARQUEE_FONT_DIR", str(tmp_path))
    assert cache.default_cache_dir() == tmp_path
