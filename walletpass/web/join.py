"""The join page: what one gets, one button for this phone's wallet, nothing to fill in."""

import re
import secrets
from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from walletpass.allowance import Allowance
from walletpass.database import reading
from walletpass.deps import Deps
from walletpass.i18n import N_
from walletpass.loyalty import operations
from walletpass.loyalty.cards import Card, card_by_id
from walletpass.loyalty.errors import Unfit, UnknownCard, UnknownProgram
from walletpass.loyalty.idempotency import Body, answer_once
from walletpass.loyalty.merchants import merchant_by_id
from walletpass.loyalty.programs import Program, program_by_slug
from walletpass.passes.cards import CardFaces
from walletpass.passes.links import card_by_link_token, link_token
from walletpass.web.error_pages import Page, error_page
from walletpass.web.errors import status_of
from walletpass.web.fronts import front_of_card, front_of_program
from walletpass.web.languages import page_language, say
from walletpass.web.phones import visitor
from walletpass.web.qr import qr_svg
from walletpass.web.security import cookie_name, set_cookie
from walletpass.web.wallets import Wallet, Wallets

COOKIE_KEPT = 400 * 24 * 3600
"""Seconds; no browser keeps a cookie for longer."""

# A whole market square may share one address; nobody joins a thousand times.
CARDS_AT_ONCE, EVERY_CARD = 200, timedelta(seconds=10)

_KEY = re.compile(r"[\w-]{20,64}", re.ASCII)


def blueprint(deps: Deps, faces: CardFaces, *, apple: bool, google: bool = False) -> Blueprint:
    """`/join/<program>`. apple, google: whether cards can be had for that wallet here."""
    bp = Blueprint("join", __name__)
    joining = Allowance(CARDS_AT_ONCE, EVERY_CARD)
    wallets = Wallets(apple, google)

    @bp.get("/join/<slug>")
    def show(slug: str) -> str:
        with reading(deps.engine) as connection:
            program = program_by_slug(connection, slug)
            mine = None if "new" in request.args else _card_of_this_browser(deps, connection, program)
            if mine is not None:
                return _joined_page(deps, connection, faces, mine, program)
        return _join_page(deps, program, wallets, key=secrets.token_urlsafe(16))

    @bp.post("/join/<slug>")
    def join(slug: str) -> AnyResponse | Page:
        if not joining.take(request.remote_addr or "", deps.clock()):
            return error_page(429, N_("Too many new cards at once"), N_("Please try again in a minute."))
        with reading(deps.engine) as connection:
            program = program_by_slug(connection, slug)
        key, name = _key(), request.form.get("name", "")
        try:
            card = _join_once(deps, program, key, name)
        except Unfit as fault:
            return _join_page(
                deps, program, wallets, key=key, name=name, error=fault.in_words(page_language())
            ), status_of(Unfit)
        return _to_the_card(deps, program, card, wallets.wished(request.form.get("wallet")))

    @bp.get("/join/<slug>/qr.svg")
    def qr(slug: str) -> Response:
        with reading(deps.engine) as connection:
            program = program_by_slug(connection, slug)
        return Response(qr_svg(_address(deps, program), program.name), mimetype="image/svg+xml")

    @bp.errorhandler(UnknownProgram)
    def unknown(_: UnknownProgram) -> Page:
        return error_page(
            404,
            N_("There is no such card"),
            N_("The address may be mistyped. Ask in the shop, or scan the code there again."),
        )

    return bp


def _join_page(
    deps: Deps, program: Program, wallets: Wallets, *, key: str, name: str = "", error: str | None = None
) -> str:
    with reading(deps.engine) as connection:
        merchant = merchant_by_id(connection, program.merchant_id)
    address = _address(deps, program)
    return render_template(
        "join.html",
        program=program,
        merchant=merchant,
        front=front_of_program(program, merchant),
        here=visitor(request.user_agent.string),
        wallets=wallets,
        address=address,
        base_url=deps.settings.base_url,
        qr=qr_svg(address, say(N_("QR code of this page"))),
        key=key,
        name=name,
        error=error,
    )


def _address(deps: Deps, program: Program) -> str:
    return f"{deps.settings.base_url}/join/{program.slug}"


def _joined_page(deps: Deps, connection: Connection, faces: CardFaces, card: Card, program: Program) -> str:
    face = faces.load(connection, card, deps.clock())
    token = link_token(deps.keyring, card)
    return render_template("joined.html", front=front_of_card(face, program), token=token)


def _join_once(deps: Deps, program: Program, key: str, name: str) -> Card:
    """The card made by this very form: an impatient thumb that sends it twice gets the same one again."""
    now = deps.clock()

    def act(connection: Connection) -> Body:
        language, key_id = page_language(), deps.keyring.current_id
        joined = operations.join(connection, program, key_id=key_id, now=now, language=language, name=name)
        return {"card": joined.card.id}

    answer = answer_once(deps.engine, program.merchant_id, f"join:{key}", {"join": program.id}, now, act)
    with reading(deps.engine) as connection:
        return card_by_id(connection, program.merchant_id, answer.body["card"])


def _to_the_card(deps: Deps, program: Program, card: Card, wallet: Wallet | None) -> AnyResponse:
    token = link_token(deps.keyring, card)
    address = url_for("card.show", token=token, add=wallet)
    response = redirect(address, code=303)
    set_cookie(response, deps.settings, _cookie(program), token, max_age=COOKIE_KEPT)
    return response


def _card_of_this_browser(deps: Deps, connection: Connection, program: Program) -> Card | None:
    """The card that this browser joined with before, unless it was closed."""
    token = request.cookies.get(cookie_name(deps.settings, _cookie(program)), "")
    try:
        card = card_by_link_token(connection, deps.keyring, token)
    except UnknownCard:
        return None
    return card if card.program_id == program.id and card.closed_at is None else None


def _cookie(program: Program) -> str:
    return f"card-{program.slug}"


def _key() -> str:
    key = request.form.get("key", "")
    if not _KEY.fullmatch(key):
        raise Unfit("key", N_("The form was not complete. Open the page again and try once more."))
    return key
