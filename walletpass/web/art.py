"""Pictures of cards for pages, mails and wallets: public, and named by what they show, so that anyone may keep them.

When the program has changed meanwhile, an old name shows the picture of today, but then nobody is told to keep it:
pages printed or mailed long ago still work, and no cache lies.
"""

from flask import Blueprint, Response, abort
from sqlalchemy import select

from walletpass.database import reading
from walletpass.deps import Deps
from walletpass.loyalty import tables
from walletpass.loyalty.programs import Program, program_by_id
from walletpass.loyalty.texts import is_name
from walletpass.passes import art

IMMUTABLE = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=60"

_MIMETYPES = {"svg": "image/svg+xml", "png": "image/png", "css": "text/css"}


def blueprint(deps: Deps) -> Blueprint:
    """`/art/...`"""
    bp = Blueprint("art", __name__)

    @bp.get("/art/<program_id>/<picture>-<digest>.<any(svg, png, css):kind>")
    def show(program_id: str, picture: str, digest: str, kind: str) -> Response:
        program = _program(deps, program_id)
        if not art.exists(program, picture, kind):
            abort(404)
        response = Response(art.file(program, picture, kind), mimetype=_MIMETYPES[kind])
        response.headers["Cache-Control"] = IMMUTABLE if digest == art.digest(program, picture) else SHORTLY
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return bp


def _program(deps: Deps, program_id: str) -> Program:
    if not is_name(program_id):
        abort(404)
    with reading(deps.engine) as connection:
        known = connection.execute(select(tables.program.c.id).where(tables.program.c.id == program_id)).first()
        return program_by_id(connection, program_id) if known else abort(404)
