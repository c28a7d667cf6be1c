"""Pictures of cards for pages, mails and wallets: public, and named by what they show, so that anyone may keep them.

`/art/<program id>/<picture>-<digest>.<svg|png|css>`. When the program has changed meanwhile, an old name shows the
picture of today, but then nobody is told to keep it: pages printed or mailed long ago still work, and no cache lies.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from flask import Blueprint, Response, abort
from sqlalchemy import select

from walletpass.database import reading
from walletpass.deps import Deps
from walletpass.loyalty import tables
from walletpass.loyalty.programs import Program, program_by_id
from walletpass.loyalty.texts import is_name
from walletpass.passes.artwork import LOGO_HEIGHT, stamp_picture
from walletpass.passes.cards import design_of
from walletpass.passes.layout import Canvas
from walletpass.passes.stamps import Progress, strip_svg

IMMUTABLE = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=60"

SHARED = Canvas(width=600, height=315, safe_height=315)
"""The picture beside a link in chats and social networks: 1200 by 630 pixels at two a point."""

_STAMPS = re.compile(r"stamps-(\d{1,2})(-ready)?")


class Art:
    """The addresses of a program's pictures."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.css_class = f"look-{program.id}"

    def stamps(self, stamps: int, ready: bool = False) -> str:
        """The strip with so many stamps; ready: with the reward at its end shown as earned."""
        return self._address(f"stamps-{stamps}{'-ready' if ready else ''}", "svg")

    @property
    def logo(self) -> str:
        """The program's mark, to sit on the card's background."""
        return self._address("logo", "svg")

    @property
    def colours(self) -> str:
        """A style sheet with the card's colours, for elements of `css_class`."""
        return self._address("colours", "css")

    @property
    def shared(self) -> str:
        """An empty card, large, for link previews; a PNG, because those readers take no SVG."""
        return self._address("stamps-0", "png")

    def _address(self, picture: str, kind: str) -> str:
        return f"/art/{self.program.id}/{picture}-{_digest(_source(self.program, picture))}.{kind}"


def blueprint(deps: Deps) -> Blueprint:
    """`/art/...`"""
    bp = Blueprint("art", __name__)

    @bp.get("/art/<program_id>/<picture>-<digest>.<any(svg, png, css):kind>")
    def show(program_id: str, picture: str, digest: str, kind: str) -> Response:
        program = _program(deps, program_id)
        source = _source(program, picture) if _exists(program, picture, kind) else abort(404)
        response = Response(_file(program, picture, kind, source), mimetype=_MIMETYPES[kind])
        response.headers["Cache-Control"] = IMMUTABLE if digest == _digest(source) else SHORTLY
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return bp


_MIMETYPES = {"svg": "image/svg+xml", "png": "image/png", "css": "text/css"}


def _program(deps: Deps, program_id: str) -> Program:
    if not is_name(program_id):
        abort(404)
    with reading(deps.engine) as connection:
        known = connection.execute(select(tables.program.c.id).where(tables.program.c.id == program_id)).first()
        return program_by_id(connection, program_id) if known else abort(404)


def _exists(program: Program, picture: str, kind: str) -> bool:
    if match := _STAMPS.fullmatch(picture):
        return kind in {"svg", "png"} and int(match[1]) <= program.terms.stamps_required
    return (picture, kind) in {("logo", "svg"), ("colours", "css")}


def _source(program: Program, picture: str) -> str:
    """What the picture is made from: all that can change its looks."""
    design = design_of(program)
    match picture:
        case "logo":
            drawing = design.artwork.logo
            width = LOGO_HEIGHT * drawing.width / drawing.height
            return drawing.svg(design.colours.hexes, width, LOGO_HEIGHT)
        case "colours":
            return _style_sheet(program, design.colours.hexes.items())
        case _:
            return strip_svg(design, _progress(program, picture), title="")


def _file(program: Program, picture: str, kind: str, source: str) -> str | bytes:
    if kind == "png":
        return stamp_picture(design_of(program), _progress(program, picture), SHARED, scale=2)
    return source


def _progress(program: Program, picture: str) -> Progress:
    match = _STAMPS.fullmatch(picture)
    assert match
    return Progress(
        stamps=int(match[1]),
        stamps_required=program.terms.stamps_required,
        extras=frozenset(extra.at for extra in program.terms.extras),
        ready=match[2] is not None,
    )


def _style_sheet(program: Program, colours: Iterable[tuple[str, str]]) -> str:
    properties = "".join(f"--card-{role}:{colour};" for role, colour in colours)
    return f".{Art(program).css_class}{{{properties}}}\n"


def _digest(source: str) -> str:
    return sha256(source.encode()).hexdigest()[:16]
