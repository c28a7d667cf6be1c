"""Pictures as Google keeps them: fetched once, by address, and shown to phones as copies.

A new picture behind an old address is never seen, and one that cannot be loaded is refused (google-wallet 6).
"""

from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

import urllib3

from walletpass.sandbox.google_rules import invalid

SECONDS_TO_WAIT = 5
LARGEST_IMAGE = 5_000_000
_TYPES = {"image/png", "image/jpeg"}


@dataclass(frozen=True)
class Image:
    data: bytes
    media_type: str


class ImageCache:
    """Any thread may use it."""

    def __init__(self) -> None:
        self._http = urllib3.PoolManager(retries=False, timeout=SECONDS_TO_WAIT)
        self._lock = Lock()
        self._digests: dict[str, str] = {}
        self._images: dict[str, Image] = {}

    def close(self) -> None:
        self._http.clear()

    def load(self, uri: str) -> None:
        """Raises Refused for an address that no picture comes from."""
        if self.digest(uri):
            return
        image = self._fetch(uri)
        digest = sha256(image.data).hexdigest()[:16]
        with self._lock:
            self._digests[uri], self._images[digest] = digest, image

    def digest(self, uri: str) -> str | None:
        """What the copy of the picture is asked for by."""
        with self._lock:
            return self._digests.get(uri)

    def image(self, digest: str) -> Image | None:
        with self._lock:
            return self._images.get(digest)

    def _fetch(self, uri: str) -> Image:
        if not uri.startswith(("https://", "http://")):
            raise invalid(f"Invalid URI: {uri}")
        try:
            answer = self._http.request("GET", uri, redirect=False, preload_content=False)
            data = answer.read(LARGEST_IMAGE + 1)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise invalid(f"Image cannot be loaded: {uri} ({type(error).__name__})", "imageFetchError") from None
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        if answer.status != 200 or media_type not in _TYPES or len(data) > LARGEST_IMAGE:
            raise invalid(f"Image cannot be loaded: {uri} ({answer.status} {media_type})", "imageFetchError")
        return Image(data, media_type)
