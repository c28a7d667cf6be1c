"""The wallets that an installation offers, which decide about the buttons on its pages."""

from dataclasses import dataclass
from typing import Literal

Wallet = Literal["apple", "google"]


@dataclass(frozen=True)
class Wallets:
    """Whether cards can be had for Apple Wallet and for Google Wallet."""

    apple: bool
    google: bool

    def wished(self, name: str | None) -> Wallet | None:
        """The wallet that a form or an address names, if it is on offer."""
        if name == "apple" and self.apple:
            return "apple"
        return "google" if name == "google" and self.google else None
