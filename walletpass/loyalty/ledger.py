"""The ledger: every change of every card, never changed itself. Balances can be recomputed from it at any time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, insert, select

from walletpass.i18n import N_
from walletpass.loyalty import tables
from walletpass.loyalty.errors import UnknownEntry
from walletpass.loyalty.rules import PastStamp, RewardState
from walletpass.loyalty.texts import is_name

Kind = Literal["joined", "stamped", "bonus", "earned", "redeemed", "expired", "reversed", "revoked", "closed"]

KIND_WORDS: Mapping[Kind, str] = {
    "joined": N_("joined"),
    "stamped": N_("stamped"),
    "bonus": N_("bonus"),
    "earned": N_("reward earned"),
    "redeemed": N_("redeemed"),
    "expired": N_("expired"),
    "reversed": N_("undone"),
    "revoked": N_("reward taken back"),
    "closed": N_("closed"),
}

Actor = str
"""Who did it: "customer", "system", "member:<id>" or "key:<id>"."""


@dataclass(frozen=True)
class By:
    """Who does something to a card, where, and what they say about it."""

    actor: Actor
    location_id: str | None = None
    note: str | None = None


SYSTEM = By("system")
CUSTOMER = By("customer")


@dataclass(frozen=True)
class Entry:
    """Something that happened to a card.

    number: 1, 2, 3... on each card, without gaps. stamps: what it adds to the stamps shown, may be negative.
    cause_id: the entry that brought this one about. reverses_id: the entry that this one undoes.
    override: the reason a manager gave for going past the shield.
    """

    id: str
    card_id: str
    number: int
    kind: Kind
    stamps: int
    at: datetime
    by: By
    reward_id: str | None = None
    cause_id: str | None = None
    reverses_id: str | None = None
    override: str | None = None


@dataclass
class Balance:
    """What the entries of one card add up to."""

    stamps: int = 0
    round: int = 0
    closed: bool = False
    rewards: dict[str, RewardState] = field(default_factory=dict)


def recompute(entries: Iterable[Entry]) -> Balance:
    """The balance that a card's entries, in the order of their numbers, add up to."""
    balance = Balance()
    seen: dict[str, Entry] = {}
    for entry in entries:
        seen[entry.id] = entry
        balance.stamps += entry.stamps
        match entry.kind:
            case "earned":
                balance.rewards[str(entry.reward_id)] = "ready"
                balance.round += entry.stamps < 0
            case "revoked":
                balance.rewards[str(entry.reward_id)] = "revoked"
                balance.round -= entry.stamps > 0
            case "redeemed" | "expired":
                balance.rewards[str(entry.reward_id)] = entry.kind
            case "closed":
                balance.closed = True
            case "reversed":
                _undo(balance, seen[str(entry.reverses_id)])
            case "joined" | "stamped" | "bonus":
                pass  # their stamps are all there is to them
    return balance


def _undo(balance: Balance, entry: Entry) -> None:
    if entry.kind == "redeemed":
        balance.rewards[str(entry.reward_id)] = "ready"
    elif entry.kind == "closed":
        balance.closed = False


def append(connection: Connection, merchant_id: str, entries: Sequence[Entry]) -> None:
    """Write the entries down."""
    rows = [
        {
            "id": entry.id,
            "merchant_id": merchant_id,
            "card_id": entry.card_id,
            "number": entry.number,
            "kind": entry.kind,
            "stamps": entry.stamps,
            "reward_id": entry.reward_id,
            "cause_id": entry.cause_id,
            "reverses_id": entry.reverses_id,
            "location_id": entry.by.location_id,
            "actor": entry.by.actor,
            "note": entry.by.note,
            "override": entry.override,
            "at": entry.at,
        }
        for entry in entries
    ]
    connection.execute(insert(tables.entry), rows)


def entry_by_id(connection: Connection, merchant_id: str, entry_id: str) -> Entry:
    """An entry of the merchant's ledger. Raises UnknownEntry."""
    query = select(tables.entry).where(tables.entry.c.id == entry_id, tables.entry.c.merchant_id == merchant_id)
    row = connection.execute(query).one_or_none() if is_name(entry_id) else None
    if row is None:
        raise UnknownEntry
    return _entry(row)


def entries_of(connection: Connection, card_id: str) -> list[Entry]:
    """All that happened to a card, oldest first."""
    query = select(tables.entry).where(tables.entry.c.card_id == card_id).order_by(tables.entry.c.number)
    return [_entry(row) for row in connection.execute(query)]


def latest_entries(connection: Connection, merchant_id: str, limit: int = 20) -> list[Entry]:
    """What happened to the merchant's cards last, latest first."""
    query = (
        select(tables.entry)
        .where(tables.entry.c.merchant_id == merchant_id)
        .order_by(tables.entry.c.at.desc(), tables.entry.c.id.desc())
        .limit(limit)
    )
    return [_entry(row) for row in connection.execute(query)]


def is_reversed(connection: Connection, entry_id: str) -> bool:
    """Whether another entry undoes this one."""
    query = select(tables.entry.c.id).where(tables.entry.c.reverses_id == entry_id)
    return connection.execute(query).first() is not None


def redeemed_at(connection: Connection, reward_id: str) -> datetime:
    """When a redeemed reward was used last."""
    entries = tables.entry
    query = select(entries.c.at).where(entries.c.reward_id == reward_id, entries.c.kind == "redeemed")
    moment: datetime = connection.execute(query.order_by(entries.c.number.desc()).limit(1)).scalar_one()
    return moment


_UNDOING = tables.entry.alias("undoing")
_STANDING_STAMPS = select(tables.entry.c.at, tables.entry.c.stamps).where(
    tables.entry.c.card_id == bindparam("card_id"),
    tables.entry.c.kind == "stamped",
    ~select(_UNDOING.c.id).where(_UNDOING.c.reverses_id == tables.entry.c.id).exists(),
)
_STAMPS_SINCE = _STANDING_STAMPS.where(tables.entry.c.at >= bindparam("since"))
_LATEST_STAMP = (
    _STANDING_STAMPS.where(tables.entry.c.id != bindparam("without")).order_by(tables.entry.c.number.desc()).limit(1)
)


def stamps_since(connection: Connection, card_id: str, since: datetime) -> list[PastStamp]:
    """The stamps that a card got from that moment on and that nobody undid; not the bonus for joining."""
    found = connection.execute(_STAMPS_SINCE, {"card_id": card_id, "since": since})
    return [PastStamp(row.at, row.stamps) for row in found]


def last_stamped_at(connection: Connection, card_id: str, without: Entry) -> datetime | None:
    """When the card got its latest stamp that nobody undid, not counting the entry that is just being undone."""
    row = connection.execute(_LATEST_STAMP, {"card_id": card_id, "without": without.id}).one_or_none()
    return row and row.at


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        card_id=row.card_id,
        number=row.number,
        kind=row.kind,
        stamps=row.stamps,
        at=row.at,
        by=By(row.actor, row.location_id, row.note),
        reward_id=row.reward_id,
        cause_id=row.cause_id,
        reverses_id=row.reverses_id,
        override=row.override,
    )
