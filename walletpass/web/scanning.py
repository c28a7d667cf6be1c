"""Finding the code of a card in a picture, for browsers that cannot read barcodes themselves."""

from dataclasses import dataclass
from io import BytesIO

import zxingcpp
from PIL import Image

from walletpass.i18n import N_
from walletpass.loyalty.errors import Unfit
from walletpass.loyalty.ids import MistypedCode, read_code

LARGEST_FRAME = 256 * 1024
"""Bytes of one picture; the counter sends about 30 thousand."""

MOST_PIXELS = 4_000_000
"""Width times height: more than any counter sends, and decoded in a few milliseconds."""

QR_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


class UnreadableFrame(Unfit):
    """What came is no picture, or too large a one."""

    def __init__(self) -> None:
        super().__init__("frame", N_("This is no picture from a camera. Send a JPEG of at most 4 million pixels."))


@dataclass(frozen=True)
class Sight:
    """What a picture shows. code: that of a card, ours or not; None without one. other: another QR code was in it."""

    code: str | None
    other: bool = False


def look(frame: bytes) -> Sight:
    """What the JPEG shows. Raises UnreadableFrame.

    The picture is decoded in memory and forgotten. A measured frame takes 3 to 8 ms; without the attempts to rotate,
    to scale down and to invert, which are zxing's defaults, dark frames are not read at all.
    """
    found = zxingcpp.read_barcodes(_grey(frame), formats=QR_CODES)
    codes = [_code(barcode.text) for barcode in found]
    return Sight(next(filter(None, codes), None), other=None in codes)


def _grey(frame: bytes) -> Image.Image:
    # One format: every further one is a further decoder that strangers could feed.
    try:
        with Image.open(BytesIO(frame), formats=["JPEG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:  # known from the header, before anything is decoded
                raise UnreadableFrame
            picture.draft("L", picture.size)  # the decoder leaves the colours out
            return picture.convert("L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise UnreadableFrame from None


def _code(text: str) -> str | None:
    try:
        return read_code(text)
    except MistypedCode:
        return None
