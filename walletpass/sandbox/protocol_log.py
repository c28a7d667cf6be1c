"""What phones and servers said to each other, written down for the developer who watches. Secrets are shortened."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_LONGEST_PLAIN = 16  # characters; what is longer may be a secret
_LONGEST_NOTE = 500
_REQUEST_HEADERS = ("Authorization", "If-Modified-Since")
_ANSWER_HEADERS = ("Last-Modified", "Location")
_PLAIN_KEYS = ("logs", "lastUpdated")


@dataclass(frozen=True)
class Exchange:
    """A request with its answer, or a push.

    who: the program on the phone. what: method and address, or the push. outcome: the status, or why there is none.
    sent, received: the headers and bodies that matter, line by line.
    """

    at: datetime
    who: str
    what: str
    outcome: str = ""
    sent: tuple[str, ...] = ()
    received: tuple[str, ...] = ()
    milliseconds: int | None = None

    @property
    def went_well(self) -> bool:
        """Whether the answer is one that things go on after; a push has no answer."""
        return not self.outcome or self.outcome[0] in "23"


def shortened(text: str) -> str:
    """Enough of a secret to tell it from another, too little to use it. Short texts stay."""
    return f"{text[:4]}…{text[-4:]}" if len(text) > _LONGEST_PLAIN else text


def shortened_url(url: str) -> str:
    """Path and query, with what may be a token, a device or a serial number shortened."""
    parts = urlsplit(url)
    path = "/".join(part if part.startswith("pass.") else shortened(part) for part in parts.path.split("/"))
    query = "&".join(f"{key}={shortened(value)}" for key, value in parse_qsl(parts.query, keep_blank_values=True))
    return f"{path or '/'}{'?' if query else ''}{query}"


def request_notes(headers: Mapping[str, str], body: bytes | None) -> tuple[str, ...]:
    return (*_headers(headers, _REQUEST_HEADERS), *_body(headers, body))


def answer_notes(headers: Mapping[str, str], body: bytes) -> tuple[str, ...]:
    return (*_headers(headers, _ANSWER_HEADERS), *_body(headers, body))


def _headers(headers: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    return [f"{name}: {_header(name, headers[name])}" for name in names if name in headers]


def _header(name: str, value: str) -> str:
    if name == "Authorization":
        scheme, _, secret = value.partition(" ")
        return f"{scheme} {shortened(secret)}"
    return shortened_url(value) if name == "Location" else value


def _body(headers: Mapping[str, str], body: bytes | None) -> list[str]:
    """JSON as it is, anything else by its type and size."""
    if not body:
        return []
    media_type = headers.get("Content-Type", "something")
    if media_type.startswith("application/json"):
        try:
            return [json.dumps(_without_secrets(json.loads(body)), ensure_ascii=False)[:_LONGEST_NOTE]]
        except ValueError:
            media_type = "no JSON"
    return [f"{media_type.partition(';')[0]}, {len(body) / 1000:.1f} kB"]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: each if key in _PLAIN_KEYS else _without_secrets(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    return shortened(value) if isinstance(value, str) else value
