"""The pictures in a bundle: whether each is a real PNG, of a size that Wallet draws well.

Source: Apple, Human Interface Guidelines "Wallet", and the Pass Builder's image checks.
"""

import re
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping
from zlib import crc32

from walletpass.apple.findings import Finding, refused, unwise

Size = tuple[int, int]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_IMAGE = re.compile(r"(?P<folder>[^/]+\.lproj/)?(?P<name>[A-Za-z]+)(?:@(?P<scale>[23])x)?\.png")
_SMALLEST_ICON = 38  # points
_LARGEST_LOGO = (160, 50)  # points
_STRIPS = {"storeCard": ((375, 144), (375, 123)), "coupon": ((375, 144), (375, 123)), "eventTicket": ((375, 98),)}


class NotAPng(ValueError):
    """The bytes are not a whole PNG picture."""


def png_size(data: bytes) -> Size:
    """Width and height in pixels. Raises NotAPng, also for a picture that was cut off or damaged."""
    if not data.startswith(_SIGNATURE):
        raise NotAPng("it is not a PNG; save it as PNG (renaming the file is not enough)")
    chunks = list(_chunks(data))
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or b"IDAT" not in kinds or kinds[-1] != b"IEND" or len(chunks[0][1]) != _HEADER.size:
        raise NotAPng("the PNG is not complete; export it again")
    width, height, *_ = _HEADER.unpack(chunks[0][1])
    return width, height


def image_findings(files: Mapping[str, bytes], style: str) -> Iterator[Finding]:
    """What is wrong with the pictures of a pass of the given style."""
    sizes: dict[str, dict[int, Size]] = defaultdict(dict)
    for path, data in files.items():
        if not path.endswith(".png"):
            continue
        match = _IMAGE.fullmatch(path)
        if match is None:
            yield unwise(f"{path}: Wallet knows no image of this name; name it like icon@2x.png")
            continue
        if match["folder"] and path.removeprefix(match["folder"]) in files:
            yield unwise(f"{path}: the one at the top hides it; keep only one of them")
        try:
            sizes[(match["folder"] or "") + match["name"]][int(match["scale"] or 1)] = png_size(data)
        except NotAPng as error:
            yield refused(f"{path}: {error}")
    yield from _missing(files)
    for path, by_scale in sizes.items():
        for scale, size in by_scale.items():
            yield from _size_findings(path, scale, size, style)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_SIGNATURE)
    while position < len(data):
        if len(data) < position + 12:
            raise NotAPng("the PNG is cut off; export it again")
        length = int.from_bytes(data[position : position + 4], "big")
        body, end = data[position + 4 : position + 8 + length], position + 12 + length
        if len(data) < end or crc32(body) != int.from_bytes(data[end - 4 : end], "big"):
            raise NotAPng("the PNG is cut off or damaged; export it again")
        yield body[:4], body[4:]
        position = end


def _missing(files: Mapping[str, bytes]) -> Iterator[Finding]:
    if not any(re.fullmatch(r"([^/]+\.lproj/)?icon(@[23]x)?\.png", path) for path in files):
        yield refused("there is no icon; add icon.png, icon@2x.png and icon@3x.png")
        return
    names = {path.partition("@")[0].removesuffix(".png") for path in files if path.endswith(".png")}
    for name in sorted(names):
        for scale in ("", "@2x", "@3x"):
            if f"{name}{scale}.png" not in files:
                yield unwise(f"{name}{scale}.png is missing; give every image in all three sizes")


def _size_findings(path: str, scale: int, size: Size, style: str) -> Iterator[Finding]:
    name, (width, height) = path.rpartition("/")[2], size
    label = f"{path}{f'@{scale}x' if scale > 1 else ''}.png is {width} x {height} pixels"
    if name == "icon" and (width != height or width < _SMALLEST_ICON * scale):
        yield unwise(f"{label}; an icon is a square of at least {_SMALLEST_ICON * scale}")
    if name == "logo" and (width > _LARGEST_LOGO[0] * scale or height > _LARGEST_LOGO[1] * scale):
        yield unwise(f"{label}; a logo is at most {_LARGEST_LOGO[0] * scale} x {_LARGEST_LOGO[1] * scale}")
    legal = [(w * scale, h * scale) for w, h in _STRIPS.get(style, ())]
    if name == "strip" and legal and size not in legal:
        choices = " or ".join(f"{w} x {h}" for w, h in legal)
        yield unwise(f"{label}; it would be cropped: draw the strip of a {style} {choices}")
