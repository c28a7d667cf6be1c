"""Pictures of cards under public addresses, named by what they show, so that pages, mails and wallets may keep them.

`/art/<program id>/<picture>-<digest>.<svg|png|css>`, where the picture is for instance `stamps-4-ready`. The digest is
of all that can change its looks: another picture always has another address.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from walletpass.loyalty.programs import MOST_STAMPS, Program
from walletpass.passes.artwork import ICON_SIDE, LOGO_HEIGHT, square_icon, stamp_picture
from walletpass.passes.cards import design_of
from walletpass.passes.layout import Canvas
from walletpass.passes.stamps import STRIP, Progress, strip_svg

SHARED = Canvas(width=600, height=315, safe_height=315)
"""The picture beside a link in chats and social networks: 1200 by 630 pixels at two a point."""

HERO = Canvas(width=1032, height=336, safe_height=336)
"""Google's picture across the card, in pixels (google-wallet 6)."""

SIDES = {"home": 180, "round": 660}
"""The icon in pixels: for home screens, and as Google's logo, shown as a circle (google-wallet 6)."""

_STAMPS = re.compile(r"(stamps|hero)-(\d{1,2})(-ready)?")
_KINDS = {"stamps": {"svg", "png"}, "hero": {"png"}}
_OTHERS = {("logo", "svg"), ("icon", "svg"), ("home", "png"), ("round", "png"), ("colours", "css")}


class Art:
    """The addresses of a program's pictures."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.css_class = f"look-{program.id}"

    def stamps(self, stamps: int, ready: bool = False) -> str:
        """The strip with so many stamps; ready: with the reward at its end shown as earned."""
        return self._address(f"stamps-{stamps}{'-ready' if ready else ''}", "svg")

    def hero(self, stamps: int, ready: bool = False) -> str:
        """The same as Google shows it; a PNG."""
        return self._address(f"hero-{stamps}{'-ready' if ready else ''}", "png")

    @property
    def logo(self) -> str:
        """The program's mark, to sit on the card's background."""
        return self._address("logo", "svg")

    @property
    def icon(self) -> str:
        """The program's mark on a square of its own."""
        return self._address("icon", "svg")

    @property
    def home_screen_icon(self) -> str:
        """The same as home screens want it; a PNG."""
        return self._address("home", "png")

    @property
    def round_logo(self) -> str:
        """The same as Google wants it; a PNG."""
        return self._address("round", "png")

    @property
    def colours(self) -> str:
        """A style sheet with the card's colours, for elements of `css_class`."""
        return self._address("colours", "css")

    @property
    def shared(self) -> str:
        """An empty card, large, for link previews; a PNG, because those readers take no SVG."""
        return self._address("stamps-0", "png")

    def _address(self, picture: str, kind: str) -> str:
        return f"/art/{self.program.id}/{picture}-{digest(self.program, picture)}.{kind}"


def exists(program: Program, picture: str, kind: str) -> bool:
    """Whether cards of the program show the picture, and it comes as that kind of file."""
    if match := _STAMPS.fullmatch(picture):
        # A program may have been shortened since Google was told of a picture, which refuses cards without theirs.
        return kind in _KINDS[match[1]] and int(match[2]) <= MOST_STAMPS
    return (picture, kind) in _OTHERS


def digest(program: Program, picture: str) -> str:
    """What the picture's address ends with."""
    return sha256(_source(program, picture).encode()).hexdigest()[:16]


def file(program: Program, picture: str, kind: str) -> str | bytes:
    """The picture, which exists."""
    if kind != "png":
        return _source(program, picture)
    if side := SIDES.get(picture):
        return square_icon(design_of(program), side)
    canvas, scale = (HERO, 1) if picture.startswith("hero") else (SHARED, 2)
    return stamp_picture(design_of(program), _progress(program, picture), canvas, scale)


def _source(program: Program, picture: str) -> str:
    """What the picture is made from: all that can change its looks."""
    design = design_of(program)
    match picture:
        case "logo":
            drawing = design.artwork.logo
            width = LOGO_HEIGHT * drawing.width / drawing.height
            return drawing.svg(design.colours.hexes, width, LOGO_HEIGHT)
        case "icon" | "home" | "round":
            side = SIDES.get(picture, ICON_SIDE)
            return design.artwork.icon.svg(design.colours.hexes, side, side)
        case "colours":
            return _style_sheet(program, design.colours.hexes.items())
        case _:
            canvas = HERO if picture.startswith("hero") else STRIP
            return strip_svg(design, _progress(program, picture), title="", canvas=canvas)


def _progress(program: Program, picture: str) -> Progress:
    match = _STAMPS.fullmatch(picture)
    assert match
    return Progress(
        stamps=min(int(match[2]), program.terms.stamps_required),
        stamps_required=program.terms.stamps_required,
        extras=frozenset(extra.at for extra in program.terms.extras),
        ready=match[3] is not None,
    )


def _style_sheet(program: Program, colours: Iterable[tuple[str, str]]) -> str:
    properties = "".join(f"--card-{role}:{colour};" for role, colour in colours)
    return f".{Art(program).css_class}{{{properties}}}\n"
