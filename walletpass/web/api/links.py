"""The private links of cards in answers of the API."""

from dataclasses import dataclass
from typing import Any

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from walletpass.keys import Keyring, RetiredKey
from walletpass.passes.links import Linked, card_links, link_token
from walletpass.web.api.fields import Link


class CardLinks(TypedDict):
    """The customer's private addresses of a card. null: not on offer here."""

    apple: Link | None
    google: Link | None
    web: Link | None


NO_LINKS: CardLinks = {"apple": None, "google": None, "web": None}


@dataclass(frozen=True)
class _Key:
    serial_number: str
    key_id: str


@dataclass(frozen=True)
class PrivateLinks:
    """Makes the links of cards. apple, google: whether that wallet is set up."""

    keyring: Keyring
    base_url: str
    apple: bool
    google: bool

    def of(self, card: Linked) -> CardLinks:
        """The links of a card; none for one whose secret key is gone, which can still be stamped."""
        try:
            links = card_links(self.base_url, link_token(self.keyring, card))
        except RetiredKey:
            return NO_LINKS
        return {
            "apple": links.apple if self.apple else None,
            "google": links.google if self.google else None,
            "web": links.web,
        }

    def add_to(self, body: dict[str, Any], key_id: str) -> None:
        """Put the links into the card that the body is, or has in it."""
        card = body.get("card", body)
        card["links"] = self.of(_Key(card["serial_number"], key_id))
