"""Signing in and out, and who is signed in on the pages of a merchant's team."""

import re

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from walletpass.accounts import sign_ins
from walletpass.accounts.errors import TooManyAttempts, WrongSignIn
from walletpass.accounts.members import Member
from walletpass.accounts.roles import Role, require
from walletpass.accounts.sign_ins import ENDS_AFTER, SignIn
from walletpass.database import reading, transaction
from walletpass.deps import Deps
from walletpass.i18n import N_
from walletpass.loyalty.merchants import Merchant, merchant_by_id
from walletpass.web.error_pages import Page, error_page
from walletpass.web.errors import retry_after, status_of
from walletpass.web.languages import page_language, speak
from walletpass.web.security import cookie_name, delete_cookie, set_cookie

COOKIE = "sign-in"

# Browsers read a backslash as a slash and leave out tabs and line ends: /\evil.example is another host.
_LOCAL = re.compile(r"/(?![/\\])[^\\]*")


def blueprint(deps: Deps) -> Blueprint:
    """`/sign-in` and `/sign-out`"""
    bp = Blueprint("sign_in", __name__)

    @bp.get("/sign-in")
    def show() -> str | AnyResponse:
        signed_in = _sign_in_of_this_browser(deps)
        return _form_page() if signed_in is None else redirect(_destination(signed_in.member), code=303)

    @bp.post("/sign-in")
    def sign_in() -> AnyResponse | tuple[str, int] | tuple[str, int, dict[str, str]]:
        email, password = request.form.get("email", ""), request.form.get("password", "")
        now = deps.clock()
        try:
            token = sign_ins.sign_in(deps.engine, email, password, place=request.remote_addr or "", now=now)
        except WrongSignIn as error:
            return _form_page(error.in_words(page_language())), status_of(WrongSignIn)
        except TooManyAttempts as error:
            waiting = {"Retry-After": retry_after(error.retry_at, now)}
            return _form_page(error.in_words(page_language())), status_of(TooManyAttempts), waiting
        return _let_in(deps, token)

    @bp.post("/sign-out")
    def sign_out() -> AnyResponse:
        with transaction(deps.engine) as connection:
            sign_ins.sign_out(connection, _token(deps))
        session.clear()
        response = redirect(url_for(".show"), code=303)
        delete_cookie(response, deps.settings, COOKIE)
        return response

    return bp


def members_only(bp: Blueprint, deps: Deps, role: Role = "staff") -> None:
    """Open the blueprint to members with at least that role, and to nobody else.

    Views and templates then know who it is: `current_member()`, `current_merchant()`; `member`, `merchant`.
    """

    @bp.before_request
    def admit() -> AnyResponse | Page | None:
        signed_in = _sign_in_of_this_browser(deps)
        if signed_in is None:
            return _ask_to_sign_in()
        with reading(deps.engine) as connection:
            g.member, g.merchant = signed_in.member, merchant_by_id(connection, signed_in.member.merchant_id)
        speak(g.merchant.language)
        require(g.member.role, role)
        return None

    @bp.context_processor
    def who() -> dict[str, object]:
        return {"member": g.get("member"), "merchant": g.get("merchant")}


def current_member() -> Member:
    """Who is signed in, on pages for members only."""
    member: Member = g.member
    return member


def current_merchant() -> Merchant:
    """The merchant whose member is signed in; all that the page shows and does is bound to it."""
    merchant: Merchant = g.merchant
    return merchant


def local_path(address: str) -> str | None:
    """The address, if it is a path on this very site; None for one that could lead elsewhere."""
    return address if _LOCAL.fullmatch(address) and address.isprintable() else None


def _form_page(error: str | None = None) -> str:
    return render_template("sign_in.html", error=error, email=request.form.get("email", ""))


def _let_in(deps: Deps, token: str) -> AnyResponse:
    with reading(deps.engine) as connection:
        signed_in = sign_ins.sign_in_by_token(connection, token, deps.clock())
    assert signed_in  # made a moment ago
    session.clear()  # a form token that somebody planted before is worth nothing now
    response = redirect(_destination(signed_in.member), code=303)
    set_cookie(response, deps.settings, COOKIE, token, max_age=int(ENDS_AFTER.total_seconds()))
    return response


def _destination(member: Member) -> str:
    """Where to go after signing in: back to where one came from, or to where one works."""
    wished = local_path(request.args.get("next", ""))
    return wished or ("/counter" if member.role == "staff" else "/studio")


def _ask_to_sign_in() -> AnyResponse | Page:
    if request.method in {"GET", "HEAD"}:
        here = request.full_path.rstrip("?")
        return redirect(url_for("sign_in.show", next=here), code=303)
    text = N_("You have been signed out. Sign in again; what you sent has not been saved.")
    return error_page(401, N_("Please sign in"), text, link=(url_for("sign_in.show"), N_("Sign in")))


def _sign_in_of_this_browser(deps: Deps) -> SignIn | None:
    token, now = _token(deps), deps.clock()
    if not token:
        return None
    with reading(deps.engine) as connection:
        signed_in = sign_ins.sign_in_by_token(connection, token, now)
    if signed_in is not None and signed_in.is_to_be_renewed(now):
        with transaction(deps.engine) as connection:
            sign_ins.renew(connection, signed_in, now)
    return signed_in


def _token(deps: Deps) -> str:
    return request.cookies.get(cookie_name(deps.settings, COOKIE), "")
