"""The pretend phones as web pages, for the demo: what `serve` never has.

One form a phone stands outside of what changes, and every button on the phone sends it to an address of its own. What
changes is asked for again and again with its ETag, so that no connection is held while nothing happens.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from walletpass.passes.face import Colour
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.phone_view import phone_version, phone_view
from walletpass.sandbox.protocol_log import Exchange
from walletpass.sandbox.wallet_view import image_of
from walletpass.settings import is_loopback

SHOWN_EXCHANGES = 60
LONGEST_ADDRESS = 2000
YEAR = 365 * 24 * 3600

ALL, ONE = "all", "one"
"""The pages that a form may have been sent from."""


class Invitation(NamedTuple):
    """A QR code in the shop: what is printed beside it, and the address that it says."""

    label: str
    url: str


class LogLine(NamedTuple):
    """A line of the protocol log, and whose phone it was. at: on that phone's clock; phone: its number."""

    at: datetime
    phone: int
    name: str
    exchange: Exchange


def blueprint(phones: Sequence[IPhone], invitations: Callable[[], Sequence[Invitation]]) -> Blueprint:
    """`/sandbox/`, for visitors on this machine alone: the phones open whatever address they are told.

    phones: are numbered from 1 and keep their addresses; phones of another kind will have their place among them.
    """
    pages = _Pages(tuple(phones), invitations)
    bp = Blueprint("sandbox", __name__, url_prefix="/sandbox", template_folder="templates", static_folder="static")
    bp.before_request(_only_from_here)
    bp.get("/")(pages.show_all)
    bp.get("/live")(pages.live_all)
    bp.get("/phones/<int:number>")(pages.show)
    bp.get("/phones/<int:number>/live")(pages.live)
    bp.get("/phones/<int:number>/images/<digest>.png")(pages.image)
    bp.get("/colours/<background>-<foreground>-<label>.css")(colours)
    for path, act in (
        ("visits", pages.visit),
        ("airplane-mode", pages.set_airplane_mode),
        ("push-token", pages.renew_push_token),
        ("dismissal", pages.dismiss_alert),
        ("clearing", pages.clear_notifications),
        ("passes/<pass_id>/refresh", pages.refresh),
        ("passes/<pass_id>/automatic-updates", pages.set_automatic_updates),
        ("passes/<pass_id>/removal", pages.remove),
    ):
        bp.post(f"/phones/<int:number>/{path}")(act)
    return bp


class _Pages:
    def __init__(self, phones: tuple[IPhone, ...], invitations: Callable[[], Sequence[Invitation]]) -> None:
        self._phones, self._invitations = dict(enumerate(phones, 1)), invitations

    def show_all(self) -> str:
        return self._page("phones.html", self._phones, live=url_for(".live_all"))

    def show(self, number: int) -> str:
        return self._page("phone.html", {number: self._phone(number)}, live=url_for(".live", number=number))

    def live_all(self) -> AnyResponse:
        return self._live(self._phones)

    def live(self, number: int) -> AnyResponse:
        return self._live({number: self._phone(number)})

    def image(self, number: int, digest: str) -> Response:
        found = (image_of(each.file, digest) for each in self._phone(number).state.passes)
        if (image := next(filter(None, found), None)) is None:
            abort(404)
        return _immutable(image, "image/png")

    def visit(self, number: int) -> AnyResponse:
        address = request.form.get("url", "").strip()[:LONGEST_ADDRESS]
        self._phone(number).open(address)
        return self._back(number)

    def set_airplane_mode(self, number: int) -> AnyResponse:
        self._phone(number).set_airplane_mode("on" in request.form)
        return self._back(number)

    def renew_push_token(self, number: int) -> AnyResponse:
        self._phone(number).renew_push_token()
        return self._back(number)

    def dismiss_alert(self, number: int) -> AnyResponse:
        self._phone(number).state.show_alert(None)
        return self._back(number)

    def clear_notifications(self, number: int) -> AnyResponse:
        self._phone(number).state.clear_notifications()
        return self._back(number)

    def refresh(self, number: int, pass_id: str) -> AnyResponse:
        self._phone(number).pull_to_refresh(pass_id)
        return self._back(number)

    def set_automatic_updates(self, number: int, pass_id: str) -> AnyResponse:
        self._phone(number).set_automatic_updates(pass_id, "on" in request.form)
        return self._back(number)

    def remove(self, number: int, pass_id: str) -> AnyResponse:
        self._phone(number).delete(pass_id)
        return self._back(number)

    def _phone(self, number: int) -> IPhone:
        return self._phones.get(number) or abort(404)

    def _page(self, template: str, phones: dict[int, IPhone], live: str) -> str:
        etag = _version(phones)  # before the phones are drawn: what changes meanwhile is then drawn again
        content = {**_content(phones), "invitations": self._invitations(), "live": live, "etag": etag}
        return render_template(f"sandbox/{template}", **content)

    def _live(self, phones: dict[int, IPhone]) -> AnyResponse:
        response = Response()
        response.set_etag(_version(phones))
        if not request.if_none_match.contains(response.get_etag()[0] or ""):
            response.set_data(render_template("sandbox/live.html", **_content(phones)))
        return response.make_conditional(request)

    def _back(self, number: int) -> AnyResponse:
        address = url_for(".show_all") if request.form.get("page") == ALL else url_for(".show", number=number)
        return redirect(address, code=303)


def colours(background: str, foreground: str, label: str) -> Response:
    """A style sheet that gives the colours of a pass to a class named after them, and nothing else."""
    try:
        ground, text, small = (Colour.parse(each).hex for each in (background, foreground, label))
    except ValueError:
        abort(404)
    name = "-".join(each.removeprefix("#") for each in (ground, text, small))
    css = f".colours-{name} {{ --pass-background: {ground}; --pass-foreground: {text}; --pass-label: {small}; }}\n"
    return _immutable(css.encode(), "text/css")


def _only_from_here() -> None:
    """Refuse other machines, and pages of other sites that have found a name for this one."""
    host = urlsplit(f"//{request.host}").hostname or ""
    if not (is_loopback(request.remote_addr or "") and is_loopback(host)):
        abort(404)


def _content(phones: dict[int, IPhone]) -> dict[str, Any]:
    lines = (
        LogLine(each.at.astimezone(phone.region.zone), number, phone.name, each)
        for number, phone in phones.items()
        for each in phone.state.exchanges
    )
    log = sorted(lines, key=lambda line: line.at, reverse=True)[:SHOWN_EXCHANGES]
    page = ALL if len(phones) > 1 else ONE
    return {"phones": [phone_view(number, phone) for number, phone in phones.items()], "log": log, "page": page}


def _version(phones: dict[int, IPhone]) -> str:
    return sha256(" ".join(map(phone_version, phones.values())).encode()).hexdigest()[:24]


def _immutable(data: bytes, media_type: str) -> Response:
    """The address names the content: browsers may keep it for ever."""
    return Response(data, mimetype=media_type, headers={"Cache-Control": f"public, max-age={YEAR}, immutable"})
