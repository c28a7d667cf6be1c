"""The face: the wallet-neutral description of what a card shows right now. Every wallet is rendered from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from walletpass.i18n import Words

FieldKey = Literal[
    "stamps", "reward", "ready", "name", "news", "progress", "rewards", "card", "about", "terms", "contact"
]
"""Every key a card field ever has. Phones match old and new values by key: never rename one."""

ImageName = Literal["icon", "logo", "strip"]
Scale = Literal[1, 2, 3]


@dataclass(frozen=True)
class Colour:
    """An opaque sRGB colour, 0 to 255 a channel."""

    red: int
    green: int
    blue: int

    @classmethod
    def parse(cls, text: str) -> "Colour":
        """The colour written `#rrggbb` or `#rgb`. Raises ValueError."""
        digits = text.strip().removeprefix("#")
        if len(digits) == 3:
            digits = "".join(2 * digit for digit in digits)
        if len(digits) != 6 or set(digits.lower()) - set("0123456789abcdef"):
            raise ValueError(f"{text!r} is not a colour; write it like #3c2414")
        return cls(*bytes.fromhex(digits))

    @property
    def hex(self) -> str:
        """`#rrggbb`, as CSS, SVG and Google want it."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def rgb(self) -> str:
        """`rgb(r, g, b)`, the one notation that every version of Wallet reads."""
        return f"rgb({self.red}, {self.green}, {self.blue})"


@dataclass(frozen=True)
class Field:
    """One labelled value on the card.

    value: a text in all languages, a text that needs no translation, a whole number, or a moment (UTC).
    change_message: what the phone says when the value has changed; `%@` stands for the new value.
    link: a web address that the value stands for, back fields only.
    """

    key: FieldKey
    label: Words
    value: Words | str | int | datetime
    change_message: Words | None = None
    link: str | None = None


@dataclass(frozen=True)
class Place:
    """A spot where the card should come to mind: degrees north and east, and the line shown there."""

    latitude: float
    longitude: float
    text: Words


@dataclass(frozen=True)
class Barcode:
    """What the counter scans (QR), and the same to type."""

    message: str
    alt_text: str


@dataclass(frozen=True)
class Face:
    """What one card shows right now.

    images: PNG bytes by name and scale. Equal content is the same object, so renderers may cache by identity.
    At most one field carries a change_message: with two, iOS says only that something changed.
    static_key: equal for all faces that differ in nothing but the fields marked dynamic below; renderers cache by it.
    """

    # The same for all cards of a program, until the program changes: covered by static_key.
    static_key: str
    organization: str
    program: str
    description: Words
    background: Colour
    foreground: Colour
    label: Colour
    places: tuple[Place, ...]
    back_static: tuple[Field, ...]
    icon: Mapping[Scale, bytes]
    logo: Mapping[Scale, bytes]
    # What the card itself says: dynamic.
    serial_number: str
    strip: Mapping[Scale, bytes]
    header: tuple[Field, ...]
    secondary: tuple[Field, ...]
    back: tuple[Field, ...]  # shown before back_static
    barcode: Barcode
    stamps: int
    stamps_required: int
    rewards_ready: int
    language: str
    web_url: str
    revision: int
    last_modified: int  # seconds since 1970; grows by at least one with every revision
    expires_at: datetime | None = None
    voided: bool = False
