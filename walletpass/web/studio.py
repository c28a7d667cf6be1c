"""The studio, the merchant's page: programs with their numbers, what happened last, and whether the wallets keep up."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as AnyResponse

from walletpass.accounts import tables as accounts
from walletpass.accounts.setup import slug_of
from walletpass.database import reading, transaction
from walletpass.deps import Deps
from walletpass.google.limits import LONGEST_BODY, SHOWN
from walletpass.google.saved import refused_places
from walletpass.i18n import N_
from walletpass.loyalty.cards import Card, recent_cards
from walletpass.loyalty.errors import LoyaltyError, NameTaken, Unfit
from walletpass.loyalty.ids import group_code
from walletpass.loyalty.merchants import Merchant, shop_zone
from walletpass.loyalty.overview import Figures, Happening, figures, latest_happenings, wallet_health
from walletpass.loyalty.programs import Program, create_program, program_by_slug, programs_of
from walletpass.loyalty.rules import Extra, Terms
from walletpass.passes.design import Design, designs, load_design
from walletpass.passes.stamps import Progress, strip_svg
from walletpass.web.errors import status_of
from walletpass.web.fronts import Front, front_of_program
from walletpass.web.languages import page_language, plural, say
from walletpass.web.qr import qr_svg
from walletpass.web.sign_in import current_merchant, members_only

LATEST = 12
"""Ledger entries and cards shown on the overview."""

SOON = timedelta(days=30)
"""A certificate that ends within this time is worth a warning: a new one takes days to get."""


@dataclass(frozen=True)
class ProgramView:
    """One program on the overview."""

    program: Program
    front: Front
    figures: Figures
    join: str


@dataclass(frozen=True)
class CardView:
    """One card in a list. changed_at: on the shop's clock."""

    code: str
    customer: str | None
    program: str
    stamps: int
    stamps_required: int
    ready: int
    changed_at: datetime


@dataclass(frozen=True)
class LedgerLine:
    """One entry of the ledger in words. at: on the shop's clock."""

    at: datetime
    what: str
    code: str
    customer: str | None
    program: str
    who: str
    override: str | None


def blueprint(deps: Deps, apple_ends: datetime | None, *, google: bool = False) -> Blueprint:
    """`/studio` and below.

    apple_ends: when the certificate for Apple Wallet ends; None where there is none. google: whether Google Wallet is
    set up.
    """
    bp = Blueprint("studio", __name__)
    members_only(bp, deps, "manager")

    @bp.get("/studio")
    def overview() -> str:
        return _overview(deps, apple_ends, google)

    @bp.get("/studio/programs/new")
    def new_program() -> str:
        name = request.args.get("template")
        return _pick_page() if name not in designs() else _program_page(load_design(name))

    @bp.post("/studio/programs/new")
    def make_program() -> AnyResponse | tuple[str, int]:
        name = request.args.get("template", "")
        design = load_design(name if name in designs() else "plain")
        try:
            program = _make_program(deps, design)
        except (Unfit, NameTaken) as fault:
            return _program_page(design, fault), status_of(type(fault))
        flash(say(N_("“%(name)s” is open. Print the poster and put it on the counter."), name=program.name), "success")
        return redirect(url_for(".overview"), code=303)

    @bp.get("/studio/programs/<slug>/poster")
    def poster(slug: str) -> str:
        merchant = current_merchant()
        with reading(deps.engine) as connection:
            program = program_by_slug(connection, slug, merchant.id)
        address = _join_address(deps, program)
        qr = qr_svg(address, say(N_("QR code to join")))
        stamps = front_of_program(program, merchant).picture
        return render_template("poster.html", program=program, stamps=stamps, qr=qr, address=address)

    return bp


def _overview(deps: Deps, apple_ends: datetime | None, google: bool) -> str:
    merchant, now = current_merchant(), deps.clock()
    with reading(deps.engine) as connection:
        zone = shop_zone(connection, merchant.id, None)
        programs = programs_of(connection, merchant.id)
        numbers = figures(connection, merchant.id, now, zone)
        happenings = latest_happenings(connection, merchant.id, LATEST)
        cards = recent_cards(connection, merchant.id, LATEST)
        health = wallet_health(connection, merchant.id)
        no_places = bool(refused_places(connection, merchant.id))
        team = _names_of_actors(connection, merchant)
    return render_template(
        "studio.html",
        programs=[_program_view(deps, program, merchant, numbers) for program in programs],
        ledger=[_in_words(happening, team, zone) for happening in happenings],
        cards=[_card_view(card, programs, now, zone) for card in cards],
        health=health,
        troubles={say(trouble): count for trouble, count in health.troubles.items()},
        google=google,
        notes=_notes_on_google(merchant, programs, no_places) if google else (),
        apple_days=None if apple_ends is None else (apple_ends - now).days,
        soon=SOON.days,
    )


def _notes_on_google(merchant: Merchant, programs: list[Program], no_places: bool) -> list[str]:
    """What Google Wallet shows less of than the other wallets. no_places: it has refused the merchant's locations."""
    shown, names = SHOWN["programName"], dict.fromkeys([merchant.name, *(program.name for program in programs)])
    notes = [
        say(N_("Google Wallet shows about %(shown)s letters of “%(name)s”."), shown=shown, name=name)
        for name in names
        if len(name) > shown
    ]
    notes += [
        say(
            N_("Google Wallet shows the beginning of the terms of “%(program)s”; the card in the browser shows all."),
            program=program.name,
        )
        for program in programs
        if len(program.conditions) > LONGEST_BODY
    ]
    if no_places:
        notes.append(
            say(N_("Google does not take your locations, so Google Wallet reminds nobody nearby. Cards work without."))
        )
    return notes


def _program_view(deps: Deps, program: Program, merchant: Merchant, numbers: Mapping[str, Figures]) -> ProgramView:
    return ProgramView(
        program=program,
        front=front_of_program(program, merchant),
        figures=numbers.get(program.id, Figures()),
        join=_join_address(deps, program),
    )


def _join_address(deps: Deps, program: Program) -> str:
    return f"{deps.settings.base_url}/join/{program.slug}"


def _card_view(card: Card, programs: list[Program], now: datetime, zone: ZoneInfo) -> CardView:
    program = next(program for program in programs if program.id == card.program_id)
    return CardView(
        code=group_code(card.code),
        customer=card.customer.name,
        program=program.name,
        stamps=card.stamps,
        stamps_required=program.terms.stamps_required,
        ready=len(card.ready(now)),
        changed_at=datetime.fromtimestamp(card.last_modified, zone),
    )


def _in_words(happening: Happening, team: Mapping[str, str], zone: ZoneInfo) -> LedgerLine:
    return LedgerLine(
        at=happening.at.astimezone(zone),
        what=_what(happening),
        code=group_code(happening.code),
        customer=happening.customer,
        program=happening.program,
        who=team.get(happening.actor, ""),
        override=happening.override,
    )


def _what(happening: Happening) -> str:
    match happening.kind:
        case "joined":
            return say(N_("New card"))
        case "stamped":
            return plural("%(n)s stamp", "%(n)s stamps", happening.stamps)
        case "bonus":
            return plural("%(n)s stamp as a gift", "%(n)s stamps as a gift", happening.stamps)
        case "earned":
            return say(N_("Earned: %(reward)s"), reward=happening.reward)
        case "redeemed":
            return say(N_("Redeemed: %(reward)s"), reward=happening.reward)
        case "expired":
            return say(N_("Expired: %(reward)s"), reward=happening.reward)
        case "revoked":
            return say(N_("Taken back: %(reward)s"), reward=happening.reward)
        case "closed":
            return say(N_("Card closed"))
        case "reversed":
            return _undone(happening)


def _undone(happening: Happening) -> str:
    if happening.reward:
        return say(N_("Undone, given back: %(reward)s"), reward=happening.reward)
    if happening.stamps:
        return plural("Undone: %(n)s stamp", "Undone: %(n)s stamps", -happening.stamps)
    return say(N_("Undone: card open again"))


def _names_of_actors(connection: Connection, merchant: Merchant) -> Mapping[str, str]:
    """What the ledger calls those who did something -> what people call them."""
    member, key = accounts.member.c, accounts.api_key.c
    members = connection.execute(select(member.id, member.name).where(member.merchant_id == merchant.id))
    keys = connection.execute(select(key.id, key.name).where(key.merchant_id == merchant.id))
    return {
        "customer": say(N_("Customer")),
        "system": say(N_("By itself")),
        **{f"member:{row.id}": row.name for row in members},
        **{f"key:{row.id}": row.name for row in keys},
    }


def _pick_page() -> str:
    return render_template("new_program.html", designs={name: _preview(load_design(name)) for name in designs()})


def _preview(design: Design) -> tuple[str, str]:
    """The title of a design, and its picture as SVG."""
    program, title = design.program, design.title[page_language()]
    extras = frozenset(extra.at for extra in program.extras)
    return title, strip_svg(
        design, Progress(program.stamps_required // 2, program.stamps_required, extras), title=title
    )


def _program_page(design: Design, fault: LoyaltyError | None = None) -> str:
    language, proposed = page_language(), design.program
    given = request.form or {
        "name": "",
        "reward": proposed.reward[language],
        "stamps_required": str(proposed.stamps_required),
        "conditions": proposed.terms[language],
        "extras": "yes",
        "first_stamp": "yes",
    }
    return render_template(
        "program_form.html",
        design=design,
        preview=_preview(design)[1],
        extras=[(extra.at, extra.reward[language]) for extra in proposed.extras],
        given=given,
        fault=fault and fault.in_words(language),
        fault_at=fault.field if isinstance(fault, Unfit) else "slug",
    )


def _make_program(deps: Deps, design: Design) -> Program:
    """The program asked for. Raises Unfit and NameTaken."""
    form, merchant = request.form, current_merchant()
    name = form.get("name", "").strip()
    with transaction(deps.engine) as connection:
        return create_program(
            connection,
            merchant.id,
            slug=form.get("slug", "").strip() or _slug(merchant, name),
            name=name,
            terms=_terms(design),
            design={"template": design.name},
            conditions=form.get("conditions", ""),
            now=deps.clock(),
        )


def _terms(design: Design) -> Terms:
    form, language = request.form, page_language()
    try:
        required = int(form.get("stamps_required", ""))
    except ValueError:
        raise Unfit("stamps_required", N_("A card has 1 to 30 stamps.")) from None
    wanted = design.program.extras if "extras" in form else ()
    extras = tuple(Extra(extra.at, extra.reward[language]) for extra in wanted if extra.at < required)
    return Terms(required, form.get("reward", "").strip(), extras, first_stamp="first_stamp" in form)


def _slug(merchant: Merchant, name: str) -> str:
    """A short address made of the names; a chance part stands in for a name without any letter that can be used."""
    return slug_of(f"{merchant.name} {name}") or secrets.token_hex(4)
