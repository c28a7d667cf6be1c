"""The private link of a card: whoever holds it may see the card; nothing else on a card gives it away."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from walletpass.keys import Keyring, RetiredKey
from walletpass.loyalty.cards import Card, card_by_serial_number
from walletpass.loyalty.errors import UnknownCard

MAC_BYTES = 16
LONGEST_TOKEN = 80


class Linked(Protocol):
    """What a link needs to know of a card."""

    @property
    def serial_number(self) -> str:
        """Names the card."""

    @property
    def key_id(self) -> str:
        """The secret key that its tokens derive from."""


@dataclass(frozen=True)
class CardLinks:
    """Where one card is found: its page, and the ways into the wallets."""

    web: str
    apple: str
    google: str


def link_token(keyring: Keyring, card: Linked) -> str:
    """The part of the private link that names the card and proves the right to see it. Raises RetiredKey."""
    return f"{card.serial_number}-{_proof(keyring, card)}"


def card_links(base_url: str, token: str) -> CardLinks:
    """The addresses behind a link token."""
    web = f"{base_url}/c/{token}"
    return CardLinks(web=web, apple=f"{web}/apple.pkpass", google=f"{web}/google")


def card_by_link_token(connection: Connection, keyring: Keyring, token: str) -> Card:
    """The card that a private link opens. Raises UnknownCard, for a wrong proof as for a card that never was."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise UnknownCard
    serial_number, _, proof = token.partition("-")
    card = card_by_serial_number(connection, serial_number)
    try:
        expected = _proof(keyring, card)
    except RetiredKey:
        raise UnknownCard from None
    if not hmac.compare_digest(proof, expected):
        raise UnknownCard
    return card


def _proof(keyring: Keyring, card: Linked) -> str:
    digest = keyring.derive("card link", card.serial_number, key_id=card.key_id)
    return urlsafe_b64encode(digest[:MAC_BYTES]).rstrip(b"=").decode()
