"""Cards as plain values, and finding them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from walletpass.loyalty import ids, tables
from walletpass.loyalty.errors import UnknownCard
from walletpass.loyalty.rules import Progress, Reward


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
    entries: how many ledger entries it has. rewards: all it has ever earned, oldest first.
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


_COLUMNS: list[Any] = [*tables.card.c, *(c.label(f"customer_{c.name}") for c in tables.customer.c if c.name != "id")]
_JOINED = tables.card.join(tables.customer, tables.card.c.customer_id == tables.customer.c.id)


def card_by_id(connection: Connection, merchant_id: str, card_id: str) -> Card:
    """A card of the merchant. Raises UnknownCard."""
    return _one(connection, and_(tables.card.c.merchant_id == merchant_id, tables.card.c.id == card_id))


def card_by_code(connection: Connection, merchant_id: str, text: str) -> Card:
    """A card of the merchant, by what was scanned or typed. Raises UnknownCard."""
    try:
        code = ids.read_code(text)
    except ids.MistypedCode:
        raise UnknownCard from None
    return _one(connection, and_(tables.card.c.merchant_id == merchant_id, tables.card.c.code == code))


def card_by_serial_number(connection: Connection, serial_number: str) -> Card:
    """Any merchant's card: for callers that have proved they hold the card's token. Raises UnknownCard."""
    return _one(connection, tables.card.c.serial_number == serial_number)


def lock_card(connection: Connection, merchant_id: str, card_id: str) -> Card:
    """The card, ours until the transaction ends, so that two stamps at once both count. Raises UnknownCard.

    SQLite ignores FOR UPDATE; there the transaction itself holds the one write lock (see `database`).
    """
    found = and_(tables.card.c.merchant_id == merchant_id, tables.card.c.id == card_id)
    return _one(connection, found, for_update=True)


def recent_cards(connection: Connection, merchant_id: str, limit: int = 20) -> list[Card]:
    """The merchant's cards that changed last, latest first."""
    query = (
        select(*_COLUMNS)
        .select_from(_JOINED)
        .where(tables.card.c.merchant_id == merchant_id)
        .order_by(tables.card.c.last_modified.desc(), tables.card.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    rewards = _rewards(connection, [row.id for row in rows])
    return [_card(row, rewards.get(row.id, [])) for row in rows]


def _one(connection: Connection, condition: ColumnElement[bool], *, for_update: bool = False) -> Card:
    query = select(*_COLUMNS).select_from(_JOINED).where(condition)
    if for_update:
        query = query.with_for_update(of=tables.card)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownCard
    return _card(row, _rewards(connection, [row.id]).get(row.id, []))


def _rewards(connection: Connection, card_ids: Sequence[str]) -> dict[str, list[Reward]]:
    query = select(tables.reward).where(tables.reward.c.card_id.in_(card_ids)).order_by(tables.reward.c.id)
    found: dict[str, list[Reward]] = {}
    for row in connection.execute(query):
        found.setdefault(row.card_id, []).append(_reward(row))
    return found


def _reward(row: Row[Any]) -> Reward:
    return Reward(
        id=row.id,
        name=row.name,
        milestone=row.milestone,
        round=row.round,
        stamps_spent=row.stamps_spent,
        state=row.state,
        earned_at=row.earned_at,
        expires_at=row.expires_at,
    )


def _card(row: Row[Any], rewards: Sequence[Reward]) -> Card:
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
        rewards=tuple(rewards),
        news=row.news,
        revision=row.revision,
        last_modified=row.last_modified,
        created_at=row.created_at,
        last_stamped_at=row.last_stamped_at,
        closed_at=row.closed_at,
    )
