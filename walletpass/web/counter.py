"""The counter, the page of the staff: scan a card, stamp it, redeem a reward, take it back.

Everything works as plain forms. The scripts send the same forms with the header `X-Counter: part` and get back only the
part of the page that changes: a stamp is one request, and the camera keeps running.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from walletpass.accounts.errors import Forbidden
from walletpass.accounts.members import Member
from walletpass.accounts.roles import require
from walletpass.database import reading
from walletpass.deps import Deps
from walletpass.i18n import N_
from walletpass.loyalty import ledger, operations
from walletpass.loyalty.cards import Card, card_by_code, card_by_id
from walletpass.loyalty.change import Outcome
from walletpass.loyalty.errors import CardClosed, LoyaltyError, Unfit, UnknownCard, UnknownLocation
from walletpass.loyalty.idempotency import Body, answer_once
from walletpass.loyalty.ids import CODE_ALPHABET, CODE_LENGTH, MistypedCode, read_code
from walletpass.loyalty.ledger import By
from walletpass.loyalty.merchants import Location, locations_of
from walletpass.web.counter_cards import (
    Refusal,
    Shown,
    card_view,
    done_by,
    may_undo,
    refused,
    refused_redemption,
    refused_stamps,
)
from walletpass.web.errors import status_of
from walletpass.web.languages import page_language
from walletpass.web.scanning import LARGEST_FRAME, UnreadableFrame, look
from walletpass.web.security import cookie_name, set_cookie
from walletpass.web.sign_in import current_member, members_only

COOKIE = "counter-location"
COOKIE_KEPT = 400 * 24 * 3600
"""Seconds; no browser keeps a cookie for longer."""

_KEY = re.compile(r"[\w-]{20,64}", re.ASCII)

Answer = AnyResponse | tuple[str, int]
Act = Callable[[Connection], Outcome]


class NotACode(Unfit):
    """What was scanned or typed cannot be the code of any card: its check sign says so."""

    def __init__(self) -> None:
        super().__init__("code", N_("Check the code. It has nine letters and digits, such as ABC DEF GH2."))


class TooLateToUndo(Forbidden):
    message = N_("Only whoever did this can undo it, and only within a minute. Ask a manager.")


@dataclass(frozen=True)
class Till:
    """Who makes this request, when, and in which of the merchant's shops; no location while none is chosen."""

    member: Member
    locations: Sequence[Location]
    location: Location | None
    now: datetime

    @property
    def zone(self) -> tzinfo:
        """The shop's clock."""
        place = self.location or next(iter(self.locations), None)
        return place.zone if place else UTC

    def by(self, note: str | None = None) -> By:
        """How the ledger names whoever stands here."""
        return By(f"member:{self.member.id}", self.location.id if self.location else None, note)


def blueprint(deps: Deps) -> Blueprint:
    """`/counter` and below."""
    bp = Blueprint("counter", __name__)
    members_only(bp, deps)

    @bp.url_value_preprocessor
    def let_frames_be_larger(endpoint: str | None, _: object) -> None:
        # Here and not in the view: the check of the form token opens the body before.
        if endpoint == f"{bp.name}.frames":
            request.max_content_length = LARGEST_FRAME

    @bp.get("/counter")
    def show() -> str:
        till = _till(deps)
        is_elsewhere = len(till.locations) > 1 and (till.location is None or "elsewhere" in request.args)
        return render_template("counter/location.html", till=till) if is_elsewhere else _render(till, Shown())

    @bp.post("/counter/location")
    def choose_location() -> AnyResponse:
        return _choose_location(deps, request.form.get("location", ""))

    @bp.post("/counter/scans")
    def scan() -> Answer:
        return _scan(deps, _till(deps), request.form.get("code", ""))

    @bp.get("/counter/cards/<card_id>")
    def card(card_id: str) -> str:
        return _card_page(deps, _till(deps), card_id, done=request.args.get("done"))

    @bp.post("/counter/cards/<card_id>/stamps")
    def stamp(card_id: str) -> Answer:
        return _stamp(deps, _till(deps), card_id)

    @bp.post("/counter/cards/<card_id>/redemptions")
    def redeem(card_id: str) -> Answer:
        return _redeem(deps, _till(deps), card_id)

    @bp.post("/counter/entries/<entry_id>/reversal")
    def undo(entry_id: str) -> Answer:
        return _undo(deps, _till(deps), entry_id)

    @bp.post("/counter/frames")
    def frames() -> tuple[dict[str, object], int]:
        return _look(request.get_data())

    return bp


def _till(deps: Deps) -> Till:
    member = current_member()
    with reading(deps.engine) as connection:
        locations = locations_of(connection, member.merchant_id)
    chosen = request.cookies.get(cookie_name(deps.settings, COOKIE))
    here = locations if len(locations) == 1 else [place for place in locations if place.id == chosen]
    return Till(member, locations, next(iter(here), None), deps.clock())


def _choose_location(deps: Deps, location_id: str) -> AnyResponse:
    if location_id not in {place.id for place in _till(deps).locations}:
        raise UnknownLocation
    response = redirect(url_for(".show"), code=303)
    set_cookie(response, deps.settings, COOKIE, location_id, max_age=COOKIE_KEPT)
    return response


def _scan(deps: Deps, till: Till, text: str) -> Answer:
    """Show the card; or, when a number of stamps comes along, stamp it at once."""
    try:
        card = _find(deps, till, text)
    except (NotACode, UnknownCard) as error:
        shown = Shown(refusal=refused(N_("No card"), error), typed=text)
        return _render(till, shown), status_of(type(error))
    if "count" in request.form:
        return _stamp(deps, till, card.id)
    if _is_for_script():
        return _card_page(deps, till, card.id), 200
    return redirect(url_for(".card", card_id=card.id), code=303)


def _find(deps: Deps, till: Till, text: str) -> Card:
    try:
        code = read_code(text)
    except MistypedCode:
        raise NotACode from None
    with reading(deps.engine) as connection:
        return card_by_code(connection, till.member.merchant_id, code)


def _stamp(deps: Deps, till: Till, card_id: str) -> Answer:
    count, note, override = _count(), request.form.get("note", "").strip() or None, request.form.get("override")

    def act(connection: Connection) -> Outcome:
        if override is not None:
            require(till.member.role, "manager")
        return operations.stamp(
            connection,
            till.member.merchant_id,
            card_id,
            by=till.by(note),
            now=till.now,
            count=count,
            override=override,
        )

    asked = {"stamp": card_id, "count": count, "note": note, "override": override}
    return _attempt(deps, till, card_id, asked, act, lambda error: refused_stamps(error, count, note))


def _redeem(deps: Deps, till: Till, card_id: str) -> Answer:
    reward_id = request.form.get("reward")

    def act(connection: Connection) -> Outcome:
        merchant_id, by = till.member.merchant_id, till.by()
        return operations.redeem(connection, merchant_id, card_id, by=by, now=till.now, reward_id=reward_id)

    asked = {"redeem": card_id, "reward": reward_id}
    return _attempt(deps, till, card_id, asked, act, lambda error: refused_redemption(error, till.zone))


def _undo(deps: Deps, till: Till, entry_id: str) -> Answer:
    merchant_id = till.member.merchant_id
    with reading(deps.engine) as connection:
        entry = ledger.entry_by_id(connection, merchant_id, entry_id)

    def act(connection: Connection) -> Outcome:
        if not may_undo(till.member, entry, till.now):
            raise TooLateToUndo
        return operations.reverse(connection, merchant_id, entry_id, by=till.by(), now=till.now)

    asked = {"reverse": entry_id}
    return _attempt(deps, till, entry.card_id, asked, act, lambda error: refused(N_("Not undone"), error))


def _attempt(
    deps: Deps,
    till: Till,
    card_id: str,
    asked: Mapping[str, object],
    act: Act,
    refuse: Callable[[LoyaltyError], Refusal],
) -> Answer:
    """Do it once, however often it is sent, and show the card with what was done, or with why not."""

    def remembered(connection: Connection) -> Body:
        return {"entry": act(connection).entry.id}

    try:
        answer = answer_once(deps.engine, till.member.merchant_id, _key(), asked, till.now, remembered)
    except UnknownCard:
        raise
    except LoyaltyError as error:
        return _card_page(deps, till, card_id, refusal=refuse(error)), status_of(type(error))
    deps.wake()
    done = answer.body["entry"]
    if _is_for_script():
        return _card_page(deps, till, card_id, done=done), 200
    return redirect(url_for(".card", card_id=card_id, done=done), code=303)


def _card_page(deps: Deps, till: Till, card_id: str, *, done: str | None = None, refusal: Refusal | None = None) -> str:
    """The page with a card and what an entry of it has done. Raises UnknownCard and UnknownEntry."""
    with reading(deps.engine) as connection:
        card = card_by_id(connection, till.member.merchant_id, card_id)
        found = card_view(connection, card, till.now, till.zone)
        result = done_by(connection, card, done, till.member, till.now) if done else None
    if found.closed and refusal is None:
        refusal = refused(N_("Closed card"), CardClosed())
    return _render(till, Shown(found, result, refusal))


def _render(till: Till, shown: Shown) -> str:
    template = "counter/part.html" if _is_for_script() else "counter/counter.html"
    sign = f"[{CODE_ALPHABET}]{{{CODE_LENGTH}}}"
    return render_template(template, till=till, shown=shown, new_key=_new_key, code_pattern=sign)


def _look(frame: bytes) -> tuple[dict[str, object], int]:
    try:
        seen = look(frame)
    except UnreadableFrame as error:
        return {"error": error.in_words(page_language())}, status_of(type(error))
    return {"code": seen.code, "other": seen.other}, 200


def _is_for_script() -> bool:
    return request.headers.get("X-Counter") == "part"


def _count() -> int:
    """How many stamps; 0, which no operation accepts, for what is no number."""
    text = request.form.get("count", "1")
    return int(text) if len(text) <= 3 and text.isdecimal() else 0


def _new_key() -> str:
    """A name for one act, made where it is offered: sent twice, it counts once."""
    return secrets.token_urlsafe(16)


def _key() -> str:
    key = request.form.get("key", "")
    if not _KEY.fullmatch(key):
        raise Unfit("key", N_("The form was not complete. Open the page again and try once more."))
    return f"counter:{key}"
