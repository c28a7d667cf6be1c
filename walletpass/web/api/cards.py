"""Cards in the API: joining a program, and finding a card."""

from datetime import datetime
from typing import Annotated, Any, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from walletpass.loyalty import cards, operations, programs, rules
from walletpass.loyalty.errors import Unfit
from walletpass.loyalty.merchants import merchant_by_id
from walletpass.loyalty.texts import LONGEST_EMAIL, LONGEST_LINE, LONGEST_NAME
from walletpass.web.api.call import Call, Written, written_moment
from walletpass.web.api.fields import STRICT, Day, Language, Moment, Slug, WrittenDay
from walletpass.web.api.links import NO_LINKS, CardLinks


@with_config(STRICT)
class NewCustomer(TypedDict, total=False):
    """What a customer may say about themselves. The language is the merchant's unless given."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)] | None
    birthday: Day | None
    email: Annotated[str, Field(max_length=LONGEST_EMAIL)] | None
    language: Language | None


@with_config(STRICT)
class NewCard(TypedDict):
    """A customer joins a program."""

    program: Slug
    customer: NotRequired[NewCustomer | None]


class CardQuery(TypedDict):
    """How to find a card: by what its barcode says, scanned or typed."""

    barcode: Annotated[str, Field(max_length=LONGEST_LINE)]


class Customer(TypedDict):
    """The person behind a card, as far as known."""

    name: str | None
    birthday: WrittenDay | None
    email: str | None
    language: str


class Reward(TypedDict):
    """A reward that can be redeemed now. `expires_at`: null means never."""

    id: str
    name: str
    expires_at: Moment | None


class Card(TypedDict):
    """One customer's membership in one program. `rewards`: those that can be redeemed now, first to expire first."""

    id: str
    serial_number: str
    program: str
    stamps: int
    stamps_required: int
    rewards: list[Reward]
    revision: int
    barcode: str
    closed: bool
    customer: Customer
    links: CardLinks


def card_body(card: cards.Card, program: programs.Program, now: datetime, links: CardLinks) -> Card:
    """A card as the API shows it."""
    return {
        "id": card.id,
        "serial_number": card.serial_number,
        "program": program.slug,
        "stamps": card.stamps,
        "stamps_required": program.terms.stamps_required,
        "rewards": [_reward_body(reward) for reward in card.ready(now)],
        "revision": card.revision,
        "barcode": card.code,
        "closed": card.closed_at is not None,
        "customer": _customer_body(card.customer),
        "links": links,
    }


def create_card(call: Call, body: NewCard) -> Written:
    """A customer joins. Raises UnknownProgram and Unfit."""
    program = programs.program_by_slug(call.connection, body["program"], call.merchant_id)
    details: dict[str, Any] = {**(body.get("customer") or {})}
    details["language"] = details.get("language") or merchant_by_id(call.connection, call.merchant_id).language
    key_id = call.deps.keyring.current_id
    try:
        card = operations.join(call.connection, program, key_id=key_id, now=call.now, by=call.by(), **details).card
    except Unfit as error:
        error.field = f"customer.{error.field}"
        raise
    return Written(card_body(card, program, call.now, NO_LINKS), card.key_id)


def show_card(call: Call, card_id: str) -> Card:
    """Raises UnknownCard."""
    return _shown(call, cards.card_by_id(call.connection, call.merchant_id, card_id))


def find_card(call: Call, query: CardQuery) -> Card:
    """Raises UnknownCard."""
    return _shown(call, cards.card_by_code(call.connection, call.merchant_id, query["barcode"]))


def _shown(call: Call, card: cards.Card) -> Card:
    program = programs.program_by_id(call.connection, card.program_id)
    return card_body(card, program, call.now, call.links.of(card))


def _reward_body(reward: rules.Reward) -> Reward:
    expires_at = written_moment(reward.expires_at) if reward.expires_at else None
    return {"id": reward.id, "name": reward.name, "expires_at": expires_at}


def _customer_body(customer: cards.Customer) -> Customer:
    return {
        "name": customer.name,
        "birthday": customer.birthday.isoformat() if customer.birthday else None,
        "email": customer.email,
        "language": customer.language,
    }
