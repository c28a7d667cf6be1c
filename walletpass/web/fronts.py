"""The front of a card, ready for the template: as it is for one customer, or as it will be for whoever joins."""

from collections.abc import Iterable
from dataclasses import dataclass

from walletpass.i18n import N_
from walletpass.loyalty.merchants import Merchant
from walletpass.loyalty.programs import Program
from walletpass.passes.art import Art
from walletpass.passes.face import Face, Field
from walletpass.web.languages import say, spoken

Labelled = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Front:
    """What `card_parts.front` draws. picture: the address of the stamps; alt: the same in words."""

    art: Art
    organization: str
    program: str
    header: Labelled
    secondary: Labelled
    picture: str
    alt: str
    voided: bool = False


def front_of_card(face: Face, program: Program) -> Front:
    """A customer's card."""
    art = Art(program)
    stamps = min(face.stamps, face.stamps_required)
    return Front(
        art=art,
        organization=face.organization,
        program=face.program,
        header=_labelled(face.header),
        secondary=_labelled(face.secondary),
        picture=art.stamps(stamps, ready=face.rewards_ready > 0),
        alt=say(N_("%(stamps)s of %(required)s stamps"), stamps=face.stamps, required=face.stamps_required),
        voided=face.voided,
    )


def front_of_program(program: Program, merchant: Merchant) -> Front:
    """A card as it is on the day of joining."""
    art = Art(program)
    stamps, required = int(program.terms.first_stamp), program.terms.stamps_required
    return Front(
        art=art,
        organization=merchant.name,
        program=program.name,
        header=((say(N_("Stamps")), f"{stamps} / {required}"),),
        secondary=((say(N_("Reward")), program.terms.reward),),
        picture=art.stamps(stamps % required),
        alt=say(N_("%(stamps)s of %(required)s stamps"), stamps=stamps, required=required),
    )


def _labelled(fields: Iterable[Field]) -> Labelled:
    return tuple((spoken(field.label), spoken(field.value)) for field in fields)
