"""Errors as pages: what happened and what to do, in the visitor's language."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

from flask import Flask, render_template
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from walletpass.i18n import N_
from walletpass.loyalty.errors import LoyaltyError
from walletpass.web.errors import status_of
from walletpass.web.languages import page_language, say

Page = tuple[str, int]


class _Words(NamedTuple):
    title: str
    text: str


_WORDS: Mapping[int, _Words] = {
    400: _Words(
        N_("That did not work"), N_("The request was not complete. Go back, load the page again and try once more.")
    ),
    403: _Words(N_("Not allowed"), N_("You are not allowed to see this page. Ask the owner to give you access.")),
    404: _Words(N_("There is nothing here"), N_("The address may be mistyped, or what was here is gone.")),
    405: _Words(N_("That did not work"), N_("This address cannot be used this way. Go back and try once more.")),
    413: _Words(N_("That was too much"), N_("What was sent is too large. Send less, or a smaller picture.")),
    429: _Words(N_("One moment, please"), N_("Too many attempts in a short time. Wait a minute and try again.")),
    503: _Words(
        N_("Please try again in a moment"),
        N_("The database does not answer at the moment. Nothing was lost, and nothing of this was saved."),
    ),
    500: _Words(
        N_("Something broke on our side"), N_("It has been noted down. Nothing was lost; please try again in a moment.")
    ),
}
_HEADERS_KEPT = {"Allow", "Retry-After"}
"""What an error tells machines beside its status."""

SECONDS_TO_RETRY = 2

log = logging.getLogger(__name__)

_FORGED = _Words(
    N_("This page was open for too long"),
    N_("Go back, load the page again and try once more. Your browser must accept cookies from this page."),
)


def show_errors(app: Flask) -> None:
    """Answer every error of the application with a page."""
    app.register_error_handler(CSRFError, lambda _: error_page(403, _FORGED.title, _FORGED.text))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(LoyaltyError, _loyalty_error)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(TimeoutError, _unavailable)


def error_page(status: int, title: str, text: str, *, link: tuple[str, str] | None = None) -> Page:
    """A page that says what happened. title, text: marked with N_; link: where to go on, address and marked text."""
    return _page(status, say(title), say(text), link)


def _http_error(error: HTTPException) -> tuple[str, int, dict[str, str]] | HTTPException:
    status = error.code or 500
    if status < 400:
        return error  # a redirect
    words = _WORDS.get(status) or _WORDS[400 if status < 500 else 500]
    headers = {name: value for name, value in error.get_headers() if name in _HEADERS_KEPT}
    return *error_page(status, words.title, words.text), headers


def _unavailable(error: OperationalError | TimeoutError) -> tuple[str, int, dict[str, str]]:
    log.error("the database does not answer: %s", error)
    return *error_page(503, *_WORDS[503]), {"Retry-After": str(SECONDS_TO_RETRY)}


def _loyalty_error(error: LoyaltyError) -> Page:
    status = status_of(type(error))
    words = _WORDS.get(status, _WORDS[400])
    return _page(status, say(words.title), error.in_words(page_language()), None)


def _page(status: int, title: str, text: str, link: tuple[str, str] | None) -> Page:
    return render_template("error.html", title=title, text=text, link=link), status
