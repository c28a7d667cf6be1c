"""Our artwork: flat SVG drawings whose colours are filled in when they are used.

A drawing is an ordinary file that every browser and editor opens. Where the colour is the program's to choose, it says
`var(--filled, #4b2c1d)`: the name of the colour, then what it looks like on its own. Only plain shapes are taken, so
that a drawing can be placed inside another picture, and means the same to a browser and to the renderer of the passes.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = frozenset({"g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon"})
ATTRIBUTES = frozenset(
    {"d", "cx", "cy", "r", "rx", "ry", "x", "y", "x1", "y1", "x2", "y2", "width", "height", "points", "transform"}
    | {"opacity", "fill", "fill-rule", "fill-opacity", "stroke", "stroke-width", "stroke-opacity"}
    | {"stroke-linecap", "stroke-linejoin"}
)

_COLOUR = re.compile(r"var\(--([a-z]+), ?#[0-9a-f]{3,6}\)")
_PAINT = re.compile(r"none|#[0-9a-f]{3}|#[0-9a-f]{6}|" + _COLOUR.pattern)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BODY = re.compile(r"<svg\b[^>]*>(.*)</svg>\s*\Z", re.DOTALL)


class BadDrawing(ValueError):
    """A file that cannot be used as artwork; str(error) says all that is wrong with it."""


@dataclass(frozen=True)
class Drawing:
    """One piece of artwork. width, height: its own measures, in no particular unit; shapes: the markup inside."""

    width: float
    height: float
    shapes: str

    @classmethod
    def parse(cls, text: str, colours: Collection[str]) -> Self:
        """The drawing in an SVG file that may ask for the colours named. Raises BadDrawing."""
        try:
            # Entities can unfold without end, and no drawing needs one.
            if "<!" in _COMMENT.sub("", text):
                raise BadDrawing("leave out <!DOCTYPE, <!ENTITY and CDATA sections")
            root = ET.fromstring(text)
        except ET.ParseError as error:
            raise BadDrawing(f"is not XML: {error}") from None
        if faults := list(_faults(root, frozenset(colours))):
            raise BadDrawing("; ".join(faults))
        _, _, width, height = _view_box(root)
        body = _BODY.search(_COMMENT.sub("", text))
        return cls(width, height, " ".join(body[1].split()) if body else "")

    def coloured(self, colours: Mapping[str, str]) -> str:
        """The markup with every colour filled in."""
        return _COLOUR.sub(lambda match: colours[match[1]], self.shapes)

    def svg(self, colours: Mapping[str, str], width: float, height: float) -> str:
        """The drawing as a picture of its own, stretched to so many points."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="{self.view_box}" preserveAspectRatio="none">{self.coloured(colours)}</svg>'
        )

    @property
    def view_box(self) -> str:
        """The measures as an SVG attribute wants them."""
        return f"0 0 {self.width:g} {self.height:g}"


def _faults(root: ET.Element, colours: Collection[str]) -> Iterator[str]:
    if root.tag != f"{SVG}svg":
        yield 'must be an <svg xmlns="http://www.w3.org/2000/svg">'
    x, y, width, height = _view_box(root)
    if (x, y) != (0, 0) or width <= 0 or height <= 0:
        yield 'needs a viewBox that starts at 0 0, such as viewBox="0 0 100 100"'
    for attribute in sorted(set(root.attrib) - {"viewBox", "width", "height"}):
        yield f"{attribute} of <svg> is not taken; set it on a <g> inside"
    for element in root.iter():
        if element is not root:
            yield from _shape_faults(element)
            yield from _colour_faults(element, colours)


def _view_box(root: ET.Element) -> tuple[float, float, float, float]:
    try:
        x, y, width, height = (float(number) for number in root.get("viewBox", "").split())
    except ValueError:
        return (0, 0, 0, 0)
    return (x, y, width, height)


def _shape_faults(element: ET.Element) -> Iterator[str]:
    tag = element.tag.removeprefix(SVG)
    if tag not in SHAPES:
        yield f"<{tag}> is not taken; use only {', '.join(sorted(SHAPES))}"
    for attribute in sorted(set(element.attrib) - ATTRIBUTES):
        yield f"{attribute} of <{tag}> is not taken"
    if (element.text or "").strip():
        yield f"<{tag}> holds text; draw letters as paths"


def _colour_faults(element: ET.Element, colours: Collection[str]) -> Iterator[str]:
    for paint in (element.get("fill"), element.get("stroke")):
        if paint is None:
            continue
        if not _PAINT.fullmatch(paint):
            yield f"{paint} is not a colour; write #rrggbb, none or var(--name, #rrggbb)"
        elif (match := _COLOUR.fullmatch(paint)) and match[1] not in colours:
            yield f"there is no colour {match[1]!r}; choose one of {', '.join(sorted(colours))}"
