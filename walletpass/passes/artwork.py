"""The pictures of a card as PNG: the strip with its stamps, the icon and the logo.

A strip has extremes: no place filled, all of them, a reward waiting. They are drawn from vectors once per program and
scale; every state between is put together from their parts, which lie on whole pixels, and costs no more than packing
the file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from types import MappingProxyType

import resvg_py
from PIL import Image

from walletpass.passes.cache import Cache
from walletpass.passes.design import Design
from walletpass.passes.face import Scale
from walletpass.passes.layout import Canvas, Slot, slots
from walletpass.passes.stamps import STRIP, Kind, Look, Progress, place_svg, tile

Pictures = Mapping[Scale, bytes]
"""One picture as PNG, at one, two and three pixels a point."""

SCALES: tuple[Scale, ...] = (1, 2, 3)

ICON_SIDE = 38
"""Of Apple's icon, in points; the system rounds the corners of the opaque square."""

LOGO_HEIGHT = 50
"""Of Apple's logo, in points."""

STATES_KEPT = 1024
"""Strips and marks remembered, up to 50 KB each."""

BOARDS_KEPT = 45
"""Sets of extremes remembered, three a program; 2 MB a program, made again within a quarter of a second."""

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


def square_icon(design: Design, side: int) -> bytes:
    """The icon alone, so many pixels wide and high."""
    return _png(_in_palette(_rendered(design.artwork.icon.svg(design.colours.hexes, side, side), 1)))


def logo(design: Design) -> Pictures:
    """Apple's logo: transparent around the mark, to sit on the background."""
    drawing = design.artwork.logo
    svg = drawing.svg(design.colours.hexes, round(LOGO_HEIGHT * drawing.width / drawing.height), LOGO_HEIGHT)
    return _marks.get(svg, lambda: _at_all_scales(lambda scale: _png(_rendered(svg, scale))))


@dataclass(frozen=True)
class _Board:
    """A strip with all places looking alike, one picture for each look, and where the places are, in pixels."""

    looks: Mapping[Look, Image.Image]
    boxes: tuple[tuple[int, int, int, int], ...]

    def at(self, progress: Progress) -> Image.Image:
        picture = self.looks["empty"].copy()
        for place, box in enumerate(self.boxes, start=1):
            picture.paste(self.looks[progress.look(place)].crop(box), box)
        return picture


_strips: Cache[tuple[str, Progress], Pictures] = Cache(STATES_KEPT)
_boards: Cache[tuple[str, Progress, Canvas, int], _Board] = Cache(BOARDS_KEPT)
_marks: Cache[str, Pictures] = Cache(STATES_KEPT)


def _draw_board(design: Design, start: Progress, canvas: Canvas, scale: int) -> _Board:
    extremes: Mapping[Look, Progress] = {
        "empty": start,
        "filled": replace(start, stamps=start.stamps_required),
        "waiting": replace(start, ready=True),
    }
    ground = _ground(design, canvas, scale)
    pictures = [_with_stamps(ground, design, progress, canvas, scale) for progress in extremes.values()]
    return _Board(
        looks=dict(zip(extremes, _in_one_palette(pictures), strict=True)),
        boxes=tuple(_box(slot, scale) for slot in slots(start.stamps_required, canvas)),
    )


def _ground(design: Design, canvas: Canvas, scale: int) -> Image.Image:
    picture = Image.new("RGB", (canvas.width * scale, canvas.height * scale), design.colours.strip.hex)
    if pattern := tile(design, canvas):
        width, height = pattern.width, pattern.height
        _repeat(_rendered(pattern.drawing.svg(design.colours.hexes, width, height), scale), picture)
    return picture


def _with_stamps(ground: Image.Image, design: Design, progress: Progress, canvas: Canvas, scale: int) -> Image.Image:
    """What strip_svg shows, put together from its parts: the renderer is slow where a picture is large."""
    picture = ground.copy()
    stamps: dict[tuple[Kind, Look], Image.Image] = {}
    for place, slot in enumerate(slots(progress.stamps_required, canvas), start=1):
        kind, look = progress.kind(place), progress.look(place)
        if (kind, look) not in stamps:
            stamps[kind, look] = _rendered(place_svg(design, kind, look, slot.size), scale)
        picture.paste(stamps[kind, look], _box(slot, scale), stamps[kind, look])
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


def _in_one_palette(pictures: Sequence[Image.Image]) -> Iterator[Image.Image]:
    """Opaque pictures of one size, in the same 256 colours, so that parts of one can be put into another."""
    width, height = pictures[0].size
    column = Image.new("RGB", (width, height * len(pictures)))
    for row, picture in enumerate(pictures):
        column.paste(picture, (0, row * height))
    column = _in_palette(column)
    for row in range(len(pictures)):
        yield column.crop((0, row * height, width, (row + 1) * height))


def _in_palette(picture: Image.Image) -> Image.Image:
    """The opaque picture in at most 256 colours; flat drawings hardly have more, and weigh a third."""
    return picture.convert("RGB").quantize(_PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
