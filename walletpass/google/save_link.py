"""Links that put a card into Google Wallet: a signed JSON Web Token behind the address of the save page.

Source: https://developers.google.com/wallet/retail/loyalty-cards/use-cases/jwt
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jwt import PyJWS

from walletpass.google.identity import Issuer

LONGEST_TOKEN = 1800
"""Letters of a token that every browser takes in an address (google-wallet 3.4)."""


class SaveLinks:
    """Makes links in the name of an issuer. Whoever has one can save the card: never log it."""

    def __init__(self, issuer: Issuer, save_url: str) -> None:
        self._issuer, self._save_url = issuer, save_url.rstrip("/")

    def skinny(self, object_id: str, now: datetime) -> str:
        """A link to an object that Google has."""
        return self._link({"loyaltyObjects": [{"id": object_id}]}, now)

    def fat(self, classes: Sequence[Mapping[str, Any]], loyalty_object: Mapping[str, Any], now: datetime) -> str | None:
        """A link that carries what Google does not have yet, and makes it at the save; None when it is too much."""
        payload: dict[str, Any] = {"loyaltyObjects": [loyalty_object]}
        if classes:
            payload["loyaltyClasses"] = list(classes)
        link = self._link(payload, now)
        return link if len(link) - len(self._save_url) - 1 <= LONGEST_TOKEN else None

    def _link(self, payload: Mapping[str, Any], now: datetime) -> str:
        claims = {
            "iss": self._issuer.email,
            "aud": "google",
            "typ": "savetowallet",
            "iat": int(now.timestamp()),
            "origins": [],
            "payload": payload,
        }
        # As bytes, because letters beyond ASCII must not take six places each.
        text = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
        token = PyJWS().encode(text, self._issuer.key, algorithm="RS256", headers={"kid": self._issuer.key_id})
        return f"{self._save_url}/{token}"
