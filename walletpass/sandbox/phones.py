"""The pretend phones as web pages, for the demo: what `serve` never has.

One form a phone stands outside of what changes, and every button on the phone sends it to an address of its own. What
changes is asked for again and again with its ETag, so that no connection is held while nothing happens.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from walletpass.passes.face import Colour
from walletpass.sandbox.android import AndroidPhone
from walletpass.sandbox.android_view import AndroidView, android_view
from walletpass.sandbox.google import PretendGoogle
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.phone_view import PhoneView, phone_view
from walletpass.sandbox.protocol_log import Exchange
from walletpass.sandbox.wallet_view import image_of
from walletpass.settings import is_loopback

SHOWN_EXCHANGES = 60
LONGEST_ADDRESS = 2000
YEAR = 365 * 24 * 3600

ALL, ONE = "all", "one"
"""The pages that a form may have been sent from."""

Phone = IPhone | AndroidPhone


class Invitation(NamedTuple):
    """A QR code in the shop: what is printed beside it, and the address that it says."""

    label: str
    url: str


class LogLine(NamedTuple):
    """A line of the protocol log, and whose phone it was.

    at: on that phone's clock. phone: its number, 0 for Google itself.
    """

    at: datetime
    phone: int
    name: str
    exchange: Exchange


def blueprint(
    phones: Sequence[Phone], invitations: Callable[[], Sequence[Invitation]], google: PretendGoogle | None = None
) -> Blueprint:
    """`/sandbox/`, for visitors on this machine alone: the phones open whatever address they are told.

    phones: are numbered from 1 and keep their addresses. google: whose requests and callbacks the log shows too.
    """
    pages = _Pages(tuple(phones), invitations, google)
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
    def __init__(
        self,
        phones: tuple[Phone, ...],
        invitations: Callable[[], Sequence[Invitation]],
        google: PretendGoogle | None,
    ) -> None:
        self._phones, self._invitations, self._google = dict(enumerate(phones, 1)), invitations, google

    def show_all(self) -> str:
        return self._page("phones.html", self._phones, live=url_for(".live_all"))

    def show(self, number: int) -> str:
        return self._page("phone.html", {number: self._phone(number)}, live=url_for(".live", number=number))

    def live_all(self) -> AnyResponse:
        return self._live(self._phones)

    def live(self, number: int) -> AnyResponse:
        return self._live({number: self._phone(number)})

    def image(self, number: int, digest: str) -> Response:
        phone = self._phone(number)
        if isinstance(phone, AndroidPhone):
            image = phone.pictures.get(digest)
        else:
            image = next(filter(None, (image_of(each.file, digest) for each in phone.state.passes)), None)
        return _immutable(image, "image/png") if image else abort(404)

    def visit(self, number: int) -> AnyResponse:
        address = request.form.get("url", "").strip()[:LONGEST_ADDRESS]
        self._phone(number).open(address)
        return self._back(number)

    def set_airplane_mode(self, number: int) -> AnyResponse:
        self._phone(number).set_airplane_mode("on" in request.form)
        return self._back(number)

    def renew_push_token(self, number: int) -> AnyResponse:
        self._iphone(number).renew_push_token()
        return self._back(number)

    def dismiss_alert(self, number: int) -> AnyResponse:
        self._phone(number).state.show_alert(None)
        return self._back(number)

    def clear_notifications(self, number: int) -> AnyResponse:
        self._phone(number).state.clear_notifications()
        return self._back(number)

    def refresh(self, number: int, pass_id: str) -> AnyResponse:
        phone = self._phone(number)
        if isinstance(phone, AndroidPhone):
            phone.refresh()
        else:
            phone.pull_to_refresh(pass_id)
        return self._back(number)

    def set_automatic_updates(self, number: int, pass_id: str) -> AnyResponse:
        self._iphone(number).set_automatic_updates(pass_id, "on" in request.form)
        return self._back(number)

    def remove(self, number: int, pass_id: str) -> AnyResponse:
        self._phone(number).delete(pass_id)
        return self._back(number)

    def _phone(self, number: int) -> Phone:
        return self._phones.get(number) or abort(404)

    def _iphone(self, number: int) -> IPhone:
        phone = self._phone(number)
        return phone if isinstance(phone, IPhone) else abort(404)

    def _page(self, template: str, phones: dict[int, Phone], live: str) -> str:
        etag = self._version(phones)  # before the phones are drawn: what changes meanwhile is then drawn again
        content = {**self._content(phones), "invitations": self._invitations(), "live": live, "etag": etag}
        return render_template(f"sandbox/{template}", **content)

    def _live(self, phones: dict[int, Phone]) -> AnyResponse:
        response = Response()
        response.set_etag(self._version(phones))
        if not request.if_none_match.contains(response.get_etag()[0] or ""):
            response.set_data(render_template("sandbox/live.html", **self._content(phones)))
        return response.make_conditional(request)

    def _content(self, phones: dict[int, Phone]) -> dict[str, Any]:
        log = sorted(self._log(phones), key=lambda line: line.at, reverse=True)[:SHOWN_EXCHANGES]
        page = ALL if len(phones) > 1 else ONE
        return {"phones": [_view(number, phone) for number, phone in phones.items()], "log": log, "page": page}

    def _log(self, phones: dict[int, Phone]) -> Iterator[LogLine]:
        for number, phone in phones.items():
            for each in phone.state.exchanges:
                yield LogLine(each.at.astimezone(phone.region.zone), number, phone.name, each)
        if (google := self._google_of(phones)) is not None:
            zone = next(iter(phones.values())).region.zone
            for each in google.exchanges:
                yield LogLine(each.at.astimezone(zone), 0, "Google", each)

    def _version(self, phones: dict[int, Phone]) -> str:
        """Another one whenever something else is shown; the clocks show minutes."""
        parts = [f"{phone.state.revision}@{phone.now():%d-%H:%M}" for phone in phones.values()]
        if (google := self._google_of(phones)) is not None:
            parts.append(str(google.said))
        return sha256(" ".join(parts).encode()).hexdigest()[:24]

    def _google_of(self, phones: dict[int, Phone]) -> PretendGoogle | None:
        """Google, where one of the phones has to do with it."""
        return self._google if any(isinstance(each, AndroidPhone) for each in phones.values()) else None

    def _back(self, number: int) -> AnyResponse:
        address = url_for(".show_all") if request.form.get("page") == ALL else url_for(".show", number=number)
        return redirect(address, code=303)


def _view(number: int, phone: Phone) -> PhoneView | AndroidView:
    return android_view(number, phone) if isinstance(phone, AndroidPhone) else phone_view(number, phone)


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


def _immutable(data: bytes, media_type: str) -> Response:
    """The address names the content: browsers may keep it for ever."""
    return Response(data, mimetype=media_type, headers={"Cache-Control": f"public, max-age={YEAR}, immutable"})
