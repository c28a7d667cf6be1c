"""Google's root keys for callbacks, fetched now and then, never because somebody has sent a bad signature.

Source: google-wallet 5.4.
"""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock

import urllib3

from walletpass.database import to_milliseconds
from walletpass.google.ecv2 import Malformed, RootKey, read_roots

USUALLY = timedelta(hours=1)
"""How long the keys are kept when the answer does not say."""

AT_LEAST, AT_MOST = timedelta(minutes=5), timedelta(days=1)
"""Between two fetches, whatever the answer says and however it fails."""

SECONDS_TO_WAIT = 5
LARGEST_DOCUMENT = 256 * 1024

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)

log = logging.getLogger(__name__)


class NoKeys(Exception):
    """The root keys cannot be had at the moment, so nothing can be checked."""


class RootKeys:
    """The keys at an address. Any thread may use it."""

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self._url, self._clock = url, clock
        self._http = urllib3.PoolManager(retries=False, timeout=SECONDS_TO_WAIT)
        self._lock = Lock()
        self._keys: list[RootKey] = []
        self._fetch_at: datetime | None = None

    def current(self) -> list[RootKey]:
        """The keys that are good now. Raises NoKeys.

        When they cannot be fetched anew, the old ones serve until they expire.
        """
        with self._lock:
            now = self._clock()
            if self._fetch_at is None or now >= self._fetch_at:
                self._renew(now)
            good = [key for key in self._keys if key.expires > to_milliseconds(now)]
        if not good:
            raise NoKeys
        return good

    def _renew(self, now: datetime) -> None:
        self._fetch_at = now + AT_LEAST
        try:
            headers, document = self._fetch()
            keys = read_roots(document)
        except (urllib3.exceptions.HTTPError, Malformed) as error:
            log.error("no new root keys of Google's from %s: %s", self._url, error)
            return
        self._keys = keys
        self._fetch_at = now + _time_to_keep(headers, keys, now)

    def _fetch(self) -> tuple[Mapping[str, str], bytes]:
        response = self._http.request("GET", self._url, redirect=False, preload_content=False)
        try:
            if response.status != 200:
                raise Malformed(f"the answer has the status {response.status}")
            document = response.read(LARGEST_DOCUMENT + 1, decode_content=True)
        finally:
            response.close()
        if len(document) > LARGEST_DOCUMENT:
            raise Malformed("the answer is too large")
        return response.headers, document


def _time_to_keep(headers: Mapping[str, str], keys: list[RootKey], now: datetime) -> timedelta:
    said = _MAX_AGE.search(headers.get("Cache-Control", ""))
    age = headers.get("Age", "")
    kept = timedelta(seconds=int(said[1])) if said else USUALLY
    if age.isascii() and age.isdecimal():
        kept -= timedelta(seconds=min(int(age[:9]), 86_400))
    lives = [timedelta(milliseconds=min(key.expires - to_milliseconds(now), 10**12)) for key in keys]
    first_end = min((life for life in lives if life > timedelta(0)), default=AT_LEAST)
    return max(AT_LEAST, min(kept, first_end, AT_MOST))
