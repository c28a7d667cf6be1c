"""Tokens and secrets derived from the installation's secret keys; none of them is ever stored."""

import hashlib
import hmac
from collections.abc import Sequence


class RetiredKey(Exception):
    """A card was issued under a secret key that is no longer configured."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"secret key {key_id} is missing from WALLETPASS_SECRET_KEY; add it again, after the newest: "
            "cards issued under it cannot be reached without it"
        )
        self.key_id = key_id


class Keyring:
    """The installation's secret keys, newest first.

    What is derived for a card must never change (Apple: `PKPass.authenticationToken`), so a card remembers the
    `key_id` that it was issued under, and new cards use the newest key. That is what makes rotation possible.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("a keyring needs at least one secret")
        self._keys = {_key_id(secret): secret.encode() for secret in secrets}
        self.current_id = _key_id(secrets[0])

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, newest first; they reveal nothing about the keys."""
        return tuple(self._keys)

    def derive(self, purpose: str, *parts: str, key_id: str | None = None) -> bytes:
        """32 bytes that only this installation can compute. Raises RetiredKey.

        purpose: keeps uses apart, so that a token for one never works for another.
        key_id: the key to derive from; the newest when None.
        """
        key = self._keys.get(key_id or self.current_id)
        if key is None:
            raise RetiredKey(str(key_id))
        # Lengths go in front of the parts: without them ("ab", "c") and ("a", "bc") would be one and the same.
        text = b"".join([len(part).to_bytes(4, "big") + part for part in map(str.encode, (purpose, *parts))])
        return hmac.digest(key, text, hashlib.sha256)


def _key_id(secret: str) -> str:
    return hashlib.sha256(b"walletpass key id:" + secret.encode()).hexdigest()[:12]
