"""What Google tells of a card: somebody has saved it, or removed it.

Source: https://developers.google.com/wallet/generic/use-cases/use-callbacks-for-saves-and-deletions
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from walletpass.database import from_milliseconds, to_milliseconds, transaction
from walletpass.google.ecv2 import LATE, Malformed, verify
from walletpass.google.nonces import is_first
from walletpass.google.root_keys import RootKeys
from walletpass.google.saved import note_holders

HOLDS = {"save": True, "del": False}
"""Whether anybody holds the object after an event of that type."""

LONGEST_TEXT = 300
_LATEST = datetime(9999, 12, 31, tzinfo=UTC)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """Something that a customer did with an object. forget_at: when the message can be sent again without effect."""

    kind: str
    object_id: str
    nonce: str
    forget_at: datetime


class Callbacks:
    """Takes callbacks for an issuer."""

    def __init__(self, engine: Engine, issuer_id: str, keys: RootKeys, clock: Callable[[], datetime]) -> None:
        self._engine, self._issuer_id, self._keys, self._clock = engine, issuer_id, keys, clock

    def take(self, body: bytes) -> None:
        """Act on what was sent to us. What came before has no effect, and neither has what is about nothing of ours.

        Raises NotFromGoogle; NoKeys when that cannot be told at the moment.
        """
        now = self._clock()
        message = verify(body, recipient=self._issuer_id, roots=self._keys.current(), now=now)
        event = _event(message.content, message.expires)
        if event.kind not in HOLDS:
            log.warning("Google tells of something unknown: %r", event.kind)
            return
        with transaction(self._engine) as connection:
            if not is_first(connection, event.nonce, forget_at=event.forget_at, now=now):
                return
            if not note_holders(connection, event.object_id, HOLDS[event.kind]):
                log.info("Google tells of an object that is not known here: %s", event.object_id)


def _event(content: dict[str, Any], expires: int) -> Event:
    kind, object_id, nonce = (_text(content, name) for name in ("eventType", "objectId", "nonce"))
    last = min(expires, to_milliseconds(_LATEST)) + LATE // timedelta(milliseconds=1)
    return Event(kind, object_id, nonce, min(from_milliseconds(last), _LATEST))


def _text(content: dict[str, Any], name: str) -> str:
    text = content.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT or not text.isprintable():
        raise Malformed(f"{name} is missing, or no text of up to {LONGEST_TEXT} letters")
    return text
