"""The colours of a card: what each is for, and whether they can be told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from walletpass.i18n import DEFAULT_LANGUAGE, N_, Words, words
from walletpass.passes.contrast import SHAPE_CONTRAST, TEXT_CONTRAST, contrast, readable_on
from walletpass.passes.face import Colour

Role = Literal["background", "foreground", "label", "strip", "filled", "empty", "reward"]


def _colour(value: object) -> Colour:
    if isinstance(value, Colour):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a colour; write it like #3c2414")
    return Colour.parse(value)


Hex = Annotated[Colour, BeforeValidator(_colour), PlainSerializer(lambda colour: colour.hex, return_type=str)]


@dataclass(frozen=True)
class Finding:
    """A colour that cannot be told well enough from the one behind it, and the nearest one that can."""

    role: Role
    colour: Colour
    ground: Colour
    needed: float
    suggestion: Colour
    message: str

    @property
    def words(self) -> Words:
        """What is wrong and what to choose instead, for the merchant."""
        return words(
            self.message,
            colour=self.colour.hex,
            ground=self.ground.hex,
            ratio=f"{_cut(contrast(self.colour, self.ground))}:1",
            needed=f"{self.needed:g}:1",
            suggestion=self.suggestion.hex,
        )

    def __str__(self) -> str:
        return self.words[DEFAULT_LANGUAGE]


class _Rule(NamedTuple):
    role: Role
    ground: Role
    needed: float
    message: str


_RULES = (
    _Rule(
        "foreground",
        "background",
        TEXT_CONTRAST,
        N_(
            "Text in %(colour)s is hard to read on the background %(ground)s: "
            "the contrast is %(ratio)s, at least %(needed)s is needed. Try %(suggestion)s."
        ),
    ),
    _Rule(
        "label",
        "background",
        TEXT_CONTRAST,
        N_(
            "Labels in %(colour)s are hard to read on the background %(ground)s: "
            "the contrast is %(ratio)s, at least %(needed)s is needed. Try %(suggestion)s."
        ),
    ),
    _Rule(
        "filled",
        "strip",
        SHAPE_CONTRAST,
        N_(
            "Stamps in %(colour)s are hard to see on the strip %(ground)s: "
            "the contrast is %(ratio)s, at least %(needed)s is needed. Try %(suggestion)s."
        ),
    ),
    _Rule(
        "empty",
        "strip",
        SHAPE_CONTRAST,
        N_(
            "Empty places in %(colour)s are hard to see on the strip %(ground)s: "
            "the contrast is %(ratio)s, at least %(needed)s is needed. Try %(suggestion)s."
        ),
    ),
    _Rule(
        "reward",
        "strip",
        SHAPE_CONTRAST,
        N_(
            "Rewards in %(colour)s are hard to see on the strip %(ground)s: "
            "the contrast is %(ratio)s, at least %(needed)s is needed. Try %(suggestion)s."
        ),
    ),
)


class Colours(BaseModel):
    """The colours of a card, opaque, each written `#rrggbb`.

    background, foreground, label: the pass, its text and the small text above.
    strip: behind the stamps. filled, empty, reward: the stamps collected, the places still empty, and the rewards.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    background: Hex
    foreground: Hex
    label: Hex
    strip: Hex
    filled: Hex
    empty: Hex
    reward: Hex

    def of(self, role: Role) -> Colour:
        """The colour that plays a role."""
        colour: Colour = getattr(self, role)
        return colour

    @property
    def hexes(self) -> Mapping[str, str]:
        """Every colour as `#rrggbb`, by role."""
        return {role: self.of(role).hex for role in get_args(Role)}

    def findings(self) -> tuple[Finding, ...]:
        """Every pair of colours that is hard to tell apart; none when all can be read."""
        return tuple(
            Finding(
                role=rule.role,
                colour=self.of(rule.role),
                ground=self.of(rule.ground),
                needed=rule.needed,
                suggestion=readable_on(self.of(rule.ground), self.of(rule.role), rule.needed),
                message=rule.message,
            )
            for rule in _RULES
            if contrast(self.of(rule.role), self.of(rule.ground)) < rule.needed
        )

    def legible(self) -> Self:
        """The same colours with every suggestion taken."""
        return self.model_copy(update={finding.role: finding.suggestion for finding in self.findings()})


def _cut(ratio: float) -> float:
    """One decimal, never rounded up: 4.49 must not be shown as the 4.5 that it fails to reach."""
    return int(ratio * 10) / 10
