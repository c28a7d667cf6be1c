"""The web card: the same face as in a wallet, on a private page that works with no wallet at all."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from walletpass.apple.certificates import CertificateError
from walletpass.apple.renderer import PassRenderer, UnfitPass
from walletpass.database import reading, transaction
from walletpass.deps import Deps
from walletpass.google.saving import CannotSave, Saving
from walletpass.i18n import N_
from walletpass.keys import RetiredKey
from walletpass.loyalty.cards import Card
from walletpass.loyalty.customers import change_customer
from walletpass.loyalty.errors import Unfit, UnknownCard
from walletpass.loyalty.merchants import Location, Merchant, locations_of, merchant_by_id
from walletpass.loyalty.programs import Program, program_by_id
from walletpass.loyalty.rules import Reward
from walletpass.passes.cards import NEWS, CardFaces
from walletpass.passes.face import Face
from walletpass.passes.links import card_by_link_token, card_links
from walletpass.web.error_pages import Page, error_page
from walletpass.web.errors import status_of
from walletpass.web.fronts import front_of_card
from walletpass.web.languages import page_language, say, speak
from walletpass.web.phones import visitor
from walletpass.web.qr import qr_svg
from walletpass.web.wallets import Wallets

PKPASS = "application/vnd.apple.pkpass"

APPLE_OUT = N_("Apple Wallet cannot be reached from here at the moment. Your card works in the browser all the same.")
GOOGLE_OUT = N_("Google Wallet cannot be reached from here at the moment. Your card works in the browser all the same.")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenCard:
    """All that a private link opens."""

    token: str
    card: Card
    program: Program
    merchant: Merchant
    locations: Sequence[Location]

    @property
    def zone(self) -> tzinfo:
        """The shop's clock."""
        return self.locations[0].zone if self.locations else UTC


def blueprint(deps: Deps, faces: CardFaces, passes: PassRenderer | None, saving: Saving | None = None) -> Blueprint:
    """`/c/<link token>` and below. passes, saving: None where Apple Wallet, Google Wallet is not set up."""
    bp = Blueprint("card", __name__)
    wallets = Wallets(apple=passes is not None, google=saving is not None)

    @bp.get("/c/<token>")
    def show(token: str) -> str:
        return _page(deps, faces, _open(deps, token), wallets)

    @bp.post("/c/<token>")
    def change(token: str) -> AnyResponse | Page:
        opened = _open(deps, token)
        try:
            _change(deps, opened)
        except Unfit as fault:
            return _page(deps, faces, opened, wallets, error=fault.in_words(page_language())), status_of(Unfit)
        speak(request.form["language"])
        flash(say(N_("Saved.")), "success")
        return redirect(url_for(".show", token=token), code=303)

    @bp.get("/c/<token>/state")
    def state(token: str) -> AnyResponse:
        return _state(_open(deps, token))

    @bp.get("/c/<token>/apple.pkpass")
    def apple(token: str) -> Response | Page:
        opened = _open(deps, token)
        if passes is None:
            return _not_set_up(token, N_("Apple Wallet is not set up here"))
        try:
            return _pkpass(opened, passes.render(_face(deps, faces, opened), opened.card.key_id, deps.clock()))
        except (UnfitPass, CertificateError, RetiredKey) as error:
            log.error("no pass for Apple Wallet: %s", error)
            return _out_of_order(APPLE_OUT, _back(token))

    @bp.get("/c/<token>/google")
    def google(token: str) -> AnyResponse | Page:
        opened = _open(deps, token)
        if saving is None:
            return _not_set_up(token, N_("Google Wallet is not set up here"))
        try:
            link = saving.link(opened.card)
        except CannotSave:
            return _out_of_order(GOOGLE_OUT, (url_for(".google", token=token), N_("Try again")))
        deps.wake()
        return redirect(link)

    bp.register_error_handler(UnknownCard, _unknown_card)
    bp.after_request(_private)
    return bp


def _open(deps: Deps, token: str) -> OpenCard:
    """What the link opens, in the language of whoever holds the card. Raises UnknownCard."""
    with reading(deps.engine) as connection:
        card = card_by_link_token(connection, deps.keyring, token)
        speak(card.customer.language)
        return OpenCard(
            token=token,
            card=card,
            program=program_by_id(connection, card.program_id),
            merchant=merchant_by_id(connection, card.merchant_id),
            locations=locations_of(connection, card.merchant_id),
        )


def _face(deps: Deps, faces: CardFaces, opened: OpenCard) -> Face:
    return faces.face(opened.card, opened.program, opened.merchant, opened.locations, deps.clock())


def _page(deps: Deps, faces: CardFaces, opened: OpenCard, wallets: Wallets, *, error: str | None = None) -> str:
    face = _face(deps, faces, opened)
    address = card_links(deps.settings.base_url, opened.token).web
    return render_template(
        "card.html",
        opened=opened,
        face=face,
        front=front_of_card(face, opened.program),
        back={field.key: field for field in (*face.back, *face.back_static)},
        ready=[_on_the_shops_clock(reward, opened.zone) for reward in opened.card.ready(deps.clock())],
        barcode=qr_svg(face.barcode.message, say(N_("QR code of your card"))),
        qr=qr_svg(address, say(N_("QR code of this page"))),
        address=address,
        here=visitor(request.user_agent.string),
        wallets=wallets,
        open_wallet=wallets.wished(request.args.get("add")),
        name=request.form.get("name", opened.card.customer.name or ""),
        error=error,
    )


def _on_the_shops_clock(reward: Reward, zone: tzinfo) -> tuple[str, object]:
    return reward.name, reward.expires_at and reward.expires_at.astimezone(zone)


def _change(deps: Deps, opened: OpenCard) -> None:
    card = opened.card
    wished = {"name": request.form.get("name", ""), "language": request.form.get("language", "")}
    with transaction(deps.engine) as connection:
        change_customer(connection, card.merchant_id, card.id, **wished, now=deps.clock())
    deps.wake()


def _state(opened: OpenCard) -> AnyResponse:
    """The card's revision and what changed last, in words; cheap to ask for again and again."""
    card, required = opened.card, opened.program.terms.stamps_required
    progress = say(N_("%(stamps)s of %(required)s stamps"), stamps=card.stamps, required=required)
    closed = card.closed_at is not None
    response = jsonify(revision=card.revision, closed=closed, says=f"{say(NEWS[card.news])} {progress}")
    response.set_etag(f"{card.revision}-{page_language()}")
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


def _pkpass(opened: OpenCard, file: bytes) -> Response:
    """The pass as a download that any client may repeat: some fetch it twice, and without our cookies."""
    response = Response(file, content_type=PKPASS)
    response.headers["Content-Disposition"] = f'attachment; filename="{opened.program.slug}.pkpass"'
    return response


def _not_set_up(token: str, title: str) -> Page:
    text = N_("Your card works in the browser all the same: show its code at the counter.")
    return error_page(404, title, text, link=_back(token))


def _out_of_order(text: str, link: tuple[str, str]) -> Page:
    return error_page(503, N_("Please try again later"), text, link=link)


def _back(token: str) -> tuple[str, str]:
    return url_for(".show", token=token), N_("Open my card")


def _unknown_card(_: UnknownCard) -> Page:
    return error_page(
        404, N_("This link opens no card"), N_("It may be cut off or mistyped. Open it again from where you got it.")
    )


def _private(response: Response) -> Response:
    """Nobody but the holder may keep, find or be told of the page."""
    response.headers.setdefault("Cache-Control", "private, no-store")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
