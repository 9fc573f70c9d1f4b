"""Reading a code out of a camera picture, for browsers that cannot do it themselves."""

import io

import zxingcpp
from PIL import Image, UnidentifiedImageError

from marquee.errors import Invalid, Problem

_MOST_PIXELS = 4_000_000
_LONGEST_SIDE = 1600


class UnreadableFrame(Exception):
    """Not a picture, or one too large to look at."""

    def problem(self) -> Problem:
        return Invalid(str(self))


def code_in(picture: bytes) -> str | None:
    """The text of the QR code in a JPEG, PNG or WebP; None when there is none. Raises UnreadableFrame."""
    try:
        image = Image.open(io.BytesIO(picture), formats=["JPEG", "PNG", "WEBP"])
        if image.width * image.height > _MOST_PIXELS:
            raise UnreadableFrame("The picture is larger than four megapixels.")
        image.draft("L", (_LONGEST_SIDE, _LONGEST_SIDE))
        grey = image.convert("L")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableFrame("That is not a picture we can read.") from error
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
    return str(found[0].text) if found else None
