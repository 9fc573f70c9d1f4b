"""fonts.css: the faces, and fallbacks with the metrics of the real ones, so that nothing jumps."""

from dataclasses import dataclass

from marquee.typography.recipe import ARCHIVO, WEB_FONTS, WebFont


@dataclass(frozen=True)
class FallbackFace:
    """A font of the reader's system, stretched to the measure of ours until ours has arrived."""

    family: str
    local_fonts: tuple[str, ...]
    stretch: str
    weight: str
    size_adjust: str
    ascent: str
    descent: str


# Liberation has the measures of Arial and Times and stands in for them on Linux.
_ARIAL = ("Arial", "Liberation Sans")
_ARIAL_BOLD = ("Arial Bold", "Arial-BoldMT", "Liberation Sans Bold")
_TIMES = ("Times New Roman", "Liberation Serif")
_HOUSE = "Archivo Fallback"
_PEOPLE = "Literata Fallback"

FALLBACK_FACES = (
    FallbackFace(_HOUSE, _ARIAL_BOLD, "62% 72%", "400 800", "68.5%", "128.1%", "30.6%"),
    FallbackFace(_HOUSE, _ARIAL, "73% 89%", "400 599", "84%", "104.5%", "25%"),
    FallbackFace(_HOUSE, _ARIAL_BOLD, "73% 89%", "600 800", "84%", "104.5%", "25%"),
    FallbackFace(_HOUSE, _ARIAL, "90% 100%", "400 599", "92.9%", "94.5%", "22.6%"),
    FallbackFace(_HOUSE, _ARIAL_BOLD, "90% 100%", "600 800", "92%", "95.4%", "22.8%"),
    FallbackFace(_PEOPLE, _TIMES, "normal", "400 700", "116.4%", "101.1%", "26.5%"),
)

# Greek and Cyrillic of the house stand before the fallback: Arial has those letters too.
_STACKS = f""":root {{
  --font-house: Archivo, "Roboto Condensed", "{_HOUSE}", Arial, sans-serif;
  --font-people: Literata, "{_PEOPLE}", Georgia, serif;
}}
"""


def font_face_css() -> str:
    """The whole style sheet; its URLs are relative to where it lies."""
    faces = [_web_face(font) for font in WEB_FONTS] + [_fallback_face(face) for face in FALLBACK_FACES]
    return "\n".join([*faces, _STACKS])


def _web_face(font: WebFont) -> str:
    stretch = "62% 100%" if font.family is ARCHIVO else "normal"
    return _rule(
        ("font-family", f'"{font.family.name}"'),
        ("src", f'url("{font.file_name}") format("woff2")'),
        ("font-weight", _weights(font)),
        ("font-stretch", stretch),
        ("font-display", "swap"),
        ("unicode-range", font.characters),
    )


def _weights(font: WebFont) -> str:
    limits = font.axes["wght"]
    return " ".join(f"{weight:g}" for weight in limits) if isinstance(limits, tuple) else f"{limits:g}"


def _fallback_face(face: FallbackFace) -> str:
    return _rule(
        ("font-family", f'"{face.family}"'),
        ("src", ", ".join(f'local("{name}")' for name in face.local_fonts)),
        ("font-weight", face.weight),
        ("font-stretch", face.stretch),
        ("size-adjust", face.size_adjust),
        ("ascent-override", face.ascent),
        ("descent-override", face.descent),
        ("line-gap-override", "0%"),
    )


def _rule(*declarations: tuple[str, str]) -> str:
    body = "".join(f"  {name}: {value};\n" for name, value in declarations)
    return f"@font-face {{\n{body}}}\n"
