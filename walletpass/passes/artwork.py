"""The pictures of a card as PNG: the strip with its stamps, the icon and the logo.

A strip has two extremes: all places empty, all places filled. Both are drawn from vectors once per program and scale;
every state between them is put together from their parts, which lie on whole pixels, and costs no more than packing
the file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from types import MappingProxyType

import resvg_py
from PIL import Image

from walletpass.passes.cache import Cache
from walletpass.passes.design import Design
from walletpass.passes.face import Scale
from walletpass.passes.layout import Canvas, Slot, slots
from walletpass.passes.stamps import STRIP, Kind, Progress, place_svg, tile

Pictures = Mapping[Scale, bytes]
"""One picture as PNG, at one, two and three pixels a point."""

SCALES: tuple[Scale, ...] = (1, 2, 3)

ICON_SIDE = 38
"""Of Apple's icon, in points; the system rounds the corners of the opaque square."""

LOGO_HEIGHT = 50
"""Of Apple's logo, in points."""

STATES_KEPT = 1024
"""Strips and marks remembered, up to 50 KB each."""

BOARDS_KEPT = 60
"""Extremes remembered, three a program; up to 1 MB each, made again within a tenth of a second."""

_PALETTE = 256  # colours; a PNG's palette holds no more


def strip(design: Design, progress: Progress) -> Pictures:
    """Apple's strip; the same object whenever it shows the same."""
    return _strips.get(
        (design.digest, progress),
        lambda: _at_all_scales(lambda scale: stamp_picture(design, progress, STRIP, scale)),
    )


def stamp_picture(design: Design, progress: Progress, canvas: Canvas, scale: int = 1) -> bytes:
    """The stamps of a card as PNG on a canvas of any measures, `scale` pixels a point."""
    look = replace(progress, stamps=0, ready=False)
    board = _boards.get((design.digest, look, canvas, scale), lambda: _draw_board(design, look, canvas, scale))
    return _png(board.at(progress))


def icon(design: Design) -> Pictures:
    """Apple's icon: square and opaque."""
    svg = design.artwork.icon.svg(design.colours.hexes, ICON_SIDE, ICON_SIDE)
    return _marks.get(svg, lambda: _at_all_scales(lambda scale: _png(_in_palette(_rendered(svg, scale)))))


def logo(design: Design) -> Pictures:
    """Apple's logo: transparent around the mark, to sit on the background."""
    drawing = design.artwork.logo
    svg = drawing.svg(design.colours.hexes, round(LOGO_HEIGHT * drawing.width / drawing.height), LOGO_HEIGHT)
    return _marks.get(svg, lambda: _at_all_scales(lambda scale: _png(_rendered(svg, scale))))


@dataclass(frozen=True)
class _Board:
    """The two extremes of a strip, in one palette, and where its places are, in pixels."""

    empty: Image.Image
    full: Image.Image
    boxes: tuple[tuple[int, int, int, int], ...]

    def at(self, progress: Progress) -> Image.Image:
        picture = self.empty.copy()
        for place, box in enumerate(self.boxes, start=1):
            if progress.is_filled(place):
                picture.paste(self.full.crop(box), box)
        return picture


_strips: Cache[tuple[str, Progress], Pictures] = Cache(STATES_KEPT)
_boards: Cache[tuple[str, Progress, Canvas, int], _Board] = Cache(BOARDS_KEPT)
_marks: Cache[str, Pictures] = Cache(STATES_KEPT)


def _draw_board(design: Design, start: Progress, canvas: Canvas, scale: int) -> _Board:
    end = replace(start, stamps=start.stamps_required)
    extremes = [_drawn(design, progress, canvas, scale) for progress in (start, end)]
    width, height = extremes[0].size
    both = Image.new("RGB", (width, 2 * height))
    for row, picture in enumerate(extremes):
        both.paste(picture, (0, row * height))
    both = _in_palette(both)
    return _Board(
        empty=both.crop((0, 0, width, height)),
        full=both.crop((0, height, width, 2 * height)),
        boxes=tuple(_box(slot, scale) for slot in slots(start.stamps_required, canvas)),
    )


def _drawn(design: Design, progress: Progress, canvas: Canvas, scale: int) -> Image.Image:
    """What strip_svg shows, put together from its parts: the renderer is slow where a picture is large."""
    picture = Image.new("RGB", (canvas.width * scale, canvas.height * scale), design.colours.strip.hex)
    if pattern := tile(design, canvas):
        width, height = pattern.width, pattern.height
        _repeat(_rendered(pattern.drawing.svg(design.colours.hexes, width, height), scale), picture)
    looks: dict[tuple[Kind, bool], Image.Image] = {}
    for place, slot in enumerate(slots(progress.stamps_required, canvas), start=1):
        look = progress.kind(place), progress.is_filled(place)
        if look not in looks:
            looks[look] = _rendered(place_svg(design, *look, slot.size), scale)
        picture.paste(looks[look], _box(slot, scale), looks[look])
    return picture


def _repeat(part: Image.Image, picture: Image.Image) -> None:
    for y in range(0, picture.height, part.height):
        for x in range(0, picture.width, part.width):
            picture.paste(part, (x, y), part)


def _box(slot: Slot, scale: int) -> tuple[int, int, int, int]:
    x, y, side = slot.x * scale, slot.y * scale, slot.size * scale
    return x, y, x + side, y + side


def _at_all_scales(draw: Callable[[Scale], bytes]) -> Pictures:
    return MappingProxyType({scale: draw(scale) for scale in SCALES})


def _rendered(svg: str, scale: int) -> Image.Image:
    return Image.open(BytesIO(resvg_py.svg_to_bytes(svg_string=svg, zoom=scale, skip_system_fonts=True)))


def _in_palette(picture: Image.Image) -> Image.Image:
    """The opaque picture in at most 256 colours; flat drawings hardly have more, and weigh a third."""
    return picture.convert("RGB").quantize(_PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
