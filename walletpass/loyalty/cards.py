"""Cards as plain values, and finding them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from walletpass.loyalty import ids, tables
from walletpass.loyalty.errors import UnknownCard
from walletpass.loyalty.rewards import rewards_of
from walletpass.loyalty.rules import Progress, Reward
from walletpass.loyalty.texts import is_name


@dataclass(frozen=True)
class Customer:
    """The person behind a card; everything but the language may be unknown."""

    id: str
    language: str
    name: str | None = None
    birthday: date | None = None
    email: str | None = None


@dataclass(frozen=True)
class Card:
    """One customer's membership in one program.

    code: what the barcode says. key_id: the secret key that the card's tokens derive from.
    entries: how many ledger entries it has.
    rewards: those that are ready, and of every extra reward the latest that it has had; oldest first. Older ones are
    in the ledger: a regular earns hundreds, which no stamp and no pass should wait for.
    news: what the card says last, see `operations`.
    last_modified: seconds since 1970; grows by at least one with every revision, because HTTP dates have whole seconds
    and a phone that got two revisions in one would keep the older for ever.
    """

    id: str
    merchant_id: str
    program_id: str
    customer: Customer
    serial_number: str
    code: str
    key_id: str
    stamps: int
    round: int
    entries: int
    rewards: tuple[Reward, ...]
    news: str
    revision: int
    last_modified: int
    created_at: datetime
    last_stamped_at: datetime | None
    closed_at: datetime | None

    @property
    def progress(self) -> Progress:
        """Where the card stands on its way to the next reward."""
        return Progress(self.stamps, self.round)

    def ready(self, now: datetime) -> list[Reward]:
        """The rewards that can be redeemed now, first to expire first."""
        able = [reward for reward in self.rewards if reward.is_ready(now)]
        return sorted(able, key=lambda r: (r.expires_at is None, r.expires_at or r.earned_at, r.earned_at))


# The statements of every stamp and every pass are built once: that takes longer than running them.
_FIND = select(tables.card, *(c.label(f"customer_{c.name}") for c in tables.customer.c if c.name != "id")).join_from(
    tables.card, tables.customer, tables.card.c.customer_id == tables.customer.c.id
)
_OF_MERCHANT = _FIND.where(tables.card.c.merchant_id == bindparam("merchant_id"))
_BY_ID = _OF_MERCHANT.where(tables.card.c.id == bindparam("name"))
_BY_CODE = _OF_MERCHANT.where(tables.card.c.code == bindparam("name"))
_BY_SERIAL_NUMBER = _FIND.where(tables.card.c.serial_number == bindparam("name"))
_LOCKED = _BY_ID.with_for_update(of=tables.card, key_share=True)


def card_by_id(connection: Connection, merchant_id: str, card_id: str) -> Card:
    """A card of the merchant. Raises UnknownCard."""
    return _one(connection, _BY_ID, name=card_id, merchant_id=merchant_id)


def card_by_code(connection: Connection, merchant_id: str, text: str) -> Card:
    """A card of the merchant, by what was scanned or typed. Raises UnknownCard."""
    try:
        code = ids.read_code(text)
    except ids.MistypedCode:
        raise UnknownCard from None
    return _one(connection, _BY_CODE, name=code, merchant_id=merchant_id)


def card_by_serial_number(connection: Connection, serial_number: str) -> Card:
    """Any merchant's card: for callers that have proved they hold the card's token. Raises UnknownCard."""
    return _one(connection, _BY_SERIAL_NUMBER, name=serial_number)


def lock_card(connection: Connection, merchant_id: str, card_id: str) -> Card:
    """The card, ours until the transaction ends, so that two stamps at once both count. Raises UnknownCard.

    SQLite ignores FOR UPDATE; there the transaction itself holds the one write lock (see `database`).
    PostgreSQL's FOR NO KEY UPDATE is enough, and lets others refer to the card meanwhile.
    """
    return _one(connection, _LOCKED, name=card_id, merchant_id=merchant_id)


def recent_cards(connection: Connection, merchant_id: str, limit: int = 20) -> list[Card]:
    """The merchant's cards that changed last, latest first."""
    latest = tables.card.c.last_modified.desc(), tables.card.c.id.desc()
    query = _OF_MERCHANT.order_by(*latest).limit(limit)
    rows = connection.execute(query, {"merchant_id": merchant_id}).all()
    rewards = rewards_of(connection, [row.id for row in rows])
    return [_card(row, rewards[row.id]) for row in rows]


def _one(connection: Connection, query: Select[Any], *, name: str, **values: str) -> Card:
    if not is_name(name):
        raise UnknownCard
    row = connection.execute(query, {"name": name, **values}).one_or_none()
    if row is None:
        raise UnknownCard
    return _card(row, rewards_of(connection, [row.id])[row.id])


def _card(row: Row[Any], rewards: tuple[Reward, ...]) -> Card:
    return Card(
        id=row.id,
        merchant_id=row.merchant_id,
        program_id=row.program_id,
        customer=Customer(
            id=row.customer_id,
            language=row.customer_language,
            name=row.customer_name,
            birthday=row.customer_birthday,
            email=row.customer_email,
        ),
        serial_number=row.serial_number,
        code=row.code,
        key_id=row.key_id,
        stamps=row.stamps,
        round=row.round,
        entries=row.entries,
        rewards=rewards,
        news=row.news,
        revision=row.revision,
        last_modified=row.last_modified,
        created_at=row.created_at,
        last_stamped_at=row.last_stamped_at,
        closed_at=row.closed_at,
    )
