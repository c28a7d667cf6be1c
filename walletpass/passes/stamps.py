"""The stamps of a card as one SVG: browsers show it as it is, the pictures for the wallets are drawn from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal

from walletpass.passes.design import Design
from walletpass.passes.layout import Canvas, slots
from walletpass.passes.vector import Drawing

STRIP = Canvas(width=375, height=144, safe_height=123)
"""Apple's strip of a store card, in points; some versions of Wallet cut it to the middle 123 of its height."""

Kind = Literal["stamp", "extra", "reward"]

Look = Literal["empty", "filled", "waiting"]
"""Of a place: still to come, reached, or a reward of an earlier round that waits to be redeemed."""

_DOT = '<circle cx="84" cy="16" r="13" fill="{filled}" stroke="{strip}" stroke-width="6"/>'
"""What phones put on things that wait for somebody: on 100 by 100, like the places themselves."""


@dataclass(frozen=True)
class Progress:
    """How far a card has come, as far as its picture shows it.

    stamps: those collected, 0 to `stamps_required`. extras: the places of rewards on the way, counted from 1; the last
    place is always the reward's own. ready: a reward waits to be redeemed, whatever the stamps of this round say.
    """

    stamps: int
    stamps_required: int
    extras: frozenset[int] = frozenset()
    ready: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.stamps <= self.stamps_required:
            raise ValueError(f"{self.stamps} of {self.stamps_required} stamps cannot be drawn")

    def kind(self, place: int) -> Kind:
        """What the place holds."""
        if place == self.stamps_required:
            return "reward"
        return "extra" if place in self.extras else "stamp"

    def look(self, place: int) -> Look:
        """What the place looks like."""
        if self.ready and place == self.stamps_required:
            return "waiting"
        return "filled" if place <= self.stamps else "empty"


@dataclass(frozen=True)
class Tile:
    """The pattern behind the stamps: repeated from the top left corner. width, height: in whole points."""

    width: int
    height: int
    drawing: Drawing


def strip_svg(design: Design, progress: Progress, *, title: str, canvas: Canvas = STRIP) -> str:
    """The stamps of a card as SVG, sharp on every screen; `title` tells the same to those who cannot see them.

    It holds no script and no style, so any content security policy lets it be, in the page itself or in an <img>.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{canvas.width}" height="{canvas.height}" '
        f'viewBox="0 0 {canvas.width} {canvas.height}" role="img"><title>{escape(title)}</title>'
        f"{''.join(_ground(design, canvas))}{''.join(_places(design, progress, canvas))}</svg>"
    )


def place_svg(design: Design, kind: Kind, look: Look, size: int) -> str:
    """One place alone, transparent around its shape."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" {_place(design, kind, look)}</svg>'


def tile(design: Design, canvas: Canvas) -> Tile | None:
    """The pattern of a design on a canvas; it is drawn for the strip, and grows with the canvas."""
    if (backdrop := design.artwork.backdrop) is None:
        return None
    growth = canvas.height / STRIP.height
    return Tile(round(backdrop.width * growth), round(backdrop.height * growth), backdrop)


def _ground(design: Design, canvas: Canvas) -> Iterator[str]:
    whole = f'width="{canvas.width}" height="{canvas.height}"'
    yield f'<rect {whole} fill="{design.colours.strip.hex}"/>'
    if pattern := tile(design, canvas):
        name = f"{_prefix(design)}-backdrop"
        yield (
            f'<pattern id="{name}" width="{pattern.width}" height="{pattern.height}" patternUnits="userSpaceOnUse" '
            f'viewBox="{pattern.drawing.view_box}" preserveAspectRatio="none">'
            f'{pattern.drawing.coloured(design.colours.hexes)}</pattern><rect {whole} fill="url(#{name})"/>'
        )


def _places(design: Design, progress: Progress, canvas: Canvas) -> Iterator[str]:
    defined: set[str] = set()
    for place, slot in enumerate(slots(progress.stamps_required, canvas), start=1):
        kind, look = progress.kind(place), progress.look(place)
        name = f"{_prefix(design)}-{kind}-{look}"
        if name not in defined:
            defined.add(name)
            yield f'<symbol id="{name}" {_place(design, kind, look)}</symbol>'
        yield f'<use href="#{name}" x="{slot.x}" y="{slot.y}" width="{slot.size}" height="{slot.size}"/>'


def _place(design: Design, kind: Kind, look: Look) -> str:
    """The rest of an element that holds one place: its viewBox and what is inside."""
    drawing = {"stamp": design.artwork.stamp, "extra": design.artwork.extra, "reward": design.artwork.reward}[kind]
    dot = _DOT.format_map(design.colours.hexes) if look == "waiting" else ""
    return f'viewBox="{drawing.view_box}">{drawing.coloured(_paint(design, kind, look))}{dot}'


def _prefix(design: Design) -> str:
    """Keeps the ids apart where cards of several designs are drawn in one page."""
    return f"s{design.digest[:8]}"


def _paint(design: Design, kind: Kind, look: Look) -> Mapping[str, str]:
    """An empty place is an outline, a filled one is solid with its sign cut out: they differ in more than colour."""
    roles = design.colours.hexes
    if look == "empty":
        line = roles["empty" if kind == "stamp" else "reward"]
        return {**roles, "solid": roles["strip"], "line": line, "mark": line}
    body = roles["filled" if kind == "stamp" else "reward"]
    return {**roles, "solid": body, "line": body, "mark": roles["strip"]}
